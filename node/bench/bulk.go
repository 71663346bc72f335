package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/crosslight/crosslight/privacy/bulk"
)

// BulkOptions sets the sizes of the bulk bench.
type BulkOptions struct {
	N      int // one equal size; 0 is the whole list
	Mode   bulk.Mode
	Sample int // elements that the baseline is measured with
	Seed   uint64
	Now    time.Time
	Say    func(string) // progress; may be nil
	// Parties runs both parties of a session as two processes and returns what each measured.
	Parties func(ctx context.Context, receiver, sender BulkParty) (BulkMeasure, BulkMeasure, error)
}

// BulkParty is what one party's process is to do.
type BulkParty struct {
	Role   string // "receiver" or "sender"
	Own    int
	Peer   int
	Common int // digests that both have
	Mode   bulk.Mode
	Seed   uint64
}

// BulkMeasure is what one party's process found. Inputs were in memory before any clock ran.
type BulkMeasure struct {
	CPU     time.Duration `json:"cpu_ns"`  // user and system, from the start on
	Wall    time.Duration `json:"wall_ns"` // from the start on
	Bytes   int64         `json:"bytes"`   // sent, frames included
	MaxRSS  int64         `json:"max_rss_bytes"`
	Matches int           `json:"matches"`
}

// BulkRun is one line of the result. Bytes are over the larger set's size, ECDH over every element of both.
type BulkRun struct {
	NA              int     `json:"n_a"` // the receiver's
	NB              int     `json:"n_b"`
	CPU             float64 `json:"cpu_s"`
	Wall            float64 `json:"wall_s"`
	BytesPerElement float64 `json:"bytes_per_element"`
	MaxRSS          float64 `json:"max_rss_mb"` // of the party that took more
	ECDH            float64 `json:"ecdh_cpu_s_per_element"`
	Security        string  `json:"security"`
}

// BulkRuns prints a line a run.
type BulkRuns []BulkRun

func (rs BulkRuns) String() string {
	var b strings.Builder
	for i, r := range rs {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%d×%d: %.3f s CPU, %.3f s, %.1f B, %.0f MB", r.NA, r.NB, r.CPU, r.Wall, r.BytesPerElement, r.MaxRSS)
	}
	return b.String()
}

// Targets of the bulk bench, at 2^20 against 2^20 but for the small one at 2^16.
const (
	limitBulkCPU      = 1.7
	limitBulkWall     = 1.2
	limitBulkBytes    = 60
	limitBulkRSS      = 350
	limitBulkSmallCPU = 0.15
	minECDHOverBulk   = 60
	bulkLarge         = 1 << 20
	bulkSmall         = 1 << 16
)

// Bulk measures set against set between two processes on loopback, beside an intersection by
// Diffie–Hellman over this program's own group on all cores. The baseline is measured with a sample and
// scaled: its cost is linear in the elements.
func Bulk(ctx context.Context, o BulkOptions) (Result, error) {
	if o.N < 0 || o.N > bulk.MaxItems || o.Sample < 64 {
		return Result{}, ErrOptions
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	sizes := [][2]int{{bulkSmall, bulkSmall}, {bulkLarge, bulkLarge}, {1 << 22, 1 << 22}, {1 << 10, bulkLarge}, {bulkLarge, 1 << 10}}
	if o.N > 0 {
		sizes = [][2]int{{o.N, o.N}}
	}
	o.Say(fmt.Sprintf("measuring the baseline with %d elements", o.Sample))
	ecdh, err := ecdhPerElement(o.Sample, o.Seed)
	if err != nil {
		return Result{}, fmt.Errorf("baseline: %w", err)
	}
	r := newResult("bulk", o.Seed, o.Now)
	r.Params["n"], r.Params["ecdh_sample"] = o.N, o.Sample
	r.Params["ecdh"] = "ristretto255 of this program, all cores, sampled and scaled by elements"
	r.Params["mode"] = map[bulk.Mode]string{bulk.Fast: "fast", bulk.Compact: "compact"}[o.Mode]
	runs := BulkRuns{}
	for _, size := range sizes {
		o.Say(fmt.Sprintf("%d against %d", size[0], size[1]))
		run, err := bulkRun(ctx, o, size[0], size[1])
		if err != nil {
			return Result{}, fmt.Errorf("%d against %d: %w", size[0], size[1], err)
		}
		run.ECDH = ecdh.Seconds()
		runs = append(runs, run)
		bulkTargets(&r, run)
	}
	r.Figures["runs"] = runs
	return r, nil
}

func bulkRun(ctx context.Context, o BulkOptions, nReceiver, nSender int) (BulkRun, error) {
	common := min(nReceiver, nSender) / 2
	receiver := BulkParty{Role: "receiver", Own: nReceiver, Peer: nSender, Common: common, Mode: o.Mode, Seed: o.Seed}
	sender := BulkParty{Role: "sender", Own: nSender, Peer: nReceiver, Common: common, Mode: o.Mode, Seed: o.Seed}
	a, b, err := o.Parties(ctx, receiver, sender)
	if err != nil {
		return BulkRun{}, err
	}
	if a.Matches != common {
		return BulkRun{}, fmt.Errorf("%d matches where there are %d", a.Matches, common)
	}
	return BulkRun{
		NA: nReceiver, NB: nSender,
		CPU: round((a.CPU + b.CPU).Seconds()), Wall: round(max(a.Wall, b.Wall).Seconds()),
		BytesPerElement: round(float64(a.Bytes+b.Bytes) / float64(max(nReceiver, nSender))),
		MaxRSS:          round(float64(max(a.MaxRSS, b.MaxRSS)) / 1e6),
		Security:        "malicious",
	}, nil
}

// bulkTargets adds the figures that have targets.
func bulkTargets(r *Result, run BulkRun) {
	if run.NA != run.NB {
		return
	}
	switch run.NA {
	case bulkSmall:
		r.Figures["cpu_s_2e16"] = run.CPU
		r.target("cpu_s_2e16", "<=", limitBulkSmallCPU)
	case bulkLarge:
		r.Figures["cpu_s"], r.Figures["wall_s"] = run.CPU, run.Wall
		r.Figures["bytes_per_element"], r.Figures["max_rss_mb"] = run.BytesPerElement, run.MaxRSS
		r.Ratios["ecdh_over_bulk"] = round(run.ECDH * 2 * bulkLarge / run.CPU)
		r.target("cpu_s", "<=", limitBulkCPU)
		r.target("wall_s", "<=", limitBulkWall)
		r.target("bytes_per_element", "<=", limitBulkBytes)
		r.target("max_rss_mb", "<=", limitBulkRSS)
		r.target("ecdh_over_bulk", ">=", minECDHOverBulk)
	}
}
