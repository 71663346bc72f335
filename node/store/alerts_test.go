package store

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// hitsOf are hits of n items at a holder.
func hitsOf(holder string, n int) Hits {
	h := Hits{Watch: "w1", WatchName: "a watch", Holder: holder, At: testTime, Purpose: "p", Case: "c"}
	for i := range n {
		h.Found = append(h.Found, Found{Item: digest(i), Type: "email", Holder: holder, Label: []byte{byte(i)}, Place: &Place{Epoch: 1}})
	}
	return h
}

// TestRaisingIsWholeOrNothing lets the disk fail before and after it has kept the alerts, in both cases
// with an error: to raise the same again is right, and gives each hit one alert and each receiver one line.
func TestRaisingIsWholeOrNothing(t *testing.T) {
	for _, point := range []string{"commit", "committed"} {
		t.Run(point, func(t *testing.T) {
			s := openTest(t, t.TempDir())
			s.activity.fault = func(at string) error {
				if at == point {
					return errors.New("the disk fails")
				}
				return nil
			}
			if _, err := s.Raise(t.Context(), hitsOf("bank", 3), 25, []string{"r1", "r2"}); err == nil {
				t.Fatal("no error")
			}
			s.activity.fault = nil
			alerts, _, err := s.Alerts(t.Context(), AlertFilter{}, "", 10)
			if err != nil || len(alerts) != map[string]int{"commit": 0, "committed": 3}[point] {
				t.Fatalf("%d alerts after the fault, %v", len(alerts), err)
			}
			if _, err := s.Raise(t.Context(), hitsOf("bank", 3), 25, []string{"r1", "r2"}); err != nil {
				t.Fatal(err)
			}
			alerts, _, err = s.Alerts(t.Context(), AlertFilter{}, "", 10)
			waits, werr := s.CountOutbox(t.Context())
			matches, _, merr := s.Matches(t.Context(), MatchFilter{Source: FromWatch, Origin: "w1", Case: "c"}, "", 10)
			if err = errors.Join(err, werr, merr); err != nil || len(alerts) != 3 || waits["r1"] != 3 || waits["r2"] != 3 || len(matches) != 3 {
				t.Errorf("%d alerts, outbox %v, %d matches, %v", len(alerts), waits, len(matches), err)
			}
		})
	}
}

func TestAlertPagesAndAcks(t *testing.T) {
	s := openTest(t, t.TempDir())
	for i := range 3 {
		if _, err := s.Raise(t.Context(), hitsOf(fmt.Sprint("member ", i), 3), 25, nil); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := s.Alerts(t.Context(), AlertFilter{Holder: "member 1"}, "", 2)
	if err != nil || len(page) != 2 || page[0].Seq != 6 || next == "" {
		t.Fatalf("%+v, %q, %v", page, next, err)
	}
	page, next, err = s.Alerts(t.Context(), AlertFilter{Holder: "member 1"}, next, 2)
	if err != nil || len(page) != 1 || page[0].Seq != 4 || next != "" {
		t.Fatalf("%+v, %q, %v", page, next, err)
	}
	if acked, unknown, err := s.Ack(t.Context(), []int64{2, 99}, "w1", 5, true); err != nil || acked != 5 || unknown != 1 {
		t.Errorf("dry: %d, %d, %v", acked, unknown, err)
	}
	if acked, unknown, err := s.Ack(t.Context(), []int64{9, 9, 99}, "w1", 5, false); err != nil || acked != 6 || unknown != 1 {
		t.Errorf("%d, %d, %v", acked, unknown, err)
	}
	open, _, err := s.Alerts(t.Context(), AlertFilter{Open: true}, "", 10)
	if err != nil || len(open) != 3 || open[0].Seq != 8 || open[0].Acked != nil {
		t.Errorf("open %+v, %v", open, err)
	}
	counts, err := s.CountAlerts(t.Context())
	if err != nil || counts["w1"] != (AlertTally{9, 3}) {
		t.Errorf("%v, %v", counts, err)
	}
	if newest, err := s.NewestAlert(t.Context()); err != nil || newest != 9 {
		t.Errorf("newest %d, %v", newest, err)
	}
	a, err := s.Alert(t.Context(), 9)
	if err != nil || a.Acked == nil || !a.Acked.Equal(testTime) {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestQuestionsAreKeptForAWhile: what a query asked about goes after its time, with its key.
func TestQuestionsAreKeptForAWhile(t *testing.T) {
	s := openTest(t, t.TempDir())
	runs := func(yield func(Run, error) bool) {
		yield(Run{N: 0, Type: "email", Count: 2, Sealed: []byte("sealed")}, nil)
	}
	for i, id := range []string{"old", "new"} {
		if err := s.KeepQuestions(t.Context(), id, testTime.AddDate(0, 0, 40*i), []byte("key "+id), runs); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DropQuestions(t.Context(), testTime.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Questions(t.Context(), "old"); !errors.Is(err, ErrNotFound) {
		t.Errorf("old: %v", err)
	}
	key, got, err := s.Questions(t.Context(), "new")
	if err != nil || string(key) != "key new" || len(got) != 1 || got[0].Count != 2 {
		t.Errorf("new: %s, %+v, %v", key, got, err)
	}
	broken := func(yield func(Run, error) bool) { yield(Run{}, ErrRow) }
	if err := s.KeepQuestions(t.Context(), "broken", testTime, []byte("key"), broken); !errors.Is(err, ErrRow) {
		t.Errorf("broken: %v", err)
	}
	if _, _, err := s.Questions(t.Context(), "broken"); !errors.Is(err, ErrNotFound) {
		t.Errorf("half of a query was kept: %v", err)
	}
}
