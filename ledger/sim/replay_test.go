package sim

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

var (
	replays = flag.Int("sim.replays", 1, "seeds that TestReplay runs twice")
	exact   = flag.Int("sim.exact", 0, "how many in a hundred of them must go the same way twice")
)

// childEnv marks a test binary that was started by another.
const childEnv = "CROSSLIGHT_SIM_CHILD"

// TestReplayChild is one history whose trace goes to the parent.
func TestReplayChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("runs in a process of its own, which TestReplay starts")
	}
	r := history(t, *seedFlag, *opsFlag, Plant{System: Real{}}, *traceFlag)
	for _, wrong := range r.faults {
		t.Errorf("seed %d: %s", *seedFlag, wrong)
	}
	fmt.Printf("trace %s of %d lines\n", r.trace, r.lines)
}

var traceLine = regexp.MustCompile(`(?m)^trace ([0-9a-f]{32}) of \d+ lines$`)

// replay runs a seed in a process with one processor and no randomness that is not the seed's, as far
// as Go lets one: raft draws its timeouts from math/rand.
func replay(t *testing.T, seed uint64, ops int) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestReplayChild$", "-test.count=1", "-test.timeout=60s",
		fmt.Sprintf("-sim.seed=%d", seed), fmt.Sprintf("-sim.ops=%d", ops))
	cmd.Env = append(os.Environ(), childEnv+"=1", "GOMAXPROCS=1", "GOGC=off",
		"GODEBUG=randautoseed=0,asyncpreemptoff=1")
	out, err := frozen(cmd, seed)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, out)
	}
	m := traceLine.FindSubmatch(out)
	if m == nil {
		t.Fatalf("seed %d says nothing of its trace:\n%s", seed, out)
	}
	return string(m[1])
}

// TestReplay runs seeds twice, in processes of their own, and compares digests of everything that
// happened. How many go the same way depends on how busy the machine is, so it is said, and held
// against a share only where -sim.exact gives one.
func TestReplay(t *testing.T) {
	same := 0
	began := time.Now()
	for i := range *replays {
		seed := *seedFlag + uint64(i)
		first := replay(t, seed, 200)
		if again := replay(t, seed, 200); first == again {
			same++
		}
	}
	t.Logf("%d of %d seeds went the same way twice, %v", same, *replays, time.Since(began).Round(time.Second))
	if 100*same < *exact**replays {
		t.Errorf("fewer than %d in a hundred", *exact)
	}
}
