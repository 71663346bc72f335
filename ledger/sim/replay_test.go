package sim

import (
	"flag"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"testing"
	"time"
)

var (
	replays = flag.Int("sim.replays", 1, "seeds that TestReplay runs twice")
	exact   = flag.Int("sim.exact", everywhere(), "how many in a hundred of them must go the same way twice")
)

// everywhere is a hundred where nothing in a child depends on the machine's clock; see frozen.
func everywhere() int {
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return 100
	}
	return 0
}

// childEnv marks a test binary that was started by another.
const childEnv = "CROSSLIGHT_SIM_CHILD"

// TestReplayChild is one history whose trace goes to the parent.
func TestReplayChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("runs in a process of its own, which TestReplay starts")
	}
	began := beginning()
	if want := os.Getenv(beginEnv); want != anyBeginning && want != began {
		fmt.Println("began in another way")
		return
	}
	r := history(t, *seedFlag, *opsFlag, Plant{System: Real{}}, *traceFlag)
	for _, wrong := range r.faults {
		t.Errorf("seed %d: %s", *seedFlag, wrong)
	}
	fmt.Printf("trace %s of %d lines, begun as %s\n", r.trace, r.lines, began)
}

// Before main, goroutines of Go's runtime meet in an order that threads race for, which leaves its
// randomness in one of a few states. A child is told in which the run that is to be replayed began, and
// gives up at once if its own is another.
const (
	beginEnv     = childEnv + "_BEGIN"
	anyBeginning = "................" // as long as one: the size of the environment moves allocations
	mostBegins   = 200                // children that may begin in another way
)

// beginning is a digest of the randomness of the runtime: of what it gives to programs and maps, and of
// what orders the cases of a select.
func beginning() string {
	one, two, order := make(chan struct{}), make(chan struct{}), uint64(0)
	close(one)
	close(two)
	for range 64 {
		order <<= 1
		select {
		case <-one:
		case <-two:
			order |= 1
		}
	}
	return fmt.Sprintf("%016x", rand.Uint64()^bits.RotateLeft64(order*0x9e3779b97f4a7c15, 17))
}

var traceLine = regexp.MustCompile(`(?m)^trace ([0-9a-f]{32}) of \d+ lines, begun as ([0-9a-f]{16})$`)

// replay runs a seed in a process with one processor and no randomness that is not the seed's (raft draws
// its timeouts from math/rand), and returns the digest of what happened and how the process began; begin
// is how it must.
func replay(t *testing.T, seed uint64, ops int, trace, begin string) (digest, began string) {
	t.Helper()
	for range mostBegins {
		cmd := exec.Command(os.Args[0], "-test.run=^TestReplayChild$", "-test.count=1", "-test.timeout=0",
			fmt.Sprintf("-sim.seed=%d", seed), fmt.Sprintf("-sim.ops=%d", ops))
		if *traceFlag != "" {
			cmd.Args = append(cmd.Args, fmt.Sprintf("-sim.trace=%s-%d-%s", *traceFlag, seed, trace))
		}
		cmd.Env = append(os.Environ(), childEnv+"=1", beginEnv+"="+begin, "GOMAXPROCS=1", "GOGC=off",
			"GODEBUG=randautoseed=0,asyncpreemptoff=1")
		out, err := frozen(cmd, seed)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, out)
		}
		if m := traceLine.FindSubmatch(out); m != nil {
			return string(m[1]), string(m[2])
		}
		if begin == anyBeginning {
			t.Fatalf("seed %d says nothing of its trace:\n%s", seed, out)
		}
	}
	t.Logf("seed %d: no child in %d begins as the first did", seed, mostBegins)
	return "", ""
}

// TestReplay runs seeds twice, in processes of their own, and compares digests of everything that
// happened.
func TestReplay(t *testing.T) {
	same, done, start := 0, 0, time.Now()
	for i := range *replays {
		if late() {
			break
		}
		done++
		seed := *seedFlag + uint64(i)
		first, began := replay(t, seed, 200, "first", anyBeginning)
		if again, _ := replay(t, seed, 200, "again", began); first == again {
			same++
		} else {
			t.Logf("seed %d went two ways", seed)
		}
	}
	t.Logf("%d of %d seeds went the same way twice, %v", same, done, time.Since(start).Round(time.Second))
	if 100*same < *exact*done {
		t.Errorf("fewer than %d in a hundred", *exact)
	}
}
