package ledgertest

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// Ledger is a state with the leaves that led to it.
type Ledger struct {
	T      testing.TB
	S      *state.State
	Leaves [][]byte
}

// New founds a consortium and returns its ledger, of size 1.
func New(t testing.TB, founders ...Org) *Ledger {
	t.Helper()
	g := Genesis(t, founders...)
	s, err := state.New(g)
	must(t, err)
	return &Ledger{T: t, S: s, Leaves: [][]byte{g.Raw()}}
}

// Three is the ledger of Platform, Bank and Police.
func Three(t testing.TB) *Ledger {
	t.Helper()
	return New(t, Platform, Bank, Police)
}

// Put applies an entry that must be accepted.
func (l *Ledger) Put(raw []byte) state.Outcome {
	l.T.Helper()
	out, err := l.S.Apply(raw)
	must(l.T, err)
	l.Leaves = append(l.Leaves, raw)
	return out
}

// NodeInfo signs the organisation's next NodeInfo.
func (l *Ledger) NodeInfo(o Org, address string) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewNodeInfo(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), []string{address}, "1.0.0"))
}

// Epoch signs the organisation's next epoch with test keys from n on for the types.
func (l *Ledger) Epoch(o Org, n int, types ...string) entry.Raw {
	l.T.Helper()
	m, _ := l.S.Member(o.Name)
	var keys []entry.EpochKey
	for i, typ := range types {
		keys = append(keys, o.OPRFKey(l.T, l.S.LedgerID(), n+i, m.Epoch+1, typ))
	}
	return l.made(entry.NewEpochCommit(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), m.Epoch+1, keys))
}

// Affiliate signs the organisation's declaration of its affiliates.
func (l *Ledger) Affiliate(o Org, names ...string) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewAffiliate(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), names))
}

// Ack signs the acknowledgement that is due of the organisation.
func (l *Ledger) Ack(o Org) entry.Raw {
	l.T.Helper()
	due, _ := l.S.AckDue(o.Name)
	return l.AckOf(o, due)
}

// AckOf signs an acknowledgement, whatever it says.
func (l *Ledger) AckOf(o Org, b entry.Ack) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewAck(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), b.Size, b.Root))
}

// Seal signs, with the organisation's log key, that a checkpoint is final.
func (l *Ledger) Seal(o Org, b entry.Seal) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewSeal(o.Signer(member.Log, l.S), o.Seq(member.Log, l.S), b))
}

// Anchor signs, with the organisation's log key, the state hash at a size.
func (l *Ledger) Anchor(o Org, b entry.StateAnchor) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewStateAnchor(o.Signer(member.Log, l.S), o.Seq(member.Log, l.S), b))
}

// Propose signs the organisation's proposal.
func (l *Ledger) Propose(o Org, p entry.Proposal) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewPropose(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), p, "a test"))
}

// Vote signs the organisation's vote.
func (l *Ledger) Vote(o Org, id entry.Hash, yes bool) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewVote(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), id, yes))
}

// Withdraw signs the organisation's withdrawal of a proposal.
func (l *Ledger) Withdraw(o Org, id entry.Hash) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewWithdrawProposal(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), id))
}

// Attest signs what the organisation's clock shows.
func (l *Ledger) Attest(o Org, seconds uint64) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewClockAttest(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), seconds))
}

// Emergency signs the organisation's call to suspend a member at once.
func (l *Ledger) Emergency(o Org, name string) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewEmergencySuspend(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), name, "a test"))
}

// Advance moves ledger time by seconds with the clocks of voters, a quorum or more of all, and returns
// what the entry did that got there.
func (l *Ledger) Advance(seconds uint64, voters ...Org) state.Outcome {
	l.T.Helper()
	target := l.S.Time() + seconds
	var last state.Outcome
	for l.S.Time() < target {
		next := min(target, l.S.Time()+state.ClockStep)
		for _, o := range voters {
			if l.S.Time() < next && l.S.Attested(o.Name) != next {
				last = l.Put(l.Attest(o, next))
			}
		}
	}
	return last
}

// Pass proposes and votes yes with each of voters in turn, and returns the proposal's id.
func (l *Ledger) Pass(p entry.Proposal, voters ...Org) entry.Hash {
	l.T.Helper()
	id := l.Put(l.Propose(voters[0], p)).Hash
	for _, o := range voters {
		l.Put(l.Vote(o, id, true))
	}
	return id
}
