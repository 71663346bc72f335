package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
)

// FuzzApply: any bytes at all are either an entry that a member signed or are refused by name, and what
// is refused changes nothing.
func FuzzApply(f *testing.F) {
	l := ledgertest.Three(f)
	info, epoch := l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"), l.Epoch(bank, 0, "email")
	vote := l.Vote(bank, entry.Hash{}, true)
	for _, raw := range [][]byte{info, epoch, vote, l.Propose(bank, entry.Suspend{Member: police.Name}), l.Leaves[0]} {
		f.Add(raw)
	}
	board := goldenBoard(f)
	for _, raw := range board.Leaves[1:] {
		f.Add(raw)
	}
	hash := l.S.Hash()
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := l.S.Check(raw)
		if err == nil {
			return // one of the seeds: nothing else bears a signature
		}
		if entry.RejectionOf(err) == nil {
			t.Fatalf("refused without a name: %v", err)
		}
		if _, err := l.S.Apply(raw); err == nil || l.S.Hash() != hash {
			t.Fatal("Check and Apply disagree")
		}
	})
}
