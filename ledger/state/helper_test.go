package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/protocol/wire"
)

// nopT lets fixtures be built outside of a test; a failure is our own bug.
type nopT struct{ testing.TB }

func (nopT) Helper()           {}
func (nopT) Fatal(args ...any) { panic(args) }

func encode(v any) []byte {
	b, err := wire.Encode(v)
	if err != nil {
		panic(err)
	}
	return b
}
