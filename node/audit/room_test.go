package audit

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestDayTakesNoMoreThanItsLog: a querier of many small requests is refused before its log of the day is
// longer than what can be committed to, whatever it sends at once, also after a restart, and the day after
// takes its requests again.
func TestDayTakesNoMoreThanItsLog(t *testing.T) {
	bank, platform, _ := pair(t)
	from, to := member.PublicOf(bank.cfg.Ring.Private(member.Node)), member.PublicOf(platform.cfg.Ring.Private(member.Node))
	name, size := ledgertest.Bank.Name, bank.l.S.Size()
	platform.charge(bank.requestTo(to, 30, "before the restart, not dated yet").Message, from)
	platform.room.most = 8
	var in atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := platform.Admit(t.Context(), name, size); err == nil {
				in.Add(1)
			} else if !errors.Is(err, ErrDayFull) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if in.Load() != 7 {
		t.Fatalf("%d admitted beside the one that was charged before, want 7", in.Load())
	}
	if _, err := platform.Admit(t.Context(), ledgertest.Hotline.Name, size); err != nil {
		t.Errorf("another member pays for it: %v", err)
	}
	bank.advance(1)
	back, err := platform.Admit(t.Context(), name, bank.l.S.Size())
	if err != nil {
		t.Fatalf("the day after: %v", err)
	}
	for range 7 {
		if _, err := platform.Admit(t.Context(), name, bank.l.S.Size()); err != nil && !errors.Is(err, ErrDayFull) {
			t.Fatal(err)
		}
	}
	back()
	back() // counts once
	if _, err := platform.Admit(t.Context(), name, bank.l.S.Size()); err != nil {
		t.Errorf("room that was given back: %v", err)
	}
	if _, err := platform.Admit(t.Context(), name, bank.l.S.Size()); !errors.Is(err, ErrDayFull) {
		t.Errorf("full again: %v", err)
	}
}

// TestNothingIsAskedBeyondTheLog: this member's own log stays what it can commit to, whatever a holder
// answers or lists.
func TestNothingIsAskedBeyondTheLog(t *testing.T) {
	b := newBench(t)
	b.asked(30, "before")
	b.Keeper = New(b.cfg) // the program starts again
	b.room.most = 3
	for i := range 2 {
		b.Answered(b.asked(30, fmt.Sprint(i)))
	}
	if _, err := b.Asked(t.Context(), b.request(30, "one too many")); !errors.Is(err, ErrDayFull) || !errors.Is(err, ErrNotKept) {
		t.Fatalf("%v", err)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log, err := b.askedLog(t.Context(), day0, ledgertest.Platform.Name); err != nil || log.Requests() != 2 {
		t.Errorf("%v", err)
	}
}
