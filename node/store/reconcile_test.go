package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func reconcileStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newReconcile(id string, state ReconcileState) Reconcile {
	return Reconcile{
		ID: id, Peer: "Bank B", Offer: []byte{1}, Signature: make([]byte, 64), State: state, Expires: time.Now().Add(time.Hour),
	}
}

// TestReconcileStates: a change is made from the states that it names and from no other, and what a process left
// running can be run again.
func TestReconcileStates(t *testing.T) {
	s, ctx := reconcileStore(t), t.Context()
	for _, r := range []Reconcile{newReconcile("aaaa1111", ReconcilePending), newReconcile("aaaa2222", ReconcileApproved)} {
		if err := s.AddReconcile(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddReconcile(ctx, newReconcile("aaaa1111", ReconcileApproved)); !errors.Is(err, ErrReconcile) {
		t.Errorf("the same id: %v", err)
	}
	if _, err := s.Reconcile(ctx, "aaaa"); !errors.Is(err, ErrAmbiguous) {
		t.Errorf("a prefix of two: %v", err)
	}
	if _, err := s.Reconcile(ctx, "bbbb"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a prefix of none: %v", err)
	}
	n := int64(7)
	change := func(id string, from, to ReconcileState) error {
		return s.ChangeReconcile(ctx, id, []ReconcileState{from}, ReconcileChange{State: to, Own: &n, Attempt: make([]byte, 16)})
	}
	if err := change("aaaa1111", ReconcileApproved, ReconcileRunning); !errors.Is(err, ErrReconcile) {
		t.Errorf("from another state: %v", err)
	}
	if err := change("aaaa2222", ReconcileApproved, ReconcileRunning); err != nil {
		t.Fatal(err)
	}
	if err := s.ReconcileStopped(ctx, true); err != nil {
		t.Fatal(err)
	}
	r, err := s.Reconcile(ctx, "aaaa2")
	if err != nil || r.State != ReconcileApproved || r.Detail == "" || *r.Own != 7 {
		t.Errorf("after a restart: %+v, %v", r, err)
	}
	s.SetClock(func() time.Time { return time.Now().Add(2 * time.Hour) })
	if err := s.ReconcileStopped(ctx, false); err != nil {
		t.Fatal(err)
	}
	page, next, err := s.Reconciles(ctx, "", 1)
	if err != nil || len(page) != 1 || next == "" || page[0].ID != "aaaa2222" || page[0].State != ReconcileExpired {
		t.Fatalf("%+v, %q, %v", page, next, err)
	}
	if page, next, err = s.Reconciles(ctx, next, 1); err != nil || next != "" || page[0].State != ReconcileExpired {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
}

// TestFinishPassIsWhole: a disk that fails leaves nothing of a pass, and what is said twice counts once as a match.
func TestFinishPassIsWhole(t *testing.T) {
	s, ctx := reconcileStore(t), t.Context()
	if err := s.AddReconcile(ctx, newReconcile("cccc", ReconcileRunning)); err != nil {
		t.Fatal(err)
	}
	by := Sighting{Source: FromReconcile, Origin: "cccc", At: time.Now(), Purpose: "p"}
	found := []Found{{Item: [32]byte{1}, Type: "email", Holder: "Bank B"}, {Item: [32]byte{2}, Type: "email", Holder: "Bank B"}}
	receipt := ReconcileReceipt{Pass: 1, Attempt: [16]byte{3}, Own: []byte{4}, Theirs: []byte{5}}
	broken := errors.New("the disk")
	s.activity.fault = func(string) error { return broken }
	if err := s.FinishPass(ctx, "cccc", by, found, receipt, true); !errors.Is(err, broken) {
		t.Fatalf("%v", err)
	}
	s.activity.fault = nil
	r, err := s.Reconcile(ctx, "cccc")
	if err != nil || r.State != ReconcileRunning || r.Matches != 0 || len(r.Receipts) != 0 {
		t.Errorf("half of it: %+v, %v", r, err)
	}
	if _, err := s.AddMatches(ctx, by, found); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishPass(ctx, "cccc", by, found, receipt, true); err != nil {
		t.Fatal(err)
	}
	if r, err = s.Reconcile(ctx, "cccc"); err != nil || r.State != ReconcileDone || r.Matches != 2 || r.Passes != 1 || len(r.Receipts) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	matches, _, err := s.Matches(ctx, MatchFilter{Origin: "cccc"}, "", 0)
	if err != nil || len(matches) != 2 {
		t.Errorf("%d matches, %v", len(matches), err)
	}
	if err := s.FinishPass(ctx, "cccc", by, nil, receipt, true); !errors.Is(err, ErrReconcile) {
		t.Errorf("after the end: %v", err)
	}
}
