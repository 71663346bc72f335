package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
)

// TestFinalityVoters: the voters of checkpoints are those of raft, with their log and cosigner keys.
func TestFinalityVoters(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	v := l.S.FinalityVoters()
	if v.N() != 3 || v.Quorum() != 2 {
		t.Fatalf("%d voters, quorum %d", v.N(), v.Quorum())
	}
	for _, o := range []ledgertest.Org{platform, bank, police} {
		if w, ok := v.Find(o.Keys().Log.ID()); !ok || w.Log != o.Keys().Log || w.Cosigner != o.Keys().Cosigner {
			t.Errorf("%s does not vote with its own keys", o.Name)
		}
	}
	if _, ok := v.Find(hotline.Keys().Log.ID()); ok {
		t.Error("a non-voter signs checkpoints")
	}
}
