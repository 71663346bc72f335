package replica

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
)

// fork has a cheat, who plays the leader, make two nodes execute two different entries at one index,
// in the terms given, and returns the two and the size at which they differ.
func (c *consortium) fork(cheat *org, terms [2]uint64, entries [2][]byte) (victims [2]*org, size uint64) {
	c.t.Helper()
	c.kill(cheat)
	leader := c.leader()
	for _, o := range c.orgs {
		if o != cheat && o != leader {
			victims = [2]*org{leader, o}
		}
	}
	c.eventually("the victims are alike", func() bool {
		a, b := c.node(victims[0]).Status(), c.node(victims[1]).Status()
		return a.LogIndex == b.LogIndex && a.Commit == b.Commit && a.Commit == a.LogIndex && a.Size == b.Size && a.Term == b.Term
	})
	before := c.node(victims[1]).Status()
	for i, o := range victims {
		r, err := c.intrude(cheat.peer(), o).say(request{Append: &appendRequest{
			Term: before.Term + terms[i], PrevIndex: before.LogIndex, PrevTerm: before.Term, Commit: before.LogIndex + 1,
			Entries: []logEntry{{Term: before.Term + terms[i], Data: entries[i]}},
		}})
		if err != nil || !r.OK {
			c.t.Fatalf("%s did not take it: %+v, %v", o.name, r, err)
		}
	}
	return victims, before.Size + 1
}

// agree waits until all running replicas have one history of at least size, and have it final.
func (c *consortium) agree(size uint64) {
	c.t.Helper()
	c.eventually("one history, final everywhere", func() bool {
		var root [32]byte
		for i, r := range c.running() {
			got, ok := r.RootAt(size)
			if p := r.Final(); !ok || p.Size < size || i > 0 && got != root {
				return false
			}
			root = got
		}
		return true
	})
}

func (c *consortium) running() (out []*Replica) {
	for _, o := range c.orgs {
		if r := c.node(o); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// Whatever two nodes were made to execute, in one term or in two, by one signer or by two: the honest
// end with one history, keep it over a restart, and go on.
func TestForksHeal(t *testing.T) {
	for _, tc := range []struct {
		name    string
		terms   [2]uint64
		signers [2]int
	}{
		{"one term, one signer", [2]uint64{50, 50}, [2]int{0, 0}},
		{"one term, two signers", [2]uint64{50, 50}, [2]int{0, 1}},
		{"the leader in the later term", [2]uint64{70, 50}, [2]int{0, 1}},
		{"the leader in the earlier term", [2]uint64{50, 70}, [2]int{0, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := deciding(t, 4)
			var mu sync.Mutex
			kinds := map[string]int{}
			c.evidence = func(e Evidence) { mu.Lock(); kinds[e.Kind]++; mu.Unlock() }
			c.start(c.orgs...)
			c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
			c.final(c.must(c.nodeInfo(c.orgs[1], 1)) + 1)
			cheat := c.follower()
			var entries [2][]byte
			for i, n := range tc.signers {
				raw, err := entry.NewNodeInfo(c.signer(c.orgs[n], member.Operator), 2, []string{"/ip4/127.0.0.1/tcp/9"}, fmt.Sprintf("v9.%d.0", i))
				if err != nil {
					t.Fatal(err)
				}
				entries[i] = raw
			}
			victims, size := c.fork(cheat, tc.terms, entries)
			c.agree(size)
			mu.Lock()
			if kinds[EvidenceFork]+kinds[EvidenceRewrite] == 0 || (tc.signers[0] == tc.signers[1]) != (kinds[EvidenceEntries] > 0) {
				t.Errorf("evidence: %v", kinds)
			}
			mu.Unlock()
			for _, o := range victims {
				root := c.rootAt(c.node(o), size)
				c.kill(o)
				c.start(o)
				c.eventually(o.name+" is back", func() bool { return c.node(o).Final().Size >= size })
				if c.rootAt(c.node(o), size) != root {
					t.Errorf("%s has another history after a restart", o.name)
				}
			}
			c.start(cheat)
			c.agree(c.must(c.nodeInfo(c.orgs[2], 1)) + 1)
		})
	}
}

// An idle ledger is cosigned again before its final checkpoint is too old.
func TestIdleLedgerIsCosignedAgain(t *testing.T) {
	c := deciding(t, 3)
	c.age = 4 * time.Second // cosignatures are in whole seconds
	c.start(c.orgs...)
	c.final(1)
	first := c.node(c.orgs[0]).Final()
	c.eventually("it is cosigned again", func() bool {
		for _, r := range c.running() {
			if p := r.Final(); p.Height < first.Height+2 || p.Size != first.Size || p.At.Before(first.At.Add(time.Second)) {
				return false
			}
		}
		return true
	})
}

// A cosigner whose clock is far ahead makes nothing look fresher than it is.
func TestCosignaturesFromTheFutureDoNotCount(t *testing.T) {
	c := deciding(t, 3)
	c.clock = map[string]time.Duration{c.orgs[0].peer(): time.Hour}
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	c.eventually("the others have cosigned", func() bool {
		for _, o := range c.orgs[1:] {
			if p := c.node(o).Final(); len(p.Cosignatures) != 2 || p.At.After(time.Now().Add(time.Minute)) {
				return false
			}
		}
		return true
	})
}

// What a node has echoed it serves though another history has taken its place, also after a restart.
func TestEchoedLeavesAreServed(t *testing.T) {
	c := deciding(t, 4)
	o := c.orgs[0]
	c.start(o) // alone: nothing becomes final
	r := c.node(o)
	d := r.decider
	own := [][]byte{c.genesis.Raw(), c.nodeInfo(o, 1)}
	v := finality.Value{Size: 2, Root: rootOf(own)}
	r.kill(t)
	c.take(o)
	d.kept = []finality.Value{v}
	if err := d.putAside(own, own[:1]); err != nil {
		t.Fatal(err)
	}
	c.start(o)
	a := historyAsk{version, 1, rootOf(own[:1]), 2, v.Root}
	for _, r := range []*Replica{c.node(o)} {
		head, leaves := r.findHistory(a)
		if head.To != 2 || len(leaves) != 1 || string(leaves[0]) != string(own[1]) {
			t.Errorf("%+v, %d leaves", head, len(leaves))
		}
		a.Root[0] ^= 1
		if head, _ := r.findHistory(a); head.To != 0 {
			t.Errorf("a history that nobody has: %+v", head)
		}
	}
}

func (r *Replica) kill(t testing.TB) {
	t.Helper()
	if err := r.shutdown(false); err != nil {
		t.Fatal(err)
	}
}
