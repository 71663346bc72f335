package state_test

import (
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestFinalityVoters: the voters of checkpoints are those of raft, with their log and cosigner keys.
func TestFinalityVoters(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	v := l.S.FinalityVoters()
	if v.N() != 3 || v.Quorum() != 2 {
		t.Fatalf("%d voters, quorum %d", v.N(), v.Quorum())
	}
	for _, o := range []ledgertest.Org{platform, bank, police} {
		if w, ok := v.Find(o.Keys().Log.ID()); !ok || w.Log != o.Keys().Log || w.Cosigner != o.Keys().Cosigner {
			t.Errorf("%s does not vote with its own keys", o.Name)
		}
	}
	if _, ok := v.Find(hotline.Keys().Log.ID()); ok {
		t.Error("a non-voter signs checkpoints")
	}
}

// TestNoSuspendedVoter: a suspended voter stays one, but none becomes one.
func TestNoSuspendedVoter(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	l.Put(l.Ack(hotline))
	l.Pass(entry.Suspend{Member: hotline.Name}, platform, bank)
	refuses(t, l, l.Propose(bank, entry.SetVoter{Member: hotline.Name, Voter: true}), entry.ErrSuspended)
	refuses(t, l, l.Propose(bank, entry.SetVoter{Member: hotline.Name}), entry.ErrNoChange)
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
		{"away from half", []member.Sector{T, T, T, F, L, N}, drop(0), nil},
		{"from half into more", []member.Sector{T, T, F, F}, moved(2, T), entry.ErrSectorMajority},
		{"within what the others hold", []member.Sector{T, T, T, F, F, L}, moved(3, L), nil},
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

// TestTooManyVoters: 64 are what a certificate holds.
func TestTooManyVoters(t *testing.T) {
	var orgs []ledgertest.Org
	for i := range 64 {
		orgs = append(orgs, org(fmt.Sprintf("M%02d", i), member.Sectors()[i%6]))
	}
	l := ledgertest.New(t, orgs...)
	l.Pass(entry.Admit{Card: ngo.Card(t)}, orgs[:33]...)
	l.Put(l.Ack(ngo))
	refuses(t, l, l.Propose(orgs[0], entry.SetVoter{Member: ngo.Name, Voter: true}), entry.ErrTooManyVoters)
}
