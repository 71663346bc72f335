package sim

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"testing"
	"time"
)

var replays = flag.Int("sim.replays", 3, "seeds that TestReplay runs twice")

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
	cmd := exec.Command(os.Args[0], "-test.run=^TestReplayChild$", "-test.count=1",
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

// TestReplay runs seeds twice and compares digests of everything that happened. It says how many went
// the same way; on a busy machine not all do. None, in several rounds, is a fault.
func TestReplay(t *testing.T) {
	same := 0
	began := time.Now()
	for range 6 {
		for i := range *replays {
			seed := *seedFlag + uint64(i)
			first := replay(t, seed, 200)
			if again := replay(t, seed, 200); first == again {
				same++
			}
		}
		if same > 0 {
			break
		}
	}
	t.Logf("%d of %d seeds went the same way twice, %v", same, *replays, time.Since(began).Round(time.Second))
	if same == 0 && runtime.GOOS == "linux" {
		t.Error("no seed replays")
	}
}
