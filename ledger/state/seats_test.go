package state_test

import (
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestNobodyPacksOrThinsTheBoard: two thirds can give and take seats, but what that would win them in a
// constitutional vote they win after 90 days only.
func TestNobodyPacksOrThinsTheBoard(t *testing.T) {
	if testing.Short() {
		t.Skip("many histories, executed by one goroutine: nothing for the race detector")
	}
	change := entry.DefaultThresholds()
	change.Ordinary = entry.Fraction{Num: 2, Den: 3}
	t.Run("thin", func(t *testing.T) {
		l, m := six(t)
		l.Pass(entry.SetSeat{Member: "M5"}, m[:4]...)
		l.Put(l.Vote(m[2], l.Put(l.Propose(m[0], entry.SetSeat{Member: "M4"})).Hash, true))
		l.Pass(entry.SetSeat{Member: "M4"}, m[:4]...)
		id := l.Put(l.Propose(m[0], entry.SetThresholds{Thresholds: change})).Hash
		if tally, _ := l.S.Tally(id); tally.Seats != 6 || !strings.Contains(tally.Needs, "2 of them taken away") {
			t.Errorf("%+v", tally)
		}
		l.Put(l.Vote(m[0], id, true))
		proposalState(t, l, id, state.Rejected) // 4 of 6 can never be three quarters
		l.Advance(state.SeatAge, m[:4]...)
		l.Pass(entry.SetThresholds{Thresholds: change}, m[:3]...) // 3 of 4
		if l.S.Thresholds() != change {
			t.Error("after 90 days the board is four seats")
		}
	})
	t.Run("thin by expulsion", func(t *testing.T) {
		l, m := six(t)
		l.Pass(entry.Expel{Member: "M5"}, m[:4]...)
		if tally := l.S.TallyOf(entry.SetThresholds{Thresholds: change}); tally.Seats != 6 {
			t.Errorf("%+v", tally)
		}
		if tally := l.S.TallyOf(entry.Suspend{Member: "M0"}); tally.Seats != 5 {
			t.Errorf("%+v", tally)
		}
	})
	t.Run("pack", func(t *testing.T) {
		l, m := six(t)
		l.Pass(entry.Admit{Card: ngo.Card(t), Seat: true}, m[:4]...)
		l.Pass(entry.Admit{Card: hotline.Card(t), Seat: true}, append([]ledgertest.Org{ngo}, m[:4]...)...)
		id := l.Put(l.Propose(m[0], entry.SetThresholds{Thresholds: change})).Hash
		for _, o := range append([]ledgertest.Org{ngo, hotline}, m[:4]...) { // six of eight, four of six
			l.Put(l.Vote(o, id, true))
		}
		proposalState(t, l, id, state.Open)
		tally, _ := l.S.Tally(id)
		if tally.Seats != 6 || tally.Yes != 4 || !strings.Contains(tally.Needs, "2 more are not 90 days old") {
			t.Errorf("%+v", tally)
		}
	})
	t.Run("the day on which it ends decides", func(t *testing.T) {
		l, m := six(t)
		l.Pass(entry.SetSeat{Member: "M5"}, m[:4]...)
		l.Advance(state.SeatAge-state.ProposalLife/2, m[:4]...)
		id := l.Pass(entry.SetThresholds{Thresholds: change}, m[:4]...)
		proposalState(t, l, id, state.Open) // 4 of 6, M4 has not voted
		out := l.Advance(state.ProposalLife/2, m[:4]...)
		proposalState(t, l, id, state.Accepted) // 4 of 5
		has(t, out.Events, state.TimeMoved, state.ProposalAccepted, state.ThresholdsChanged)
	})
	t.Run("a seat that comes back is the one that it was", func(t *testing.T) {
		l, m := six(t)
		l.Pass(entry.SetSeat{Member: "M5"}, m[:4]...)
		l.Pass(entry.SetSeat{Member: "M5", Seat: true}, m[:4]...)
		if back, _ := l.S.Member("M5"); back.SeatFrom != 0 {
			t.Errorf("counts from %d", back.SeatFrom)
		}
		if tally := l.S.TallyOf(entry.SetThresholds{Thresholds: change}); tally.Seats != 6 || len(tally.Missing) != 6 {
			t.Errorf("%+v", tally)
		}
	})
}

// TestBoardStaysAbleToDecide: no decision leaves a board that could not take another.
func TestBoardStaysAbleToDecide(t *testing.T) {
	two := []ledgertest.Org{org("A", member.Tech), org("B", member.Tech), org("C", member.Finance), org("D", member.Finance)}
	l := ledgertest.New(t, two...)
	l.Pass(entry.SetSeat{Member: "D"}, two[:3]...)
	refuses(t, l, l.Propose(two[0], entry.SetSeat{Member: "C"}), entry.ErrTooFewSectors)
	refuses(t, l, l.Propose(two[0], entry.Expel{Member: "C"}), entry.ErrTooFewSectors)
	refuses(t, l, l.Propose(two[0], entry.SetSector{Member: "C", Sector: member.Tech}), entry.ErrTooFewSectors)
	three := entry.DefaultThresholds()
	three.Sectors = 3
	refuses(t, l, l.Propose(two[0], entry.SetThresholds{Thresholds: three}), entry.ErrTooFewSectors)
	l.Pass(entry.SetSeat{Member: "B"}, two[0], two[2]) // both seats
	refuses(t, l, l.Propose(two[0], entry.SetSeat{Member: "C"}), entry.ErrLastSeat)
	refuses(t, l, l.Propose(two[2], entry.SetSeat{Member: "A"}), entry.ErrLastSeat)
	refuses(t, l, l.Propose(two[2], entry.Expel{Member: "A"}), entry.ErrLastSeat)
	refuses(t, l, l.Propose(two[0], entry.SetSeat{Member: "B"}), entry.ErrNoChange)
	refuses(t, l, l.Propose(two[0], entry.SetSeat{Member: "A", Seat: true}), entry.ErrNoChange)
	refuses(t, l, l.Propose(two[0], entry.SetSeat{Member: "Nobody"}), entry.ErrUnknownMember)
	refuses(t, l, l.Propose(two[0], entry.SetSector{Member: "A", Sector: member.Tech}), entry.ErrNoChange)
	refuses(t, l, l.Propose(two[0], entry.SetThresholds{Thresholds: entry.DefaultThresholds()}), entry.ErrNoChange)
}

// TestConstitutionDropsProposals: what was voted on under another constitution is not decided any more.
func TestConstitutionDropsProposals(t *testing.T) {
	for _, c := range []entry.Proposal{
		entry.SetSector{Member: "M5", Sector: member.NGO},
		entry.SetThresholds{Thresholds: entry.Thresholds{
			Ordinary: entry.Fraction{Num: 2, Den: 3}, Grave: entry.Fraction{Num: 2, Den: 3}, Constitutional: entry.Fraction{Num: 3, Den: 4}, Sectors: 3,
		}},
	} {
		l, m := six(t)
		id := l.Put(l.Propose(m[0], entry.Suspend{Member: "M5"})).Hash
		for _, o := range m[:3] {
			l.Put(l.Vote(o, id, true))
		}
		changed := l.Pass(c, m[:5]...)
		proposalState(t, l, id, state.Dropped)
		proposalState(t, l, changed, state.Accepted)
		refuses(t, l, l.Vote(m[3], id, true), entry.ErrClosed)
	}
}
