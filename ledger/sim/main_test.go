package sim

import (
	"flag"
	"os"
	"testing"
	"time"
)

var (
	forFlag = flag.Duration("sim.for", 0, "begin no new case of a test after so long, and say how many there were; 0 is no limit")
	began   = time.Now()
)

// late says whether no new case is to begin. The clock is the machine's: it is not for inside a bubble.
func late() bool { return *forFlag > 0 && time.Since(began) > *forFlag }

// TestMain takes a thin slice of every count under -short: the race detector makes each run ten times as
// long, and looks at how goroutines meet, not at how often.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		for _, count := range []*int{diskCases, kills, histories, partitions} {
			*count = min(*count, 2)
		}
		*opsFlag = min(*opsFlag, 200)
	}
	os.Exit(m.Run())
}
