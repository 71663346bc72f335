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
	l.Put(l.Emergency(m[0], "M5"))
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
	if err := l.S.CheckEmergency("M0", "M1"); err != nil {
		t.Errorf("a call against it holds a seat: %v", err)
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
