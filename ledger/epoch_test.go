package ledger_test

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
)

// TestOverlap: two epochs serve side by side for an hour of ledger time, for questions and for mirrors. That
// it is over counts as soon as the newest state says so.
func TestOverlap(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email"))
	l.Put(l.Epoch(bank, 1, "email"))
	check := func(when string, final *state.State, want map[uint64]error) {
		t.Helper()
		for epoch, err := range want {
			_, ask := ledger.Authorised(final, l.S, ledger.Ask{
				LedgerID: l.S.LedgerID(), Querier: peer(platform), Holder: peer(bank), Epoch: epoch,
				Type: "email", Purpose: "platform-safety", HasCase: true,
			})
			_, mirror := ledger.AuthorisedMirror(final, l.S, ledger.MirrorAsk{
				LedgerID: l.S.LedgerID(), Asker: peer(platform), Holder: peer(bank), Epoch: epoch, Type: "email",
			})
			if !errors.Is(ask, err) || !errors.Is(mirror, err) {
				t.Errorf("%s, epoch %d: %v and %v, want %v", when, epoch, ask, mirror, err)
			}
		}
	}
	check("at once", l.S, map[uint64]error{1: nil, 2: nil, 3: ledger.ErrEpochOver})
	l.Advance(state.EpochOverlap-1, platform, bank, police)
	check("a second before", l.S, map[uint64]error{1: nil, 2: nil})
	before := behind(t, l)
	l.Advance(1, platform, bank, police)
	check("at the end", l.S, map[uint64]error{1: ledger.ErrEpochOver, 2: nil})
	check("at the end, not final", before, map[uint64]error{1: ledger.ErrEpochOver, 2: nil})
}

// TestNoOverlapForTheSuspended: who was suspended is served under no epoch that was open then, also once it
// is back, while the others go on.
func TestNoOverlapForTheSuspended(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email"))
	l.Pass(entry.Suspend{Member: police.Name}, platform, bank)
	l.Pass(entry.Reinstate{Member: police.Name}, platform, bank)
	l.Put(l.Epoch(bank, 1, "email"))
	for _, c := range []struct {
		by    ledgertest.Org
		epoch uint64
		want  error
	}{{police, 1, ledger.ErrEpochOver}, {police, 2, nil}, {platform, 1, nil}, {platform, 2, nil}} {
		_, err := ledger.Authorised(l.S, l.S, ledger.Ask{
			LedgerID: l.S.LedgerID(), Querier: peer(c.by), Holder: peer(bank), Epoch: c.epoch,
			Type: "email", Purpose: "platform-safety", HasCase: true,
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s, epoch %d: %v, want %v", c.by.Name, c.epoch, err, c.want)
		}
	}
}

// TestGraceEnds: a holder that was told to end its epoch and does not open the next is not asked any more.
func TestGraceEnds(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email"))
	l.Pass(entry.EpochEnd{Member: bank.Name}, platform, police)
	ask := ledger.Ask{
		LedgerID: l.S.LedgerID(), Querier: peer(platform), Holder: peer(bank), Epoch: 1,
		Type: "email", Purpose: "platform-safety", HasCase: true,
	}
	l.Advance(state.EpochGrace-1, platform, bank, police)
	if _, err := ledger.Authorised(l.S, l.S, ask); err != nil {
		t.Fatal(err)
	}
	l.Advance(1, platform, bank, police)
	if _, err := ledger.Authorised(l.S, l.S, ask); !errors.Is(err, ledger.ErrEpochOver) {
		t.Fatalf("after the grace: %v", err)
	}
	l.Put(l.Epoch(bank, 1, "email"))
	ask.Epoch = 2
	if _, err := ledger.Authorised(l.S, l.S, ask); err != nil {
		t.Fatal(err)
	}
}

// TestToday: days are those of ledger time, and end at its midnight.
func TestToday(t *testing.T) {
	l := ledgertest.Three(t)
	day := ledger.Today(l.S)
	if day.Ends%86400 != 0 || day.Ends <= l.S.Time() || day.Ends > l.S.Time()+86400 || len(day.Name) != 10 {
		t.Fatalf("%+v at %d", day, l.S.Time())
	}
	l.Advance(day.Ends-l.S.Time()-1, platform, bank, police)
	if again := ledger.Today(l.S); again != day {
		t.Errorf("a second before midnight: %+v", again)
	}
	l.Advance(1, platform, bank, police)
	if next := ledger.Today(l.S); next.Name <= day.Name || next.Ends != day.Ends+86400 {
		t.Errorf("at midnight: %+v after %+v", next, day)
	}
}
