package sim

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
)

var (
	seedFlag  = flag.Uint64("sim.seed", 1, "first seed of the simulated histories")
	histories = flag.Int("sim.histories", 3, "histories of TestLinearizable")
	opsFlag   = flag.Int("sim.ops", 500, "operations of each history")
	plantStep = flag.Int("sim.plants", 4, "every which planted bug TestPlanted plants; 1 is all")
	traceFlag = flag.String("sim.trace", "", "write what happened in each run of TestReplay to files whose names begin so")
)

// run is one history: who worked on what, and what came of it.
type run struct {
	rec    *Recorder
	leaves [][]byte
	storms map[string]int
	faults []string
	trace  string // digest
	lines  int
	took   time.Duration // simulated
}

// settleLimit is how long after a storm all nodes may take to agree, in simulated time. A node may be in
// the longest pause that raft makes between two tries, and an answer under way may time out first.
const settleLimit = 2 * time.Minute

// history lets clients work on a consortium of a size that the seed gives, in a storm.
func history(t *testing.T, seed uint64, ops int, plant Plant, trace string) (out run) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		tr, err := NewTrace(trace)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c := Found(t, seed, []int{3, 5, 4, 7}[seed%4], dir, tr)
		if seed%2 == 0 { // laggards get snapshots
			for _, n := range c.Nodes {
				n.Faults.SnapshotEvery, n.Faults.Trailing = 40, 20
			}
		}
		if plant.Disk != nil {
			plant.Disk(c)
		}
		c.Start()
		defer c.Stop()
		stop, done := make(chan struct{}), make(chan struct{})
		go func() { defer close(done); out.storms = c.Storm(stop) }()
		out.rec = c.Work(plant.System, ops)
		close(stop)
		<-done
		c.Blackout()
		out.leaves, err = c.Settle(c.confirmed(), settleLimit)
		if err == nil {
			err = c.Conclude(out.leaves, settleLimit)
		}
		out.faults = append(out.faults, c.Faults()...)
		if err != nil {
			out.faults = append(out.faults, err.Error())
		}
		if len(out.leaves) > 0 {
			out.faults = append(out.faults, out.rec.Judge(out.leaves)...)
		}
		out.trace, out.lines = tr.Sum()
		out.took = time.Since(began)
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	if len(out.leaves) == 0 {
		return out
	}
	switch linearizable(out.rec, out.leaves[0], time.Minute) {
	case porcupine.Illegal:
		out.faults = append(out.faults, "the history is not linearizable")
	case porcupine.Unknown:
		out.faults = append(out.faults, "the check of the history took too long")
	}
	return out
}

// TestLinearizable checks histories of clients that append and read while the network and the disks
// fail: no acknowledged entry is lost, none stands twice, what was refused left no trace, and appends,
// reads and verdicts on sequence numbers are linearizable.
func TestLinearizable(t *testing.T) {
	done := 0
	for i := range *histories {
		if late() {
			break
		}
		done++
		seed := *seedFlag + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := history(t, seed, *opsFlag, Plant{System: Real{}}, *traceFlag)
			for _, wrong := range r.faults {
				t.Errorf("seed %d: %s", seed, wrong)
			}
			if len(r.leaves) < *opsFlag/10 {
				t.Errorf("seed %d: only %d leaves came of %d operations", seed, len(r.leaves), *opsFlag)
			}
			t.Logf("%d leaves, %v simulated, %v", len(r.leaves), r.took.Round(time.Second), r.storms)
		})
	}
	t.Logf("%d histories", done)
}

// TestPlanted shows that the histories find bugs: those in Plants, each within a few seeds.
func TestPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("shows that the harness sees bugs, and takes seconds")
	}
	for i, p := range Plants() {
		if i%*plantStep != 0 {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			for seed := *seedFlag; seed < *seedFlag+plantSeeds; seed++ {
				if r := history(t, seed, 100, p, ""); len(r.faults) > 0 {
					t.Logf("found with seed %d: %s", seed, r.faults[0])
					return
				}
			}
			t.Errorf("not found in %d histories", plantSeeds)
		})
	}
}

// plantSeeds bounds how many histories may miss a bug that shows only at the wrong moment.
const plantSeeds = 40
