// Package bench measures Crosslight beside a baseline in one run, so that a figure is a ratio on one
// machine at one time and not a number from somewhere else (specs/cli.md, "bench").
//
// A baseline is honest: the same inputs, the same cores, the library that one would otherwise use.
// CPU time is what the operating system accounted to the processes, both parties added.
package bench

import (
	"bufio"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// Result is the frame that every bench prints.
type Result struct {
	Bench   string             `json:"bench"`
	Version string             `json:"version"`
	Commit  string             `json:"commit"`
	Go      string             `json:"go"`
	CPU     string             `json:"cpu"`
	Cores   int                `json:"cores"`
	Date    string             `json:"date"` // RFC 3339, UTC
	Seed    uint64             `json:"seed"`
	Params  map[string]any     `json:"params"`
	Figures map[string]any     `json:"figures"`
	Ratios  map[string]float64 `json:"ratios"`
	Targets []Target           `json:"targets"`
}

// Target is a figure or ratio to reach. Op is "<=" or ">=".
type Target struct {
	Key   string  `json:"key"`
	Limit float64 `json:"limit"`
	Op    string  `json:"op"`
	Met   bool    `json:"met"`
}

// Met says whether every target was met.
func (r Result) Met() bool {
	for _, t := range r.Targets {
		if !t.Met {
			return false
		}
	}
	return true
}

// newResult fills in where and when.
func newResult(name string, seed uint64, now time.Time) Result {
	return Result{
		Bench: name, Go: runtime.Version(), CPU: cpuModel(), Cores: runtime.GOMAXPROCS(0),
		Date: now.UTC().Format(time.RFC3339), Seed: seed,
		Params: map[string]any{}, Figures: map[string]any{}, Ratios: map[string]float64{}, Targets: []Target{},
	}
}

// target adds a target on key, which names a ratio or a figure that is a number.
func (r *Result) target(key, op string, limit float64) {
	value, ok := r.Ratios[key]
	if !ok {
		value, ok = r.Figures[key].(float64)
	}
	met := ok && (op == "<=" && value <= limit || op == ">=" && value >= limit)
	r.Targets = append(r.Targets, Target{Key: key, Limit: limit, Op: op, Met: met})
}

// cpuModel reads the processor's name where the system tells it.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// round keeps three decimals: more would pretend.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
