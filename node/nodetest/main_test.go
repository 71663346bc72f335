package nodetest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// sharing is how many tests share a core: a consortium mostly waits, for elections, for the next look at the
// ledger or for a clock.
const sharing = 2

// TestMain runs more tests at once than there are cores, where -parallel does not say otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", fmt.Sprint(sharing*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// repeats leaves a test out of a short run, which is for the race detector: it asks something else of a consortium
// than others do, and its goroutines meet as theirs.
func repeats(t *testing.T) {
	if testing.Short() {
		t.Skip("left out of a short run")
	}
}
