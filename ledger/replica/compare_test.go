package replica

import (
	"errors"
	"sync"
	"testing"
)

// A voter that claims another root at a size that a node has reached is written down, whoever asked
// whom; one that is behind or ahead is not.
func TestForksAreNoticed(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	c.must(c.nodeInfo(c.orgs[0], 1))
	c.settle(2)
	victim, liar := c.node(c.leader()), c.follower()
	mine := victim.point()
	for _, p := range []point{mine, {Size: 1, Root: c.rootAt(victim, 1)}, {Size: 9, Root: [32]byte{1}}} {
		r, err := c.intrude(liar.peer(), c.leader()).say(request{Point: &p})
		if err != nil || r.Point == nil || *r.Point != mine {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if n := victim.Status().Refused[errFork.Error()]; n != 0 {
		t.Fatalf("%d forks where there are none", n)
	}
	if _, err := c.intrude(liar.peer(), c.leader()).say(request{Point: &point{Size: 2, Root: [32]byte{1}}}); err != nil {
		t.Fatal(err)
	}
	if n := victim.Status().Refused[errFork.Error()]; n != 1 {
		t.Errorf("%d forks counted", n)
	}
	if _, err := c.intrude("12D3KooWStranger", c.leader()).say(request{Point: &mine}); err == nil {
		t.Error("a stranger was answered")
	}
}

func (c *consortium) rootAt(r *Replica, size uint64) [32]byte {
	c.t.Helper()
	root, ok := r.RootAt(size)
	if !ok {
		c.t.Fatalf("no root at %d", size)
	}
	return root
}

// A replica that catches up gets the admission and the configuration that follows from it in one
// message: the configuration is judged by the state that the admission leads to.
func TestConfigurationOfTheSameMessage(t *testing.T) {
	c := newConsortium(t, 4)
	var mu sync.Mutex
	accused := 0
	c.evidence = func(Evidence) { mu.Lock(); accused++; mu.Unlock() }
	c.start(c.orgs...)
	behind := c.follower()
	c.kill(behind)
	newcomer := c.admitBy(3, "Member 5")
	c.eventually("raft has the newcomer", func() bool { return len(c.node(c.leader()).Status().NonVoters) == 1 })
	size := c.node(c.leader()).Status().Size
	c.start(behind, newcomer)
	for _, o := range []*org{behind, newcomer} {
		if err := c.node(o).WaitSize(within(t, patience), size); err != nil {
			t.Fatal(err)
		}
		c.eventually("the configuration is there", func() bool { return len(c.node(o).Status().NonVoters) == 1 })
	}
	mu.Lock()
	defer mu.Unlock()
	if accused != 0 {
		t.Errorf("an honest member was accused %d times", accused)
	}
	c.orgs = append(c.orgs, newcomer) // to be stopped with the others
}

func TestMalformedPointsAreRefused(t *testing.T) {
	good := point{Term: 1, Size: 1}
	for name, r := range map[string]request{
		"no entries":           {V: version, Point: &point{Term: 1}},
		"term above 2^48":      {V: version, Point: &point{Term: maxTerm + 1, Size: 1}},
		"size above 2^48":      {V: version, Point: &point{Size: maxTerm + 1}},
		"and something else":   {V: version, Point: &good, Timeout: &timeoutRequest{Now: true}},
		"of a version to come": {V: version + 1, Point: &good},
	} {
		if _, err := parseRequest(encoded(t, r)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseReply(encoded(t, reply{V: version, Point: &point{}})); !errors.Is(err, ErrMessage) {
		t.Errorf("in an answer: %v", err)
	}
	if r, err := parseRequest(encoded(t, request{V: version, Point: &good})); err != nil || *r.Point != good {
		t.Errorf("a good one: %v", err)
	}
}
