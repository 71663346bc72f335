package state_test

import (
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func org(name string, sector member.Sector) ledgertest.Org {
	return ledgertest.Org{Name: name, Sector: sector, Jurisdiction: "INT"}
}

// TestDecisions is the arithmetic of votes: which ballots, in which order, decide what.
func TestDecisions(t *testing.T) {
	T, F, L := member.Tech, member.Finance, member.LawEnforcement
	for _, c := range []struct {
		name    string
		sectors []member.Sector // one founder each
		votes   string          // y, n or - (no vote), founder by founder
		grave   bool
		want    state.ProposalState
		after   int // ballots until the decision, 0 while open
	}{
		{"2 of 3, two sectors", []member.Sector{T, F, L}, "yy-", false, state.Accepted, 2},
		{"1 of 3", []member.Sector{T, F, L}, "y--", false, state.Open, 0},
		{"2 no of 3", []member.Sector{T, F, L}, "nn-", false, state.Rejected, 2},
		{"1 no of 3", []member.Sector{T, F, L}, "n--", false, state.Open, 0},
		{"no, then 2 yes", []member.Sector{T, F, L}, "nyy", false, state.Accepted, 3},
		{"half of 4 is no majority", []member.Sector{T, F, L, T}, "yy--", false, state.Open, 0},
		{"half of 4 against is enough to reject", []member.Sector{T, F, L, T}, "nn--", false, state.Rejected, 2},
		{"3 of 4", []member.Sector{T, F, L, T}, "yyy-", false, state.Accepted, 3},
		{"3 of 5", []member.Sector{T, F, L, T, F}, "yyy--", false, state.Accepted, 3},
		{"3 of 5 is not two thirds", []member.Sector{T, F, L, T, F}, "yyy--", true, state.Open, 0},
		{"4 of 5 is", []member.Sector{T, F, L, T, F}, "yyyy-", true, state.Accepted, 4},
		{"2 no of 5 leave two thirds impossible", []member.Sector{T, F, L, T, F}, "yynn-", true, state.Rejected, 4},
		{"2 of 3 is two thirds", []member.Sector{T, F, L}, "y-y", true, state.Accepted, 2},
		{"4 of 6 is two thirds", []member.Sector{T, F, L, T, F, L}, "yyyy--", true, state.Accepted, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var orgs []ledgertest.Org
			for i, s := range c.sectors {
				orgs = append(orgs, org(fmt.Sprintf("M%d", i), s))
			}
			l := ledgertest.New(t, orgs...)
			p := entry.Admit{Card: hotline.Card(t), Seat: c.grave}
			id := l.Put(l.Propose(orgs[0], p)).Hash
			cast := 0
			for i, v := range c.votes {
				if v == '-' {
					continue
				}
				l.Put(l.Vote(orgs[i], id, v == 'y'))
				cast++
				got, _ := l.S.Proposal(id)
				if decided := got.State != state.Open; decided != (cast == c.after) {
					t.Errorf("after %d ballots: %s", cast, got.State)
				}
			}
			got, _ := l.S.Proposal(id)
			if got.State != c.want || len(got.Votes) != cast {
				t.Errorf("%s with %d ballots, want %s with %d", got.State, len(got.Votes), c.want, cast)
			}
			if _, in := l.S.Member(hotline.Name); in != (c.want == state.Accepted) {
				t.Errorf("member: %v", in)
			}
		})
	}
}

// TestOneSectorWaits: a sector that has the threshold's number of seats, which no founding gives it, waits
// for another's yes.
func TestOneSectorWaits(t *testing.T) {
	orgs := []ledgertest.Org{org("M0", member.Tech), org("M1", member.Tech), org("M2", member.Finance), org("M3", member.LawEnforcement)}
	for _, c := range []struct {
		name, votes string
		want        state.ProposalState
	}{
		{"2 of 3 of one sector wait for another", "yy-", state.Open},
		{"and are rejected when it says no", "yyn", state.Rejected},
		{"the only other sector says no first", "--n", state.Rejected},
		{"and are accepted when it says yes", "yyy", state.Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledgertest.New(t, orgs...)
			l.Pass(entry.SetSeat{Member: "M3"}, orgs[:3]...)
			id := l.Put(l.Propose(orgs[0], entry.Admit{Card: hotline.Card(t)})).Hash
			for i, v := range c.votes {
				if v != '-' {
					l.Put(l.Vote(orgs[i], id, v == 'y'))
				}
			}
			proposalState(t, l, id, c.want)
		})
	}
}

// TestVoteRefusals are the refusals that need a history.
func TestVoteRefusals(t *testing.T) {
	l := ledgertest.Three(t)
	id := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(platform, id, true))
	t.Run("a second vote", func(t *testing.T) { refuses(t, l, l.Vote(platform, id, true), entry.ErrVoted) })
	t.Run("a changed vote", func(t *testing.T) { refuses(t, l, l.Vote(platform, id, false), entry.ErrVoted) })
	l.Put(l.Vote(police, id, true))
	t.Run("a vote too late", func(t *testing.T) { refuses(t, l, l.Vote(bank, id, false), entry.ErrClosed) })
	t.Run("suspended twice", func(t *testing.T) {
		refuses(t, l, l.Propose(platform, entry.Suspend{Member: bank.Name}), entry.ErrAlreadySuspended)
	})
	t.Run("an epoch while suspended", func(t *testing.T) { refuses(t, l, l.Epoch(bank, 0, "email"), entry.ErrSuspended) })

	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, police)
	t.Run("a proposal without a seat", func(t *testing.T) {
		refuses(t, l, l.Propose(hotline, entry.Reinstate{Member: bank.Name}), entry.ErrNoSeat)
	})
	open := l.Put(l.Propose(platform, entry.Reinstate{Member: bank.Name})).Hash
	t.Run("a vote without a seat", func(t *testing.T) { refuses(t, l, l.Vote(hotline, open, true), entry.ErrNoSeat) })
	t.Run("too many open", func(t *testing.T) {
		for range state.MaxOpen - 1 {
			l.Put(l.Propose(platform, entry.Reinstate{Member: bank.Name}))
		}
		refuses(t, l, l.Propose(platform, entry.Reinstate{Member: bank.Name}), entry.ErrTooManyOpen)
		l.Put(l.Propose(police, entry.Reinstate{Member: bank.Name}))
	})
}

