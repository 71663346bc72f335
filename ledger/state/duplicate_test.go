package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestDuplicateOfWhatEndedItself: a sender that was cut off learns that its entry stands, even where that
// very entry retired the key that signed it, or ended the incarnation that it was made for.
func TestDuplicateOfWhatEndedItself(t *testing.T) {
	for name, build := range map[string]func(l *ledgertest.Ledger) []byte{
		"rotation by the key that it ends": func(l *ledgertest.Ledger) []byte {
			old, root := bank.Private(member.Operator), bank.Private(member.Root)
			return l.Rotate(old, l.Rotation(bank, member.Operator, bank.Another(member.Operator, 1), old, root))
		},
		"root key that revokes itself": func(l *ledgertest.Ledger) []byte {
			return l.Revoke(bank.Private(member.Root), bank.Keys().Root.ID())
		},
		"recovery": func(l *ledgertest.Ledger) []byte {
			return l.Recover(bank, l.Recovery(1, []string{bank.Name, platform.Name}, bank, platform, police))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledgertest.Three(t)
			raw := build(l)
			out := l.Put(raw)
			again, err := l.S.Apply(raw)
			if entry.RejectionOf(err) != entry.ErrDuplicate || again.Index != out.Index {
				t.Errorf("%v, index %d, want %d", err, again.Index, out.Index)
			}
		})
	}
}
