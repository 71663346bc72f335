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

// A node that may have lost what it had signed does not vote at the height after the first final that it
// learns of, also after a restart, and does again after that.
func TestForgottenStateDoesNotVote(t *testing.T) {
	c := deciding(t, 4)
	late := c.orgs[3]
	c.start(c.orgs[:3]...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	c.start(late)
	d := c.node(late).decider
	c.final(2)
	c.kill(late)
	if d.muted == 0 || d.muted <= d.finals.height() {
		t.Fatalf("it votes from height %d on, and is at %d", d.muted+1, d.finals.height())
	}
	c.start(late)
	if again := c.node(late).decider; again.muted != d.muted {
		t.Errorf("after a restart it does not vote at %d, before at %d", again.muted, d.muted)
	}
	c.final(c.must(c.nodeInfo(c.orgs[0], 2)) + 1)
	c.kill(c.orgs[2]) // from now on its vote is needed
	c.final(c.must(c.nodeInfo(c.orgs[0], 3)) + 1)
}

// BenchmarkFinal measures what finality adds to a commit: four voters in one process, default commit
// interval, one entry at a time.
func BenchmarkFinal(b *testing.B) {
	c := deciding(b, 4)
	c.commit = Timing{}.withDefaults().Commit
	c.start(c.orgs...)
	c.final(1)
	leader := c.node(c.leader())
	var commit, extra time.Duration
	seq := uint64(0)
	for b.Loop() {
		seq++
		raw, start := c.nodeInfo(c.orgs[0], seq), time.Now()
		r, err := leader.Submit(within(b, 20*time.Second), raw)
		if err != nil {
			b.Fatal(err)
		}
		committed := time.Now()
		if err := leader.WaitFinal(within(b, 20*time.Second), r.Index+1); err != nil {
			b.Fatal(err)
		}
		commit, extra = commit+committed.Sub(start), extra+time.Since(committed)
	}
	b.ReportMetric(commit.Seconds()*1000/float64(seq), "commit_ms")
	b.ReportMetric(extra.Seconds()*1000/float64(seq), "final_extra_ms")
}
