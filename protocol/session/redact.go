package session

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"

	"github.com/crosslight/crosslight/protocol/member"
)

// What holds a private key prints as the peer ID of its public half, in every format and in logs.

func redacted(what string, key ed25519.PrivateKey) string {
	if len(key) != ed25519.PrivateKeySize {
		return what + "(no key)"
	}
	return what + "(" + member.PublicOf(key).PeerID() + ")"
}

// String names the configuration by its peer ID. It shows no secret.
func (c AskerConfig) String() string { return redacted("AskerConfig", c.Key) }

// GoString is String.
func (c AskerConfig) GoString() string { return c.String() }

// Format writes String, whatever the verb.
func (c AskerConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c AskerConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names the configuration by its peer ID. It shows no secret.
func (c AnswererConfig) String() string { return redacted("AnswererConfig", c.Key) }

// GoString is String.
func (c AnswererConfig) GoString() string { return c.String() }

// Format writes String, whatever the verb.
func (c AnswererConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c AnswererConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Format writes the configuration: fmt would print the key of an unexported field as it is.
func (a *Asker) Format(s fmt.State, verb rune) { a.cfg.Format(s, verb) }

// LogValue is the configuration's.
func (a *Asker) LogValue() slog.Value { return a.cfg.LogValue() }

// Format writes the configuration: fmt would print the key of an unexported field as it is.
func (a *Answerer) Format(s fmt.State, verb rune) { a.cfg.Format(s, verb) }

// LogValue is the configuration's.
func (a *Answerer) LogValue() slog.Value { return a.cfg.LogValue() }

// String names the configuration by its peer ID. It shows no secret.
func (c NotifierConfig) String() string { return redacted("NotifierConfig", c.Key) }

// GoString is String.
func (c NotifierConfig) GoString() string { return c.String() }

// Format writes String, whatever the verb.
func (c NotifierConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c NotifierConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names the configuration by its peer ID. It shows no secret.
func (c RecipientConfig) String() string { return redacted("RecipientConfig", c.Key) }

// GoString is String.
func (c RecipientConfig) GoString() string { return c.String() }

// Format writes String, whatever the verb.
func (c RecipientConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c RecipientConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Format writes the configuration: fmt would print the key of an unexported field as it is.
func (n *Notifier) Format(s fmt.State, verb rune) { n.cfg.Format(s, verb) }

// LogValue is the configuration's.
func (n *Notifier) LogValue() slog.Value { return n.cfg.LogValue() }

// Format writes the configuration: fmt would print the key of an unexported field as it is.
func (r *Recipient) Format(s fmt.State, verb rune) { r.cfg.Format(s, verb) }

// LogValue is the configuration's.
func (r *Recipient) LogValue() slog.Value { return r.cfg.LogValue() }
