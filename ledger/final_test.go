package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// behind is a state that has executed all but what follows of a ledger: what is final while the rest
// is not yet.
func behind(t *testing.T, l *ledgertest.Ledger) *state.State {
	t.Helper()
	s, err := state.New(ledgertest.Genesis(t, platform, bank, police))
	if err != nil {
		t.Fatal(err)
	}
	if s.LedgerID() != l.S.LedgerID() {
		t.Fatal("the genesis is another one")
	}
	for _, leaf := range l.Leaves[1:] {
		if _, err := s.Apply(leaf); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// hotlinesAsk is the default policy, in which every sector may ask.
func hotlinesAsk() policy.Policy {
	p := policy.Default()
	p.Version = 2
	for i := range p.Rules {
		p.Rules[i].FromSectors = []string{"*"}
	}
	return policy.Normalise(p)
}

// Permissions wait until they are final, restrictions do not.
func TestFinalPermitsAndTipRestricts(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email"))
	l.Pass(entry.SetPolicy{Policy: hotlinesAsk()}, platform, bank)
	epoch := uint64(1)
	ask := func(querier ledgertest.Org) ledger.Ask {
		return ledger.Ask{
			LedgerID: l.S.LedgerID(), Querier: peer(querier), Holder: peer(bank), Epoch: epoch,
			Type: "email", Purpose: "platform-safety", HasCase: true,
		}
	}
	mirror := func(asker ledgertest.Org) ledger.MirrorAsk {
		return ledger.MirrorAsk{LedgerID: l.S.LedgerID(), Asker: peer(asker), Holder: peer(bank), Epoch: epoch, Type: "email"}
	}
	check := func(name string, final *state.State, by ledgertest.Org, want error) {
		t.Helper()
		if _, err := ledger.Authorised(final, l.S, ask(by)); !errors.Is(err, want) {
			t.Errorf("%s: query: %v, want %v", name, err, want)
		}
		if _, err := ledger.AuthorisedMirror(final, l.S, mirror(by)); !errors.Is(err, want) {
			t.Errorf("%s: mirror: %v, want %v", name, err, want)
		}
	}
	final := behind(t, l)
	check("nothing has changed", final, police, nil)

	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	check("admitted, not final", final, hotline, ledger.ErrNotAMember)
	final = behind(t, l)
	l.Pass(entry.Suspend{Member: police.Name}, platform, bank)
	check("suspended, not final", final, police, ledger.ErrSuspended)
	final = behind(t, l)
	check("suspended", final, police, ledger.ErrSuspended)
	l.Pass(entry.Reinstate{Member: police.Name}, platform, bank)
	check("reinstated, not final", final, police, ledger.ErrSuspended)
	check("reinstated, of an epoch from before", behind(t, l), police, ledger.ErrEpochOver)
	check("reinstated, somebody else", behind(t, l), platform, nil)
	l.Put(l.Epoch(bank, 1, "email"))
	epoch = 2
	check("reinstated, of an epoch since", behind(t, l), police, nil)
}

// The OPRF key that is final counts, also where the holder has opened the next epoch since.
func TestFinalKeyCounts(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email"))
	final := behind(t, l)
	l.Put(l.Epoch(bank, 1, "email"))
	for epoch, want := range map[uint64]error{1: nil, 2: ledger.ErrEpochOver} {
		_, err := ledger.Authorised(final, l.S, ledger.Ask{
			LedgerID: l.S.LedgerID(), Querier: peer(platform), Holder: peer(bank), Epoch: epoch,
			Type: "email", Purpose: "platform-safety", HasCase: true,
		})
		if !errors.Is(err, want) {
			t.Errorf("epoch %d: %v, want %v", epoch, err, want)
		}
	}
}

func TestFresh(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for age, want := range map[time.Duration]error{
		0: nil, time.Hour: nil, time.Hour + time.Second: ledger.ErrStale, -time.Minute: nil,
	} {
		err := ledger.Fresh(now.Add(-age), now, time.Hour)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", age, err, want)
		}
	}
	var denial *ledger.Denial
	if err := ledger.Fresh(time.Time{}, now, time.Hour); !errors.As(err, &denial) || denial.Err != ledger.ErrStale {
		t.Errorf("never: %v", err)
	}
}
