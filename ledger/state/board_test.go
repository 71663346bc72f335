package state_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

var ngo = ledgertest.NGO

// six founders of three sectors, two each: the least board on which each class takes another number.
func six(t testing.TB) (*ledgertest.Ledger, []ledgertest.Org) {
	var orgs []ledgertest.Org
	for i, s := range []member.Sector{member.Tech, member.Finance, member.LawEnforcement, member.Tech, member.Finance, member.LawEnforcement} {
		orgs = append(orgs, org(fmt.Sprintf("M%d", i), s))
	}
	return ledgertest.New(t, orgs...), orgs
}

func has(t *testing.T, events []state.Event, kinds ...state.EventKind) {
	t.Helper()
	var got []state.EventKind
	for _, e := range events {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, kinds) {
		t.Errorf("events %v, want %v", got, kinds)
	}
}

func proposalState(t *testing.T, l *ledgertest.Ledger, id entry.Hash, want state.ProposalState) {
	t.Helper()
	if p, _ := l.S.Proposal(id); p.State != want {
		t.Errorf("proposal to %s is %s, want %s", entry.Phrase(p.Content), p.State, want)
	}
}

// TestClasses: each kind of proposal takes its own share of six seats, and no less.
func TestClasses(t *testing.T) {
	policy2 := policy.Default()
	policy2.Version = 2
	thresholds := entry.DefaultThresholds()
	thresholds.Sectors = 3
	l, m := six(t)
	for _, c := range []struct {
		p    entry.Proposal
		need int
	}{
		{entry.Suspend{Member: "M5"}, 4},
		{entry.SetPolicy{Policy: policy2}, 4},
		{entry.Admit{Card: hotline.Card(t)}, 4},
		{entry.Admit{Card: hotline.Card(t), Seat: true}, 4},
		{entry.Expel{Member: "M5"}, 4},
		{entry.SetSeat{Member: "M5"}, 4},
		{entry.SetVoter{Member: "M5"}, 4},
		{entry.RevokeKey{Key: m[5].Keys().Seat.ID()}, 4},
		{entry.SetUpgrade{Version: 2}, 4},
		{entry.SetSector{Member: "M5", Sector: member.NGO}, 5},
		{entry.SetThresholds{Thresholds: thresholds}, 5},
	} {
		t.Run(entry.Phrase(c.p), func(t *testing.T) {
			l, m := six(t)
			id := l.Put(l.Propose(m[5], c.p)).Hash
			for i := range c.need {
				proposalState(t, l, id, state.Open)
				l.Put(l.Vote(m[i], id, true))
			}
			proposalState(t, l, id, state.Accepted)
		})
	}
	// with five seats two thirds are four, where more than half are three
	l.Pass(entry.SetSeat{Member: "M0"}, m[1], m[2], m[3], m[4])
	ordinary, grave := l.Put(l.Propose(m[1], entry.Suspend{Member: "M5"})).Hash, l.Put(l.Propose(m[1], entry.Expel{Member: "M5"})).Hash
	for _, o := range m[1:4] {
		l.Put(l.Vote(o, ordinary, true))
		l.Put(l.Vote(o, grave, true))
	}
	proposalState(t, l, ordinary, state.Accepted)
	proposalState(t, l, grave, state.Open)
}

