package okvs

import (
	"flag"
	"math"
	"testing"
)

var threshold = flag.Int("okvs.threshold", 0, "sets to peel for each expansion; 0 leaves the measurement out")

// TestThreshold measures how often more than a few keys resist peeling, at expansions lower than those in
// use, where it can be seen: what specs/bulk-psi.md compares with the fit for rows without thirds.
func TestThreshold(t *testing.T) {
	if *threshold == 0 {
		t.Skip("a measurement: -okvs.threshold 20000")
	}
	for _, c := range []struct {
		load  int
		e     float64
		slope float64
	}{{1024, 1.28, 228}, {1024, 1.30, 228}, {1024, 1.31, 228}, {4096, 1.25, 488}, {4096, 1.26, 488}, {4096, 1.265, 488}, {16384, 1.236, 1046}, {16384, 1.24, 1046}} {
		s := Shape{Bins: 1, Third: int(math.Ceil(float64(c.load) * c.e / 3))}
		e := NewEncoder(s)
		large, n := 0, *threshold*1024/c.load
		for i := range n {
			e.load(keysOf(uint64(i), c.load))
			e.peel()
			if c.load-len(e.stack) > 16 {
				large++
			}
		}
		t.Logf("load %5d, expansion %.3f: %d of %d, 2^%.1f; the fit says 2^%.1f", c.load, c.e, large, n,
			math.Log2(float64(large)/float64(n)), -(c.slope*(c.e-1.223) - 9.2))
	}
}
