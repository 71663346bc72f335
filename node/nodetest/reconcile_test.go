package nodetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/node/hub"
)

// twoSets gives the platform and the bank sets of e-mail addresses with as many in common.
func twoSets(t *testing.T, c *Consortium, platform, bank, common int) {
	t.Helper()
	var a, b strings.Builder
	for i := range platform {
		fmt.Fprintf(&a, "email,shared-%d@example.com,livestreamed-abuse,4,PLAT-%d,2026-01-02,\n", i, i)
	}
	for i := range bank {
		fmt.Fprintf(&b, "email,shared-%d@example.com,livestreamed-abuse,3,BANK-%d,2026-01-03,\n", i+platform-common, i)
	}
	importCSV(t, c, "platform", a.String())
	importCSV(t, c, "bank", b.String())
}

func requestReconcile(t *testing.T, c *Consortium, learn string) hub.Reconcile {
	t.Helper()
	r, err := c.Hub("platform").RequestReconcile(context.Background(), hub.ReconcileRequest{
		Member: "bank", Type: "email", Purpose: "child-protection-investigation", Case: "case-9", Learn: learn,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func approve(t *testing.T, c *Consortium, id string) {
	t.Helper()
	r, err := c.Hub("bank").DecideReconcile(context.Background(), hub.ReconcileDecision{ID: id, Approve: true})
	if err != nil || r.State != "approved" {
		t.Fatalf("%+v, %v", r, err)
	}
}

func runReconcile(t *testing.T, c *Consortium, id string) hub.Reconcile {
	t.Helper()
	if _, err := c.Hub("platform").RunReconcile(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	return reconcileAt(t, c, "platform", id, "done", "failed", "cancelled", "approved")
}

// reconcileAt waits until one is in one of the states.
func reconcileAt(t *testing.T, c *Consortium, org, id string, states ...string) (r hub.Reconcile) {
	t.Helper()
	c.Until("the reconciliation at "+org+" is "+strings.Join(states, " or "), func() bool {
		var err error
		if r, err = c.Hub(org).ReconcileByID(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			if r.State == s {
				return true
			}
		}
		return false
	})
	return r
}

// TestReconcile: two sets are compared once the other's operator has agreed, both learn what they share with its
// labels, and both keep what they signed.
func TestReconcile(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	twoSets(t, c, 2000, 3000, 500)
	r := requestReconcile(t, c, "both")
	if r.State != "pending" || r.Here != "initiator" || r.Passes != 2 {
		t.Fatalf("%+v", r)
	}
	if again, err := c.Hub("platform").RunReconcile(context.Background(), r.ID); err != nil || again.State != "pending" {
		t.Fatalf("run before it was approved: %+v, %v", again, err)
	}
	approve(t, c, r.ID)
	mine := runReconcile(t, c, r.ID)
	theirs := reconcileAt(t, c, "bank", r.ID, "done", "failed", "cancelled")
	for name, got := range map[string]hub.Reconcile{"platform": mine, "bank": theirs} {
		if got.State != "done" || got.MatchCount != 500 || len(got.Matches) != 500 || len(got.Receipts) != 2 || got.PassesDone != 2 {
			t.Fatalf("at %s: state %s, detail %v, %d matches, %d shown, %d receipts", name, got.State, got.Detail, got.MatchCount, len(got.Matches), len(got.Receipts))
		}
	}
	if *mine.Own != 2000 || *mine.Theirs != 3000 || *theirs.Own != 3000 {
		t.Errorf("sizes %d, %d, %d", *mine.Own, *mine.Theirs, *theirs.Own)
	}
	for _, m := range mine.Matches {
		own, other := strings.TrimPrefix(*m.Reference, "PLAT-"), strings.TrimPrefix(*m.HolderReference, "BANK-")
		if m.Holder != "bank" || *m.Severity != 3 || len(own) != 4 || len(other) > 3 {
			t.Fatalf("%+v", m)
		}
	}
	for _, m := range theirs.Matches {
		if m.Holder != "platform" || *m.Severity != 4 || !strings.HasPrefix(*m.HolderReference, "PLAT-") {
			t.Fatalf("%+v", m)
		}
	}
	charged := uint64(0)
	for _, u := range budget(t, c, "bank").Here {
		charged += u.Used
	}
	if charged != mine.Receipts[0].Charged || charged < 2000 {
		t.Errorf("charged %d, and the receipt says %d", charged, mine.Receipts[0].Charged)
	}
	if theirs.Case != nil || !theirs.HasCase || *mine.Case != "case-9" {
		t.Errorf("the case reference: %v, %v", mine.Case, theirs.Case)
	}
}
