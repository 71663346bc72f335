package nodetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
)

// fiveADay lets everybody ask everybody about five values of a type a day, and three phones in all.
func fiveADay() *hub.Policy {
	return &hub.Policy{
		Version: 1, Purposes: []string{"child-protection-investigation"},
		Rules: []hub.Rule{{
			ID: "five", FromSectors: []string{"*"}, ToSectors: []string{"*"}, Types: []string{"email", "phone"},
			Purposes: []string{"*"}, Reveal: "label", EvaluationsPerDay: 5, RetentionDays: 30,
		}},
		Ceilings: []hub.Ceiling{{Type: "phone", EvaluationsPerDay: 3}},
	}
}

// askBank asks the bank about so many values of a type, none asked before, and returns how it answered.
func askBank(t *testing.T, c *Consortium, org, typ string, n int) string {
	t.Helper()
	asked++
	var values []hub.Value
	for i := range n {
		raw := fmt.Sprintf("value-%d-%d@example.com", asked, i)
		if typ == "phone" {
			raw = fmt.Sprintf("+1202555%02d%02d", 1+asked%99, i)
		}
		values = append(values, hub.Value{Type: typ, Raw: raw})
	}
	report, err := c.Hub(org).Query(context.Background(), hub.QueryRequest{
		Values: values, Holders: []string{"bank"}, Purpose: "child-protection-investigation",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return statusAt(report, "bank")
}

// asked makes the values of one question differ from those of the others.
var asked int

func budget(t *testing.T, c *Consortium, org string) hub.Budget {
	t.Helper()
	b, err := c.Hub(org).Budget(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// left is what the bank last said is left to a member, or -1.
func leftAtBank(t *testing.T, c *Consortium, org, typ string) int {
	t.Helper()
	for _, l := range budget(t, c, org).Elsewhere {
		if l.Holder == "bank" && l.Type == typ && l.Left != nil {
			return int(*l.Left)
		}
	}
	return -1
}

// TestBudgetsLast: a meter outlives a restart of the holder and its epoch, affiliates share one, and a ceiling
// binds all; both sides can see how they stand.
func TestBudgetsLast(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{Policy: fiveADay()})
	want := func(what, got, status string) {
		t.Helper()
		if got != status {
			t.Errorf("%s: %s, want %s", what, got, status)
		}
	}
	want("three of five", askBank(t, c, "platform", "email", 3), "ok")
	if left := leftAtBank(t, c, "platform", "email"); left != 2 {
		t.Errorf("%d left", left)
	}
	c.Stop("bank")
	c.Start("bank")
	c.Ready()
	want("three more, after a restart", askBank(t, c, "platform", "email", 3), "budget-spent")
	if left := leftAtBank(t, c, "platform", "email"); left != 2 {
		t.Errorf("%d left after a refusal", left)
	}
	want("the last two", askBank(t, c, "platform", "email", 2), "ok")

	endEpoch(t, c, "bank")
	opens(c, "bank", 2, trio...)
	c.allFinal()
	want("one, in the overlap", askBank(t, c, "platform", "email", 1), "budget-spent")
	want("another member's", askBank(t, c, "police", "email", 1), "ok")

	declare(t, c, "platform", "police")
	want("one side's word", askBank(t, c, "police", "email", 1), "ok")
	declare(t, c, "police", "platform")
	c.Until("bank sees the declarations", func() bool { return len(group(c, "bank", "police")) == 2 })
	want("affiliated with one that has spent it", askBank(t, c, "police", "email", 1), "budget-spent")
	here := budget(t, c, "bank").Here
	if len(here) != 2 || here[0].Member != "platform" || here[0].Used != 5 || here[0].Left != 0 || here[0].Limit != 5 ||
		!slices.Equal(here[0].With, []string{"police"}) || here[1].Used != 2 {
		t.Errorf("%+v", here)
	}
	declare(t, c, "police")
	c.Until("bank sees the withdrawal", func() bool { return len(group(c, "bank", "police")) == 1 })
	c.allFinal()
	want("on its own again", askBank(t, c, "police", "email", 1), "ok")

	want("two phones", askBank(t, c, "police", "phone", 2), "ok")
	want("two more, by another", askBank(t, c, "platform", "phone", 2), "budget-spent")
	want("the last under the ceiling", askBank(t, c, "platform", "phone", 1), "ok")
	if left := leftAtBank(t, c, "platform", "phone"); left != 4 {
		t.Errorf("%d phones left of the member's own", left)
	}
	ceilings := budget(t, c, "bank").Ceilings
	if len(ceilings) != 1 || ceilings[0] != (hub.BudgetCeiling{Type: "phone", Used: 3, Limit: 3, Left: 0}) {
		t.Errorf("%+v", ceilings)
	}
}

func declare(t *testing.T, c *Consortium, org string, names ...string) {
	t.Helper()
	if done, err := c.Hub(org).DeclareAffiliates(context.Background(), hub.AffiliatesRequest{Members: names}); err != nil || done.Index == nil {
		t.Fatalf("%+v, %v", done, err)
	}
}

// group is who counts as one with a member, as a node has it.
func group(c *Consortium, at, of string) (names []string) {
	c.Node(at).Ledger().ViewBoth(func(final, _ *state.State, _ replica.FinalPoint) { names = final.Affiliates(of) })
	return names
}
