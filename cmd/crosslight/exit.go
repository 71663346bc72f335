package main

import (
	"context"
	"errors"

	"github.com/crosslight/crosslight/node/hub"
)

// The exit codes, all of them.
const (
	exitOK          = 0 // done; a query without a match is done too
	exitError       = 1 // an error, a refused value, a failed verification
	exitUsage       = 2 // the command line is not one
	exitDenied      = 3 // policy, membership or the token forbids it
	exitUnavailable = 4 // no node, no ledger, no holder, or a partial answer
	exitNoMatch     = 5 // no match, under --exit-code
)

// codedError is an error that knows its exit code. A nil err ends the program silently: what there
// was to say has been printed.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

// usage is an error of the command line.
func usage(err error) error { return &codedError{exitUsage, err} }

// usageText is usage with a text.
func usageText(text string) error { return usage(errors.New(text)) }

// exitWith ends the program with code and nothing more to say.
func exitWith(code int) error { return &codedError{code: code} }

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var coded *codedError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, hub.ErrDenied):
		return exitDenied
	case errors.Is(err, hub.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return exitUnavailable
	}
	return exitError
}
