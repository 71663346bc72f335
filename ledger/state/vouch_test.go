package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
)

// TestSealsProveFaults: which pairs of seals no honest voter signs, each against a first seal of height 5
// and size 3.
func TestSealsProveFaults(t *testing.T) {
	root, other := [32]byte{1}, [32]byte{2}
	for _, c := range []struct {
		name  string
		next  entry.Seal
		fault bool
		want  *entry.Rejection // nil: accepted
	}{
		{"further", entry.Seal{Height: 6, Size: 4, Root: other}, false, nil},
		{"the same again, as an idle ledger has it", entry.Seal{Height: 6, Size: 3, Root: root}, false, nil},
		{"the very same", entry.Seal{Height: 5, Size: 3, Root: root}, false, entry.ErrNoChange},
		{"an earlier one", entry.Seal{Height: 4, Size: 2, Root: other}, false, entry.ErrNoChange},
		{"another root", entry.Seal{Height: 5, Size: 3, Root: other}, true, nil},
		{"another size", entry.Seal{Height: 5, Size: 2, Root: root}, true, nil},
		{"another root at a later height", entry.Seal{Height: 6, Size: 3, Root: other}, true, nil},
		{"less at a later height", entry.Seal{Height: 6, Size: 2, Root: root}, true, nil},
		{"more at an earlier height", entry.Seal{Height: 4, Size: 4, Root: root}, true, nil},
		{"more than there is", entry.Seal{Height: 6, Size: 99, Root: root}, false, entry.ErrAhead},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledgertest.Three(t)
			for range 5 {
				l.Put(l.Withdraw(bank, l.Put(l.Propose(bank, entry.Suspend{Member: police.Name})).Hash))
			}
			l.Put(l.Seal(police, entry.Seal{Height: 5, Size: 3, Root: root}))
			raw := l.Seal(police, c.next)
			if c.want != nil {
				refuses(t, l, raw, c.want)
				return
			}
			out := l.Put(raw)
			at, fault := l.S.Fault(police.Name)
			if fault != c.fault || fault && at != out.Index {
				t.Errorf("fault %v at %d", fault, at)
			}
			want, seal := state.CheckpointSealed, c.next
			if fault {
				want, seal = state.VoterAtFault, entry.Seal{Height: 5, Size: 3, Root: root}
			}
			has(t, out.Events, want)
			if got, _ := l.S.Seal(police.Name); got != seal {
				t.Errorf("newest seal %+v", got)
			}
		})
	}
}

// TestSealOfAnotherHistory: a voter that seals the present size with another root than the ledger's.
func TestSealOfAnotherHistory(t *testing.T) {
	l := ledgertest.Three(t)
	has(t, l.Put(l.Seal(bank, entry.Seal{Height: 1, Size: 1, Root: l.S.Root()})).Events, state.CheckpointSealed)
	has(t, l.Put(l.Seal(police, entry.Seal{Height: 1, Size: l.S.Size(), Root: [32]byte{1}})).Events, state.VoterAtFault)
	refuses(t, l, l.Forge(bank.Private("operator"), entry.KindSeal, entry.Seal{Height: 2, Size: 1}, nil), entry.ErrWrongRole)
	refuses(t, l, l.Forge(bank.Private("log"), entry.KindSeal, entry.Seal{Size: 1}, nil), entry.ErrField)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	refuses(t, l, l.Seal(hotline, entry.Seal{Height: 1, Size: 1}), entry.ErrNotAVoter)
	refuses(t, l, l.Anchor(hotline, entry.StateAnchor{Size: 1}), entry.ErrNotAVoter)
}

// TestStateAnchor: a quorum that says the same anchors a state; fewer, or others, do not.
func TestStateAnchor(t *testing.T) {
	l, m := six(t) // q = 4
	good := entry.StateAnchor{Size: 1, Root: l.S.Root(), State: l.S.Hash()}
	bad := good
	bad.State[0] ^= 1
	l.Put(l.Anchor(m[5], bad))
	for i, o := range m[:4] {
		if _, ok := l.S.Anchor(); ok {
			t.Fatalf("anchored by %d", i)
		}
		out := l.Put(l.Anchor(o, good))
		if i == 3 {
			has(t, out.Events, state.StateAnchored)
		}
	}
	if a, ok := l.S.Anchor(); !ok || a != good {
		t.Errorf("anchor %+v", a)
	}
	refuses(t, l, l.Anchor(m[0], good), entry.ErrNoChange)
	refuses(t, l, l.Anchor(m[0], entry.StateAnchor{Size: l.S.Size() + 1}), entry.ErrAhead)
	has(t, l.Put(l.Anchor(m[5], good)).Events, state.VoterAtFault)
	if a, _ := l.S.Anchor(); a != good {
		t.Error("a fault moved the anchor")
	}
}
