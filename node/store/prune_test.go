package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// addTestWatch keeps a watch of that id.
func addTestWatch(t *testing.T, s *Store, id string) {
	t.Helper()
	w := Watch{ID: id, At: testTime, Key: []byte{1}, CaseSalt: []byte{}}
	if _, err := s.AddWatch(t.Context(), w, func(func(Run, error) bool) {}); err != nil {
		t.Fatal(err)
	}
}

func prunes(t *testing.T, s *Store, r Retention) Pruned {
	t.Helper()
	p, err := s.Prune(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Prune(t.Context(), r); err != nil || !again.None() {
		t.Fatalf("not all at once: %+v, %v", again, err)
	}
	return p
}

// TestMetersThatCountStay: of days that requests can be charged to nothing goes, and what was used of them is used
// still.
func TestMetersThatCountStay(t *testing.T) {
	s := openTest(t, t.TempDir())
	for i, day := range []string{"2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02"} {
		c := charge(byte(i+1), 60)
		c.Day = day
		if _, err := s.Charge(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if p := prunes(t, s, Retention{Day: "2026-06-01"}); p != (Pruned{Meters: 2}) {
		t.Errorf("%+v", p)
	}
	for day, n := range map[string]int{"2026-05-30": 0, "2026-05-31": 0, "2026-06-01": 1, "2026-06-02": 1} {
		if got, err := s.Meters(t.Context(), day); err != nil || len(got) != n {
			t.Errorf("%s: %+v, %v", day, got, err)
		}
	}
	more := charge(9, 60)
	more.Day = "2026-06-01"
	if left, err := s.Charge(t.Context(), more); !errors.Is(err, ErrBudget) || left != 40 {
		t.Errorf("%d left, %v", left, err)
	}
}

// TestAlertsArePrunedAndNotRaisedAgain: those that nobody has acknowledged, or that a webhook has not taken, stay;
// the others go, count on as what was there before a flood, under the cap of a value and in the tally, and are never
// raised again while their watch is there.
func TestAlertsArePrunedAndNotRaisedAgain(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.now = func() time.Time { return testTime }
	addTestWatch(t, s, "w1")
	hits := hitsOf("bank", 1200)
	raised, err := s.Raise(t.Context(), hits, 25, []string{"r1"})
	if err != nil || len(raised) != 1200 {
		t.Fatal(len(raised), err)
	}
	var acked []int64
	for _, a := range raised[:1100] {
		acked = append(acked, a.Seq)
	}
	if _, _, err := s.Ack(t.Context(), acked, "", 0, false); err != nil {
		t.Fatal(err)
	}
	later := Retention{Before: testTime.Add(time.Hour)}
	if p := prunes(t, s, Retention{Before: testTime.Add(-time.Hour)}); !p.None() {
		t.Errorf("too early: %+v", p)
	}
	if p := prunes(t, s, later); !p.None() {
		t.Errorf("a webhook has not taken them: %+v", p)
	}
	if err := s.Taken(t.Context(), "r1", raised); err != nil {
		t.Fatal(err)
	}
	if p := prunes(t, s, later); p != (Pruned{Alerts: 1100}) {
		t.Errorf("%+v", p)
	}
	open, _, err := s.Alerts(t.Context(), AlertFilter{}, "", 1000)
	if err != nil || len(open) != 100 || !slices.IsSortedFunc(open, func(a, b Alert) int { return int(b.Seq - a.Seq) }) || open[99].Seq != 1101 {
		t.Errorf("%d alerts are left, %v", len(open), err)
	}
	if fresh, err := s.Unseen(t.Context(), "w1", "bank", hits.Found); err != nil || len(fresh) != 0 {
		t.Errorf("%d would be raised again, %v", len(fresh), err)
	}
	if again, err := s.Raise(t.Context(), hits, 25, nil); err != nil || len(again) != 0 {
		t.Errorf("%d were raised again, %v", len(again), err)
	}
	if before, recent, err := s.AlertsSince(t.Context(), "w1", "bank", testTime.Add(time.Hour)); err != nil || before != 1200 || recent != 0 {
		t.Errorf("%d before, %d lately, %v", before, recent, err)
	}
	if counts, err := s.CountAlerts(t.Context()); err != nil || counts["w1"] != (AlertTally{Raised: 1200, Open: 100}) {
		t.Errorf("%+v, %v", counts, err)
	}
	if capped, err := s.Raise(t.Context(), hitsOf("police", 1), 1, nil); err != nil || len(capped) != 0 {
		t.Errorf("above the cap of its value: %+v, %v", capped, err)
	}

	if err := s.RemoveWatch(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Ack(t.Context(), nil, "w1", 1<<40, false); err != nil {
		t.Fatal(err)
	}
	if p := prunes(t, s, later); p != (Pruned{Alerts: 100}) {
		t.Errorf("of a watch that is gone: %+v", p)
	}
	for _, table := range []string{"alert", "past_alert", "left_out"} {
		if n := countRows(t, s, table); n != 0 {
			t.Errorf("%d lines of %s are left", n, table)
		}
	}
	if next, err := s.NewestAlert(t.Context()); err != nil || next != 1200 {
		t.Errorf("numbers of alerts begin again: %d, %v", next, err)
	}
}

// TestQuarantinesArePruned: one that waits stays; what one that was dropped holds stays as long as its watch does.
func TestQuarantinesArePruned(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.now = func() time.Time { return testTime }
	addTestWatch(t, s, "w1")
	dropped, _, err := s.Hold(t.Context(), hitsOf("bank", 600))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), dropped, QuarantineDropped); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Hold(t.Context(), hitsOf("police", 3)); err != nil {
		t.Fatal(err)
	}
	later := Retention{Before: testTime.Add(time.Hour)}
	if p := prunes(t, s, later); !p.None() {
		t.Errorf("%+v", p)
	}
	if fresh, err := s.Unseen(t.Context(), "w1", "bank", hitsOf("bank", 600).Found); err != nil || len(fresh) != 0 {
		t.Errorf("%d that were dropped would be raised, %v", len(fresh), err)
	}
	if err := s.RemoveWatch(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	prunes(t, s, later)
	if all, err := s.Quarantines(t.Context(), ""); err != nil || len(all) != 1 || all[0].Holder != "police" || countRows(t, s, "held") != 3 {
		t.Errorf("%+v, %d held, %v", all, countRows(t, s, "held"), err)
	}
}

// TestReconciliationsArePruned: those that are over go, with their receipts.
func TestReconciliationsArePruned(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.now = func() time.Time { return testTime }
	for id, state := range map[string]ReconcileState{
		"aaaa0001": ReconcilePending, "aaaa0002": ReconcileApproved, "aaaa0003": ReconcileRunning, "aaaa0004": ReconcileRequested,
		"bbbb0001": ReconcileDenied, "bbbb0002": ReconcileFailed, "bbbb0003": ReconcileCancelled, "bbbb0004": ReconcileExpired,
		"bbbb0005": ReconcileRunning,
	} {
		if err := s.AddReconcile(t.Context(), newReconcile(id, state)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.FinishPass(t.Context(), "bbbb0005", Sighting{Source: FromReconcile}, nil, ReconcileReceipt{Own: []byte{1}, Theirs: []byte{2}}, true); err != nil {
		t.Fatal(err)
	}
	if p := prunes(t, s, Retention{Before: testTime.Add(time.Hour)}); p != (Pruned{Reconciles: 5}) {
		t.Errorf("%+v", p)
	}
	left, _, err := s.Reconciles(t.Context(), "", 100)
	if err != nil || len(left) != 4 || countRows(t, s, "reconcile_receipt") != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// TestPruningBreaksOff: a disk that fails, before or after it has kept what was done, loses nothing that counts, and
// the next call finishes.
func TestPruningBreaksOff(t *testing.T) {
	for _, point := range []string{"commit", "committed"} {
		s := openTest(t, t.TempDir())
		s.now = func() time.Time { return testTime }
		addTestWatch(t, s, "w1")
		raised, err := s.Raise(t.Context(), hitsOf("bank", 1200), 25, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Ack(t.Context(), nil, "w1", raised[1199].Seq, false); err != nil {
			t.Fatal(err)
		}
		calls := 0
		s.activity.fault = func(at string) error {
			if at == point {
				if calls++; calls == 2 {
					return errors.New("the disk fails")
				}
			}
			return nil
		}
		r := Retention{Before: testTime.Add(time.Hour)}
		if _, err := s.Prune(t.Context(), r); err == nil {
			t.Fatal("no error")
		}
		s.activity.fault = nil
		prunes(t, s, r)
		if n, m := countRows(t, s, "alert"), countRows(t, s, "past_alert"); n != 0 || m != 1200 {
			t.Errorf("%s: %d alerts, %d of the past", point, n, m)
		}
	}
}

func countRows(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.activity.read.QueryRowContext(context.Background(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
