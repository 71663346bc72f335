package sim

import (
	"flag"
	"os"
	"testing"
)

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
