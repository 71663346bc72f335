package voprf

import (
	"fmt"
	"io"
	"log/slog"
)

const (
	redactedOutput = "Output(secret)"
	redactedKey    = "SecretKey(secret)"
)

// String shows nothing of the output.
func (Output) String() string { return redactedOutput }

// GoString is String.
func (Output) GoString() string { return redactedOutput }

// Format writes String, whatever the verb.
func (Output) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redactedOutput) }

// LogValue is String.
func (Output) LogValue() slog.Value { return slog.StringValue(redactedOutput) }

// String shows nothing of the key.
func (SecretKey) String() string { return redactedKey }

// GoString is String.
func (SecretKey) GoString() string { return redactedKey }

// Format writes String, whatever the verb.
func (SecretKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redactedKey) }

// LogValue is String.
func (SecretKey) LogValue() slog.Value { return slog.StringValue(redactedKey) }
