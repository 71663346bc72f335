package replica

import (
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// finalWithin is how long something may take to become final in a test: a leader is watched for five seconds.
const finalWithin = 60 * time.Second

// A leader that raft is content with and that lets nothing become final is not listened to for a while; another
// is elected, and what had waited becomes final.
func TestStalledLeaderIsDeposed(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	cheat := c.leader()
	c.silence(cheat)
	size := c.must(c.nodeInfo(c.orgs[0], 2)) + 1
	for _, o := range c.orgs {
		if o == cheat {
			continue
		}
		if err := c.node(o).WaitFinal(within(t, finalWithin), size); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
	}
	if c.stalled() == 0 {
		t.Error("it became final without that")
	}
}

// stalled is how often a node has stopped listening to a leader that lets nothing become final.
func (c *consortium) stalled() (n uint64) {
	for _, o := range c.orgs {
		for reason, times := range c.node(o).Status().Refused {
			if strings.Contains(reason, "nothing become final") {
				n += times
			}
		}
	}
	return n
}

// A node goes on with the log key that the ledger has replaced until it is started again. Should it lead, it hands
// leadership over: it has no vote, and nothing would become final.
func TestLeaderWithoutVoteHandsOver(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	old := c.leader()
	size := c.rotate(old, member.Log)
	c.eventually("the voters of before have made it final", func() bool {
		p, ok := c.node(c.orgs[0]).FinalAt(size)
		return ok && p.Size == size
	})
	after := c.must(c.nodeInfo(c.orgs[1], c.next(c.orgs[1], member.Operator))) + 1
	for _, o := range c.orgs {
		if err := c.node(o).WaitFinal(within(t, finalWithin), after); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		c.node(o).ViewFinal(func(s *state.State, p FinalPoint) {
			if m, _ := s.Member(old.name); m.Keys.Log == member.PublicOf(old.keys[member.Log]) {
				t.Error("the key is the old one")
			}
		})
	}
	if leader := c.leader(); leader == old || c.stalled() > 0 {
		t.Errorf("%s leads, and %d nodes had to wait for that", leader.name, c.stalled())
	}
}

// silence keeps a node off the streams of finality, and of nothing else.
func (c *consortium) silence(o *org) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = o.peer()
	for conn, ends := range c.decisions {
		if ends[0] == o.peer() || ends[1] == o.peer() {
			_ = conn.Close()
		}
	}
}
