package state_test

import (
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

const created = ledgertest.CreatedAt

func TestQuorum(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 10: 7} {
		if got := state.Quorum(n); got != want {
			t.Errorf("quorum of %d is %d, want %d", n, got, want)
		}
	}
}

// TestLedgerTime is the arithmetic of time among four voters, of whom three are a quorum: who says
// what, in seconds after the genesis, and where time then stands.
func TestLedgerTime(t *testing.T) {
	const h = 3600
	type say struct {
		who, at, want int
	}
	for _, c := range []struct {
		name string
		says []say
	}{
		{"fewer than a quorum stop it", []say{{0, 100, 0}, {1, 100, 0}, {0, 200, 0}}},
		{"a quorum moves it to the lower median", []say{{0, 300, 0}, {1, 100, 0}, {2, 200, 200}, {3, 400, 200}}},
		{"one that is far ahead changes nothing", []say{{0, 1 << 30, 0}, {1, 100, 0}, {2, 100, 100}, {3, 100, 100}}},
		{"one that is slow neither", []say{{0, 10, 0}, {1, 500, 0}, {2, 510, 500}, {3, 520, 500}}},
		{"never back", []say{{0, 500, 0}, {1, 500, 0}, {2, 500, 500}, {0, 300, 500}, {1, 300, 500}, {2, 300, 500}}},
		{"an hour a step", []say{
			{0, 9 * h, 0}, {1, 9 * h, 0}, {2, 9 * h, h}, {3, 9 * h, 2 * h}, {0, 9*h + 1, 3 * h}, {0, 9*h + 2, 4 * h},
		}},
		{"two do not go on once the others are old", []say{
			{0, 10, 0},
			{1, 10, 0},
			{2, 10, 10},
			{3, 10, 10},
			{0, h, 10},
			{1, h, 10},
			{2, h, h}, // the fourth is gone, and still counts at the window's edge
			{0, 2 * h, h},
			{1, 2 * h, h},
			{2, 2 * h, 2 * h},
			{0, 4 * h, 2 * h},
			{1, 4 * h, 3 * h}, // the third is fresh for an hour longer
			{0, 5 * h, 4 * h},
			{1, 5 * h, 4 * h},
			{0, 6 * h, 4 * h},
			{1, 6 * h, 4 * h},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var orgs []ledgertest.Org
			for i, s := range []member.Sector{member.Tech, member.Finance, member.LawEnforcement, member.NGO} {
				orgs = append(orgs, org(fmt.Sprintf("M%d", i), s))
			}
			l := ledgertest.New(t, orgs...)
			for i, say := range c.says {
				l.Put(l.Attest(orgs[say.who], created+uint64(say.at)))
				if got := int(l.S.Time() - created); got != say.want {
					t.Fatalf("say %d: time is %d, want %d", i, got, say.want)
				}
			}
		})
	}
}

func TestClockRefusals(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Admit{Card: hotline.Card(t), Seat: true}, platform, bank)
	refuses(t, l, l.Attest(hotline, created+1), entry.ErrNotAVoter)
	refuses(t, l, l.Attest(bank, created-state.ClockWindow-1), entry.ErrClockBehind)
	l.Put(l.Attest(bank, created-state.ClockWindow)) // the edge
	refuses(t, l, l.Attest(bank, created-state.ClockWindow), entry.ErrNoChange)
	l.Pass(entry.Suspend{Member: bank.Name}, platform, police)
	l.Put(l.Attest(bank, created+5)) // suspended, and still a voter
	l.Put(l.Attest(police, created+5))
	if fresh, needed := l.S.Clocks(); l.S.Time() != created+5 || fresh != 2 || needed != 2 {
		t.Errorf("time %d, %d fresh of %d", l.S.Time()-created, fresh, needed)
	}
	if l.S.Attested(bank.Name) != created+5 || l.S.Attested("Nobody") != 0 {
		t.Error("the newest attestation is not shown")
	}
}

// TestExpiry: a proposal expires in the very step that reaches its deadline, neither before nor by
// anything but ledger time.
func TestExpiry(t *testing.T) {
	l := ledgertest.Three(t)
	old := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(platform, old, true))
	l.Advance(10, platform, bank, police)
	young := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Advance(state.ProposalLife-11, platform, bank, police)
	if p, _ := l.S.Proposal(old); p.State != state.Open || p.Deadline != created+state.ProposalLife {
		t.Fatalf("a second before its deadline: %+v", p)
	}
	out := l.Advance(1, platform, bank, police)
	p, _ := l.S.Proposal(old)
	if p.State != state.Expired || p.Decided != out.Index || len(p.Votes) != 1 {
		t.Fatalf("at its deadline: %+v", p)
	}
	if len(out.Events) != 2 || out.Events[0].Kind != state.TimeMoved || out.Events[1].Kind != state.ProposalExpired || out.Events[1].Proposal != old {
		t.Errorf("events %+v", out.Events)
	}
	refuses(t, l, l.Vote(police, old, true), entry.ErrClosed)
	refuses(t, l, l.Withdraw(platform, old), entry.ErrClosed)
	if p, _ := l.S.Proposal(young); p.State != state.Open {
		t.Errorf("the younger one: %s", p.State)
	}
	l.Put(l.Vote(platform, young, true))
	l.Put(l.Vote(police, young, true)) // decided in time
	l.Advance(state.ProposalLife, platform, bank, police)
	if p, _ := l.S.Proposal(young); p.State != state.Accepted {
		t.Errorf("decided, and then: %s", p.State)
	}
}