// TestWithdraw: the proposer alone closes what is open, whatever votes it has, and for good.
func TestWithdraw(t *testing.T) {
	l := ledgertest.Three(t)
	id := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(police, id, true))
	refuses(t, l, l.Withdraw(police, id), entry.ErrNotProposer)
	out := l.Put(l.Withdraw(platform, id))
	if len(out.Events) != 1 || out.Events[0].Kind != state.ProposalWithdrawn || out.Events[0].Proposal != id {
		t.Errorf("events %+v", out.Events)
	}
	if p, _ := l.S.Proposal(id); p.State != state.Withdrawn || p.Decided != out.Index || len(p.Votes) != 1 {
		t.Errorf("%+v", p)
	}
	if tally, _ := l.S.Tally(id); len(tally.Missing) != 0 || tally.Needs != "" {
		t.Errorf("tally %+v", tally)
	}
	refuses(t, l, l.Vote(platform, id, true), entry.ErrClosed)
	refuses(t, l, l.Withdraw(platform, id), entry.ErrClosed)
	for range state.MaxOpen { // what is withdrawn is not open
		l.Put(l.Withdraw(platform, l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash))
	}
	l.Pass(entry.Suspend{Member: platform.Name}, bank, police)
	own := l.Put(l.Propose(platform, entry.Reinstate{Member: platform.Name})).Hash
	l.Put(l.Withdraw(platform, own)) // suspended: still the proposer
}

// TestSuspendedSeatVotes: suspension leaves the electorate as it was.
func TestSuspendedSeatVotes(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Suspend{Member: bank.Name}, platform, police)
	id := l.Put(l.Propose(bank, entry.Reinstate{Member: bank.Name})).Hash
	l.Put(l.Vote(bank, id, true))
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.9/tcp/1"))
	if tally, _ := l.S.Tally(id); tally.Seats != 3 || tally.Yes != 1 {
		t.Errorf("tally %+v", tally)
	}
	out := l.Put(l.Vote(police, id, true))
	if m, _ := l.S.Member(bank.Name); m.Status != state.Active {
		t.Errorf("status %s", m.Status)
	}
	want := []state.EventKind{state.VoteCast, state.ProposalAccepted, state.MemberReinstated}
	for i, e := range out.Events {
		if e.Kind != want[i] || e.Index != out.Index {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

// TestOvertaken: a proposal whose time has passed fails when it is accepted, and changes nothing else.
func TestOvertaken(t *testing.T) {
	next := func(reveal policy.Reveal) entry.SetPolicy {
		p := policy.Default()
		p.Version, p.Rules[0].Reveal = 2, reveal
		return entry.SetPolicy{Policy: p}
	}
	for _, c := range []struct {
		name          string
		first, second entry.Proposal
		failure       *entry.Rejection
	}{
		{"policy", next(policy.RevealMatch), next(policy.RevealLabel), entry.ErrPolicyVersion},
		{"suspension", entry.Suspend{Member: bank.Name}, entry.Suspend{Member: bank.Name}, entry.ErrAlreadySuspended},
		{"admission", entry.Admit{Card: hotline.Card(t)}, entry.Admit{Card: hotline.Card(t), Seat: true}, entry.ErrMemberExists},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledgertest.Three(t)
			late := l.Put(l.Propose(bank, c.second)).Hash
			l.Pass(c.first, platform, police)
			l.Put(l.Vote(bank, late, true))
			out := l.Put(l.Vote(police, late, true))
			p, _ := l.S.Proposal(late)
			if p.State != state.Failed || p.Failure != c.failure.Name {
				t.Errorf("%s: %s", p.State, p.Failure)
			}
			if last := out.Events[len(out.Events)-1]; last.Kind != state.ProposalFailed || len(out.Events) != 2 {
				t.Errorf("events %+v", out.Events)
			}
		})
	}
}

// TestNewSeatVotesOnOpenProposals: votes are counted over the seats of the moment of decision.
func TestNewSeatVotesOnOpenProposals(t *testing.T) {
	l := ledgertest.Three(t)
	id := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(platform, id, true))
	l.Pass(entry.Admit{Card: second.Card(t), Seat: true}, platform, police)
	l.Put(l.Vote(police, id, true)) // 2 of 4 now
	if p, _ := l.S.Proposal(id); p.State != state.Open {
		t.Fatalf("2 of 4 decided: %s", p.State)
	}
	l.Put(l.Vote(second, id, true))
	if p, _ := l.S.Proposal(id); p.State != state.Accepted {
		t.Fatalf("3 of 4: %s", p.State)
	}
}