// TestExpel: nothing of an expelled member acts any more, and nothing of it comes back.
func TestExpel(t *testing.T) {
	l, m := six(t)
	open := l.Put(l.Propose(m[5], entry.Suspend{Member: "M0"})).Hash
	l.Put(l.Vote(m[5], open, true))
	l.Put(l.Emergency(m[5], "M0"))
	node := m[5].Keys().Node.PeerID()
	id := l.Put(l.Propose(m[0], entry.Expel{Member: "M5"})).Hash
	for _, o := range m[:3] {
		l.Put(l.Vote(o, id, true))
	}
	out := l.Put(l.Vote(m[3], id, true))
	has(t, out.Events, state.VoteCast, state.ProposalAccepted, state.MemberExpelled, state.VotersChanged)

	if _, ok := l.S.Member("M5"); ok || len(l.S.Former()) != 1 || len(l.S.Voters()) != 5 {
		t.Error("it is still there")
	}
	if _, ok := l.S.MemberByPeer(node); ok || len(l.S.Callers("M0")) != 0 {
		t.Error("its node or its call still counts")
	}
	if _, ok := l.S.MemberByPeer(""); ok {
		t.Error("a peer without an id is a member")
	}
	if tally, _ := l.S.Tally(open); tally.Yes != 0 || tally.Seats != 5 {
		t.Errorf("its ballot counts: %+v", tally)
	}
	for _, role := range []member.Role{member.Operator, member.Seat} {
		raw := l.Vote(m[5], open, false)
		if role == member.Operator {
			raw = l.NodeInfo(m[5], "/ip4/192.0.2.1/tcp/1")
		}
		refuses(t, l, raw, entry.ErrRevokedKey)
	}
	if got := l.S.RetiredKeys("M5"); len(got) != 6 || got[0].Index != out.Index {
		t.Errorf("retired %+v", got)
	}
	refuses(t, l, l.Propose(m[0], entry.Admit{Card: m[5].Card(t)}), entry.ErrMemberExists)
	again := m[5]
	again.Name = "M9"
	card, err := member.SignCard(member.Card{
		V: 1, Name: "M9", Sector: member.NGO, Jurisdiction: "INT", Keys: m[5].Keys(), Addresses: []string{"/a"},
	}, m[5].Private)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, l, l.Propose(m[0], entry.Admit{Card: card}), entry.ErrKeyExists)
	refuses(t, l, l.Propose(m[0], entry.Expel{Member: "M5"}), entry.ErrUnknownMember)
	p := policy.Default()
	p.Version, p.Rules[0].FromMembers = 2, []string{"M5"}
	refuses(t, l, l.Propose(m[0], entry.SetPolicy{Policy: p}), entry.ErrUnknownMember)
}

// TestElectorateChangesRecount: votes that were cast decide when the seats around them change, even if
// nobody is left to vote.
func TestElectorateChangesRecount(t *testing.T) {
	l, m := six(t)
	id := l.Put(l.Propose(m[0], entry.Suspend{Member: "M0"})).Hash
	for i, o := range m {
		l.Put(l.Vote(o, id, i < 3)) // 3 of 6: neither more than half, nor, until the last no, impossible
	}
	proposalState(t, l, id, state.Rejected)
	id = l.Put(l.Propose(m[0], entry.Suspend{Member: "M0"})).Hash
	for _, o := range m[:3] {
		l.Put(l.Vote(o, id, true))
	}
	seat := l.Put(l.Propose(m[0], entry.SetSeat{Member: "M5"})).Hash
	for _, o := range m[:3] {
		l.Put(l.Vote(o, seat, true))
	}
	out := l.Put(l.Vote(m[3], seat, true)) // 3 of 5 now
	has(t, out.Events, state.VoteCast, state.ProposalAccepted, state.SeatTaken, state.ProposalAccepted, state.MemberSuspended)
	proposalState(t, l, id, state.Accepted)
}

