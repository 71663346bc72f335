package replica

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

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
	if n := c.node(away).turnsKept(); n != 2 { // it may have come over both at once
		t.Errorf("%d hand-overs are kept where the node was away", n)
	}
	c.kill(c.orgs[0])
	c.start(c.orgs[0])
	if n := c.node(c.orgs[0]).turnsKept(); n != 2 {
		t.Errorf("%d hand-overs are kept after a restart", n)
	}
}

// A rotated node key changes the voters, and neither the key that they vote with nor that they cosign with.
// Its hand-over has to be there for whoever enters it, however soon later entries are final.
func TestRotatedNodeKeyHandsOver(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	away := c.orgs[3]
	c.kill(away)
	size := c.rotate(away, member.Node)
	c.final(c.must(c.nodeInfo(c.orgs[1], 1)) + 1)
	for _, r := range c.running() {
		if p, ok := r.FinalAt(size); !ok || p.Size != size {
			t.Errorf("the hand-over at %d is lost: %d, %v", size, p.Size, ok)
		}
	}
	c.handOver(size)
}

// rotate gives a member another key, with its root key's word, and returns the size after that.
func (c *consortium) rotate(o *org, role member.Role) (size uint64) {
	c.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	var rotation entry.Rotation
	c.node(c.leader()).View(func(s *state.State) {
		rotation, err = s.Rotation(o.name, role, member.PublicOf(key))
	})
	if err != nil {
		c.t.Fatal(err)
	}
	body := rotation.Body(rotation.Sign(key), rotation.Sign(o.keys[role]), rotation.Sign(o.keys[member.Root]))
	raw, err := entry.NewRotate(c.signer(o, member.Operator), c.next(o, member.Operator), body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.must(raw) + 1
}

// The size with which voters end is final once. The hand-over is long in coming here and the cosignatures grow too
// old; the leader does not have those who vote from then on sign that size, whether their keys are others or not.
func TestTurnIsFinalOnce(t *testing.T) {
	c := deciding(t, 5)
	c.age = time.Second
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	c.kill(c.orgs[3]) // whose node key is rotated
	for i, turn := range []func() uint64{
		func() uint64 { return c.pass(4, entry.SetVoter{Member: c.orgs[4].name}) },
		func() uint64 { return c.rotate(c.orgs[3], member.Node) },
	} {
		size := turn()
		var ended FinalPoint
		c.eventually("the point with which voters end is older than it may be", func() bool {
			ended = c.node(c.orgs[0]).Final()
			return ended.Size == size && len(ended.Cosignatures) >= 3 && time.Since(ended.At) > 3*c.age
		})
		c.final(c.must(c.nodeInfo(c.orgs[0], c.next(c.orgs[0], member.Operator))) + 1)
		next := c.node(c.orgs[0]).Final()
		if kept, ok := c.node(c.orgs[0]).FinalAt(size); !ok || kept.Size != size || next.Height != kept.Height+1 {
			t.Errorf("turn %d: size %d is final as height %d, the next one as %d", i, kept.Size, kept.Height, next.Height)
		}
		c.handOver(size)
	}
}

// turnsKept is how many points at which the voters changed this replica keeps.
func (r *Replica) turnsKept() int {
	f := r.decider.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.handovers)
}
