package state_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
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

func isProgram(err error) bool {
	return errors.Is(err, state.ErrProgram) && entry.RejectionOf(err) == nil
}

func sorted(list []entry.RecoverySignature) {
	slices.SortFunc(list, func(a, b entry.RecoverySignature) int { return bytes.Compare(a.Key[:], b.Key[:]) })
}
