package audit_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestRoster: a genesis knows the founders and that they vote; an export knows who came, and every set that voted,
// so that what an old one signed twice can be held against it.
func TestRoster(t *testing.T) {
	l, _, src := grownSource(t)
	r, err := audit.Verify(write(t, exportOf(t, src)), audit.Options{Final: true})
	must(t, err)
	founded, err := audit.RosterGenesis(l.Leaves[0])
	must(t, err)
	on := r.Roster()
	if on.LedgerID != l.S.LedgerID() || founded.LedgerID != on.LedgerID {
		t.Error("another ledger")
	}
	sets := on.Voters()
	if len(sets) != 2 || sets[0].N() != 5 || sets[1].N() != 4 || len(founded.Voters()) != 1 || !founded.Voters()[0].Equal(sets[1]) {
		t.Errorf("voters %v, founders %v", sets, founded.Voters())
	}
	old := l.Certificate(9, [32]byte{1}, platform, bank, police)
	if old.Verify(sets[1]) != nil || old.Verify(sets[0]) == nil {
		t.Error("the first voters' certificate is not theirs alone")
	}
	newcomer := ngo.Keys().Log.ID()
	if _, name, role, ok := on.Owner(newcomer); !ok || name != ngo.Name || role != member.Log {
		t.Errorf("%s key of %s, %v", role, name, ok)
	}
	if _, _, _, ok := founded.Owner(newcomer); ok {
		t.Error("the genesis knows who came later")
	}
	if _, err := audit.RosterGenesis(ledgertest.Bank.Card(t).Signatures[0]); err == nil {
		t.Error("something else is a genesis")
	}
}
