package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
)

// TestAuthorisedBulk: sets are compared where a rule says so and nowhere else, by what is final and what is newest.
func TestAuthorisedBulk(t *testing.T) {
	l := consortium(t)
	good := ledger.BulkAsk{
		LedgerID: l.S.LedgerID(), Initiator: peer(platform), Other: peer(bank), Type: "email", Purpose: "platform-safety",
		HasCase: true, Items: 1_000_000, Learn: policy.LearnBoth,
	}
	for _, c := range []struct {
		name   string
		change func(*ledger.BulkAsk)
		want   error
	}{
		{"good", func(*ledger.BulkAsk) {}, nil},
		{"a holder without an epoch", func(a *ledger.BulkAsk) { a.Initiator, a.Other = peer(bank), peer(platform) }, nil},
		{"one of both learns", func(a *ledger.BulkAsk) { a.Learn = policy.LearnOther }, nil},
		{"one too many", func(a *ledger.BulkAsk) { a.Items++ }, ledger.ErrSetSize},
		{"without a case", func(a *ledger.BulkAsk) { a.HasCase = false }, ledger.ErrNotPermitted},
		{"a purpose that is none", func(a *ledger.BulkAsk) { a.Purpose = "curiosity" }, ledger.ErrNotPermitted},
		{"another ledger", func(a *ledger.BulkAsk) { a.LedgerID[31] ^= 1 }, ledger.ErrWrongLedger},
		{"a stranger", func(a *ledger.BulkAsk) { a.Initiator = peer(ledgertest.NGO) }, ledger.ErrNotAMember},
		{"to a stranger", func(a *ledger.BulkAsk) { a.Other = peer(ledgertest.NGO) }, ledger.ErrNotAMember},
		{"a suspended member", func(a *ledger.BulkAsk) { a.Initiator = peer(police) }, ledger.ErrSuspended},
		{"to a suspended member", func(a *ledger.BulkAsk) { a.Other = peer(police) }, ledger.ErrSuspended},
		{"itself", func(a *ledger.BulkAsk) { a.Other = a.Initiator }, ledger.ErrNotPermitted},
	} {
		a := good
		c.change(&a)
		permit, err := ledger.AuthorisedBulk(l.S, l.S, a)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err == nil && (permit.Rule() != "founding" || permit.SetSize() != 1_000_000 || permit.Reveal() != policy.RevealLabel ||
			permit.Learn() != policy.LearnBoth || permit.EvaluationsPerDay() != 100_000 || permit.Size() != l.S.Size()) {
			t.Errorf("%s: %+v", c.name, permit)
		}
	}
	permit, err := ledger.AuthorisedBulk(l.S, l.S, good)
	if err != nil {
		t.Fatal(err)
	}
	for _, learner := range []string{permit.Initiator().Name, permit.Other().Name} {
		m, _ := l.S.Member(learner)
		b := ledger.BulkBudgetOf(l.S, l.S, permit, m)
		if !slices.Equal(b.Members, []string{learner}) || b.Limit != 100_000 {
			t.Errorf("%s is charged to %+v", learner, b)
		}
	}
}

// TestBulkRestrictsOnSight: a rule that is narrowed binds before the narrowing is final, and one that is widened does
// not.
func TestBulkRestrictsOnSight(t *testing.T) {
	l := ledgertest.Three(t)
	ask := ledger.BulkAsk{
		LedgerID: l.S.LedgerID(), Initiator: peer(platform), Other: peer(bank), Type: "email", Purpose: "platform-safety", HasCase: true, Items: 9,
	}
	old := behind(t, l)
	if _, err := ledger.AuthorisedBulk(old, l.S, ask); err != nil {
		t.Fatal(err)
	}
	p := l.S.Policy()
	p.Version++
	p.Rules[0].BulkSetSize, p.Rules[0].BulkLearn, p.Rules[0].CountAllowed = 0, policy.LearnNobody, false
	l.Pass(entry.SetPolicy{Policy: policy.Normalise(p)}, platform, bank)
	if _, err := ledger.AuthorisedBulk(old, l.S, ask); !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("narrowed: %v", err)
	}
	if _, err := ledger.AuthorisedBulk(l.S, old, ask); !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("widened: %v", err)
	}
}
