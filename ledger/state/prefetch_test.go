package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// A history that was checked ahead on all cores ends where one that was checked in turn does, with the
// same verdict on each entry, whatever stands in it.
func TestPrefetchChangesNothing(t *testing.T) {
	l := ledgertest.Three(t)
	signer := bank.Signer(member.Operator, l.S)
	var raws [][]byte
	for i := range uint64(100) {
		raw, err := entry.NewNodeInfo(signer, i+1, []string{"/ip4/192.0.2.1/tcp/1"}, fmt.Sprintf("1.0.%d", i))
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
		switch i % 10 {
		case 3:
			raws = append(raws, raw) // again
		case 5:
			forged := bytes.Clone(raw)
			forged[len(forged)-1] ^= 1
			raws = append(raws, forged)
		case 7:
			raws = append(raws, []byte("no envelope"))
		}
	}
	ahead, inTurn := ledgertest.Three(t).S, ledgertest.Three(t).S
	for i, p := range ahead.Prefetch(raws) {
		got, errAhead := ahead.ApplyPrefetched(p)
		want, errInTurn := inTurn.Apply(raws[i])
		if got.Index != want.Index || !errors.Is(entry.RejectionOf(errAhead), entry.RejectionOf(errInTurn)) {
			t.Fatalf("entry %d: %d and %v ahead, %d and %v in turn", i, got.Index, errAhead, want.Index, errInTurn)
		}
	}
	if ahead.Hash() != inTurn.Hash() || ahead.Size() != 101 {
		t.Errorf("%d entries, another state", ahead.Size())
	}
}
