package replica

import (
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
)

// deciding is n founders whose replicas decide what is final.
func deciding(t testing.TB, n int) *consortium {
	t.Helper()
	c := newConsortium(t, n)
	c.decides = true
	return c
}

// final waits until all running replicas have the first size leaves final, and compares them.
func (c *consortium) final(size uint64) {
	c.t.Helper()
	for _, o := range c.orgs {
		r := c.node(o)
		if r == nil || c.cut[o.peer()] {
			continue
		}
		if err := r.WaitFinal(within(c.t, 60*time.Second), size); err != nil {
			c.t.Fatalf("%s: %v", o.name, err)
		}
		r.ViewFinal(func(s *state.State, p FinalPoint) {
			if s.Size() != p.Size || s.Root() != p.Root || p.Size < size {
				c.t.Errorf("%s: state at %d, point at %d, wanted %d", o.name, s.Size(), p.Size, size)
			}
			if _, err := finality.OpenFinal(p.Certificate, s.FinalityVoters()); err != nil {
				c.t.Errorf("%s: the certificate does not hold: %v", o.name, err)
			}
		})
	}
}

// What is committed becomes final at every replica, is cosigned by a quorum, and stays final over a
// restart.
func TestFinalFollowsCommitted(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	for seq := uint64(1); seq <= 5; seq++ {
		c.final(c.must(c.nodeInfo(c.orgs[0], seq)) + 1)
	}
	c.eventually("a quorum has cosigned at each replica", func() bool {
		for _, o := range c.orgs {
			if p := c.node(o).Final(); len(p.Cosignatures) < 3 || time.Since(p.At) > time.Minute {
				return false
			}
		}
		return true
	})
	before := c.node(c.orgs[1]).Final()
	for _, s := range before.Cosignatures {
		if s.Verify(c.genesis.ID(), c.node(c.orgs[1]).decider.finals.after) != nil {
			t.Error("a cosignature does not verify")
		}
	}
	c.kill(c.orgs[1])
	c.start(c.orgs[1])
	c.final(6)
	if p := c.node(c.orgs[1]).Final(); p.Height < before.Height || p.At.Before(before.At) {
		t.Errorf("before the restart %d at %v, after it %d at %v", before.Height, before.At, p.Height, p.At)
	}
}

// Finality goes on with three of four, waits with two, and goes on when the third is back.
func TestFinalWaitsForAQuorum(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	c.kill(c.orgs[3])
	c.final(c.must(c.nodeInfo(c.orgs[0], 2)) + 1)
	c.kill(c.orgs[2])
	if err := c.node(c.orgs[0]).WaitFinal(within(t, 500*time.Millisecond), 4); err == nil {
		t.Error("four entries are final, and there are three")
	}
	c.start(c.orgs[2])
	c.final(c.must(c.nodeInfo(c.orgs[0], 3)) + 1)
	c.start(c.orgs[3])
	c.final(4)
}
