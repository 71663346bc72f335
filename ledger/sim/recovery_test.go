package sim

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crosslight/crosslight/ledger/ledgertest"
)

var partitions = flag.Int("sim.partitions", 8, "partitions that TestPartitions makes in each size of consortium")

// recovery is how long a consortium took to come back, in election timeouts.
type recovery []float64

func (r recovery) at(percent int) float64 {
	slices.Sort(r)
	return r[min(len(r)-1, len(r)*percent/100)]
}

func (r recovery) String() string {
	return fmt.Sprintf("p50 %.2f, p99 %.2f, longest %.2f", r.at(50), r.at(99), r[len(r)-1])
}

// outage measures one consortium through partitions of all kinds.
type outage struct {
	*Consortium
	org       ledgertest.Org
	seq       uint64
	leader    recovery // from the cut until the majority confirms an entry
	healed    recovery // from the healing until the consortium confirms an entry
	whole     recovery // from the healing until every node has executed it
	unsettled int
}

// TestPartitions cuts consortia of 3, 5 and 7 voters in every way and measures how long until they
// confirm entries again: after the cut, of the majority, and after the healing, of all. Nothing may be
// lost, and nobody accused.
func TestPartitions(t *testing.T) {
	for _, n := range []int{3, 5, 7} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir, began := t.TempDir(), time.Now()
			synctest.Test(t, func(t *testing.T) { measure(t, n, dir) })
			t.Logf("%d partitions in %v", *partitions, time.Since(began).Round(time.Millisecond))
		})
	}
}

func measure(t *testing.T, n int, dir string) {
	tr, err := NewTrace("")
	if err != nil {
		t.Fatal(err)
	}
	o := &outage{Consortium: Found(t, *seedFlag, n, dir, tr)}
	o.org = o.Nodes[0].Org
	o.Start()
	defer o.Stop()
	o.confirm()
	if _, err := o.Settle(2, settleLimit); err != nil { // a founder that holds nothing yet votes for nobody who does
		t.Fatal(err)
	}
	for i := range *partitions {
		o.cycle(Kinds()[i%len(Kinds())])
	}
	for _, fault := range o.Faults() {
		t.Error(fault)
	}
	if o.unsettled > 0 {
		t.Errorf("%d times the nodes did not agree within %v", o.unsettled, settleLimit)
	}
	t.Logf("%d voters, in election timeouts: majority after the cut %v; all after the healing %v; every node %v",
		n, o.leader, o.healed, o.whole)
}

// cycle cuts, waits for the majority, lets the cut last a while, heals and waits for all.
func (o *outage) cycle(kind Kind) {
	p := o.Partition(kind)
	defer p.Heal()
	if kind != Flapping {
		o.leader = append(o.leader, o.confirm())
	}
	time.Sleep(o.upTo(10 * Election))
	p.Heal()
	healed := time.Now()
	o.healed = append(o.healed, o.confirm())
	if _, err := o.Settle(o.seq+1, settleLimit); err != nil {
		o.T.Log(err)
		o.unsettled++
	}
	o.whole = append(o.whole, float64(time.Since(healed))/float64(Election))
	time.Sleep(o.upTo(2 * Election))
}

// confirm submits the next entry to whoever takes it, and returns how long that took in election
// timeouts.
func (o *outage) confirm() float64 {
	o.seq++
	raw, began := o.nodeInfo(o.org, o.seq, fmt.Sprintf("v%d", o.seq)), time.Now()
	done := make(chan uint64, len(o.Nodes))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, n := range o.Nodes { // all at once: a client cannot know who is cut off
		wg.Go(func() {
			for ctx.Err() == nil {
				attempt, cancel := context.WithTimeout(ctx, Election)
				index, err := Real{}.Submit(attempt, n, raw)
				cancel()
				if err == nil {
					done <- index
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	select {
	case index := <-done:
		if index != o.seq {
			o.T.Errorf("seed %d: entry %d stands at %d: another was lost", o.Seed, o.seq, index)
		}
	case <-time.After(settleLimit):
		for _, n := range o.Nodes {
			s := n.Replica().Status()
			o.T.Logf("%s: %s of term %d, log to %d, commit %d, leader %s, refused %v", n.Org.Name, s.Role, s.Term, s.LogIndex, s.Commit, o.name(s.Leader), s.Refused)
		}
		o.T.Fatalf("seed %d: entry %d is not confirmed within %v", o.Seed, o.seq, settleLimit)
	}
	return float64(time.Since(began)) / float64(Election)
}