// TestNobodyPacksOrThinsTheBoard: two thirds can give and take seats, but what that would win them in a
// constitutional vote they win after 90 days only.
func TestNobodyPacksOrThinsTheBoard(t *testing.T) {
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

// TestVoterRules: how many voters there are, and of how many one sector may hold a majority.
func TestVoterRules(t *testing.T) {
	T, F, L, N := member.Tech, member.Finance, member.LawEnforcement, member.NGO
	for _, c := range []struct {
		name     string
		founders []member.Sector
		p        func(orgs []ledgertest.Org) entry.Proposal
		want     *entry.Rejection // nil: accepted
	}{
		{"3 of 4", []member.Sector{T, F, L, N}, drop(3), entry.ErrTooFewVoters},
		{"expel 1 of 4", []member.Sector{T, F, L, N}, expelled(3), entry.ErrTooFewVoters},
		{"2 of 3", []member.Sector{T, F, L}, drop(2), entry.ErrTooFewVoters},
		{"4 of 5", []member.Sector{T, F, L, N, F}, drop(3), nil},
		{"expel 1 of 5", []member.Sector{T, F, L, N, F}, expelled(4), nil},
		{"3 of 4 of one sector", []member.Sector{T, T, F, F, T, L}, drop(3), entry.ErrSectorMajority},
		{"a sector majority by expulsion", []member.Sector{T, T, F, F, T, L}, expelled(5), entry.ErrSectorMajority},
		{"a sector majority by a change of sector", []member.Sector{T, T, F, L}, moved(3, T), entry.ErrSectorMajority},
		{"half of the voters of one sector", []member.Sector{T, T, F, L}, moved(3, F), nil},
		{"away from a majority of the founding", []member.Sector{T, T, T, T, F}, drop(0), nil},
		{"further into one", []member.Sector{T, T, T, T, F}, moved(4, T), entry.ErrTooFewSectors},
		{"sideways within one", []member.Sector{T, T, T, F, L}, moved(3, L), entry.ErrSectorMajority},
		{"a voter again", []member.Sector{T, F, L}, func(o []ledgertest.Org) entry.Proposal { return entry.SetVoter{Member: "M0", Voter: true} }, entry.ErrNoChange},
		{"a stranger", []member.Sector{T, F, L}, func(o []ledgertest.Org) entry.Proposal { return entry.SetVoter{Member: "Nobody", Voter: true} }, entry.ErrUnknownMember},
	} {
		t.Run(c.name, func(t *testing.T) {
			var orgs []ledgertest.Org
			for i, s := range c.founders {
				orgs = append(orgs, org(fmt.Sprintf("M%d", i), s))
			}
			l := ledgertest.New(t, orgs...)
			raw := l.Propose(orgs[0], c.p(orgs))
			if c.want != nil {
				refuses(t, l, raw, c.want)
				return
			}
			id := l.Put(raw).Hash
			for _, o := range orgs {
				if p, _ := l.S.Proposal(id); p.State == state.Open {
					l.Put(l.Vote(o, id, true))
				}
			}
			proposalState(t, l, id, state.Accepted)
		})
	}
}

func drop(i int) func([]ledgertest.Org) entry.Proposal {
	return func(o []ledgertest.Org) entry.Proposal { return entry.SetVoter{Member: o[i].Name} }
}

func expelled(i int) func([]ledgertest.Org) entry.Proposal {
	return func(o []ledgertest.Org) entry.Proposal { return entry.Expel{Member: o[i].Name} }
}

func moved(i int, s member.Sector) func([]ledgertest.Org) entry.Proposal {
	return func(o []ledgertest.Org) entry.Proposal { return entry.SetSector{Member: o[i].Name, Sector: s} }
}

// TestBoardWords: every proposal of the board says what it would change.
func TestBoardWords(t *testing.T) {
	l, m := six(t)
	p := policy.Default()
	p.Version, p.Rules[0].ToMembers, p.Rules[0].ToSectors = 2, []string{"M5"}, nil
	l.Pass(entry.SetPolicy{Policy: policy.Normalise(p)}, m[:4]...)
	for _, c := range []struct {
		p    entry.Proposal
		want []string
	}{
		{entry.Expel{Member: "M5"}, []string{"no longer a member", "5 seats vote instead of 6", "5 voters instead of 6: 4 of them", "Rule founding of the policy names it"}},
		{entry.SetSeat{Member: "M5"}, []string{"loses its seat", "counted again", "90 days"}},
		{entry.SetSeat{Member: "M5", Seat: true}, []string{"gets a seat", "after 90 days"}},
		{entry.SetVoter{Member: "M5"}, []string{"without a raft vote", "5 voters instead of 6", "one more checkpoint"}},
		{entry.SetVoter{Member: "M5", Voter: true}, []string{"votes in raft", "7 voters instead of 6"}},
		{entry.SetSector{Member: "M5", Sector: member.NGO}, []string{"ngo instead of law-enforcement", "dropped"}},
		{entry.SetThresholds{Thresholds: entry.DefaultThresholds()}, []string{"ordinary more than 1/2", "dropped"}},
		{entry.RevokeKey{Key: m[5].Keys().Log.ID()}, []string{"log key of M5 signs nothing more", "no voter until"}},
		{entry.SetUpgrade{Version: 2}, []string{"Entries of version 2", "halts", "M0 runs"}},
	} {
		text := strings.Join(l.S.Describe(c.p), "\n")
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", entry.Phrase(c.p), want, text)
			}
		}
	}
}
