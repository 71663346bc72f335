package notify

import (
	"errors"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/session"
)

func TestRates(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var r rates
	take := func(peer string) (n int) {
		for r.allow(peer, now) {
			n++
		}
		return n
	}
	if n := take("a"); n != rateBurst {
		t.Errorf("a burst of %d", n)
	}
	if n := take("b"); n != rateBurst {
		t.Errorf("another peer pays for the first: %d", n)
	}
	now = now.Add(10*rateEvery + rateEvery/2)
	if n := take("a"); n != 10 {
		t.Errorf("%d after ten and a half", n)
	}
	now = now.Add(rateEvery / 2)
	if n := take("a"); n != 1 {
		t.Errorf("the half is lost: %d", n)
	}
	now = now.Add(24 * time.Hour)
	if n := take("a"); n != rateBurst {
		t.Errorf("a day saves up %d", n)
	}
	now = now.Add(-time.Hour)
	if n := take("a"); n != rateBurst {
		t.Errorf("a clock that was set back: %d", n)
	}
}

// TestEveryFaultHasACode: what a sender is told, and whether it is for our own log.
func TestEveryFaultHasACode(t *testing.T) {
	for _, c := range []struct {
		err  error
		code session.Code
		ours bool
	}{
		{&ledger.Denial{Err: ledger.ErrNotAMember}, session.NotAMember, false},
		{&ledger.Denial{Err: ledger.ErrSuspended}, session.Suspended, false},
		{&ledger.Denial{Err: ledger.ErrNotPermitted, Rule: "r"}, session.NotPermitted, false},
		{&ledger.Denial{Err: ledger.ErrStale}, session.Overloaded, false},
		{store.ErrStatement, session.RequestReused, false},
		{store.ErrNotFound, session.NotFound, false},
		{store.ErrHeardFull, session.Overloaded, false},
		{errUnsettled, session.Overloaded, false},
		{store.ErrFull, session.Overloaded, true},
		{errors.New("a bug"), session.Overloaded, true},
	} {
		d, ours := declinedOf(c.err)
		if d.Code != c.code || ours != c.ours {
			t.Errorf("%v: %s %v", c.err, d.Code, ours)
		}
		if final(d.Code) != (d.Code == session.NotPermitted || d.Code == session.RequestReused || d.Code == session.NotFound) {
			t.Errorf("%s: what is for good and what is not", d.Code)
		}
	}
}
