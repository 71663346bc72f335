package replica

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// next is the next number of a key, as the replica that leads has it.
func (c *consortium) next(o *org, role member.Role) (seq uint64) {
	c.node(c.leader()).View(func(s *state.State) { seq = s.NextSeq(o.card.Card.Keys.Of(role).ID()) })
	return seq
}

// pass proposes and has the first votes seats vote yes; it returns the size after the last vote.
func (c *consortium) pass(votes int, p entry.Proposal) (size uint64) {
	c.t.Helper()
	propose, err := entry.NewPropose(c.signer(c.orgs[0], member.Seat), c.next(c.orgs[0], member.Seat), p, "as agreed")
	if err != nil {
		c.t.Fatal(err)
	}
	c.must(propose)
	for _, o := range c.orgs[:votes] {
		vote, err := entry.NewVote(c.signer(o, member.Seat), c.next(o, member.Seat), entry.HashOf(propose), true)
		if err != nil {
			c.t.Fatal(err)
		}
		size = c.must(vote) + 1
	}
	return size
}

// handOver enters the certificate of the checkpoint that ends with the change of the voters at size.
func (c *consortium) handOver(size uint64) {
	c.t.Helper()
	p, ok := c.node(c.orgs[0]).FinalAt(size)
	if !ok || p.Size != size {
		c.t.Fatalf("no final point at %d: %+v", size, p)
	}
	raw, err := entry.NewHandOver(c.signer(c.orgs[0], member.Operator), c.next(c.orgs[0], member.Operator), p.Certificate)
	if err != nil {
		c.t.Fatal(err)
	}
	c.final(c.must(raw) + 1)
}

// A voter loses its vote and gets it back. The old voters end their checkpoint with that entry, raft's
// configuration follows, the new voters go on, and a node that was away crosses both.
func TestVotersHandOver(t *testing.T) {
	c := deciding(t, 5)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	away, leaves := c.orgs[3], c.orgs[4]
	c.kill(away)
	for _, votes := range []bool{false, true} {
		size := c.pass(4, entry.SetVoter{Member: leaves.name, Voter: votes})
		c.eventually("the old voters have made it final, and no more", func() bool {
			p, ok := c.node(c.orgs[0]).FinalAt(size)
			return ok && p.Size == size && len(p.Cosignatures) >= len(p.Certificate.Votes)
		})
		c.handOver(size)
		n := map[bool]int{false: 4, true: 5}[votes]
		c.eventually("raft's configuration follows", func() bool {
			s := c.node(c.leader()).Status()
			return len(s.Voters) == n && len(s.Voters)+len(s.NonVoters) == 5
		})
		for _, r := range c.running() {
			r.ViewFinal(func(s *state.State, p FinalPoint) {
				if s.FinalityVoters().N() != n {
					t.Errorf("%d voters are final, want %d", s.FinalityVoters().N(), n)
				}
			})
		}
	}
	c.start(away)
	c.final(c.must(c.nodeInfo(c.orgs[1], 1)) + 1)
	// It may have come over both at once, by a certificate that the voters of before would do for, too: then
	// their certificates stand on the ledger only.
	c.node(away).ViewFinal(func(s *state.State, _ FinalPoint) {
		if _, open := s.HandOver(); open || s.FinalityVoters().N() != 5 {
			t.Errorf("%d voters are final where the node was away", s.FinalityVoters().N())
		}
	})
	c.kill(c.orgs[0])
	c.start(c.orgs[0])
	f := c.node(c.orgs[0]).decider.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	if len(f.handovers) != 2 {
		t.Errorf("%d hand-overs are kept after a restart", len(f.handovers))
	}
}
