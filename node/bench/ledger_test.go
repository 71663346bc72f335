package bench

import (
	"context"
	"testing"
	"time"
)

// A small run gives every figure and ratio of the frame, and the restarted node has everything.
func TestLedger(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := Ledger(ctx, LedgerOptions{
		Dir: t.TempDir(), Voters: 3, Writers: 6, Entries: 5, Rounds: 1, Restart: 150, Seed: 1, Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"bare_per_s", "checked_per_s", "own_per_s", "bare_p50_ms", "checked_p50_ms", "own_p50_ms", "restart_s", "final_per_s", "final_p50_ms", "final_extra_ms"} {
		if v, ok := r.Figures[key].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", key, r.Figures[key])
		}
	}
	for _, key := range []string{"throughput_over_checked", "latency_over_checked", "throughput_over_bare"} {
		if r.Ratios[key] <= 0 {
			t.Errorf("%s is %v", key, r.Ratios[key])
		}
	}
	if extra, whole := r.Figures["final_extra_ms"].(float64), r.Figures["final_p50_ms"].(float64); extra >= whole {
		t.Errorf("final %v ms after committing, %v ms in all", extra, whole)
	}
	if len(r.Targets) != 3 {
		t.Errorf("%d targets", len(r.Targets))
	}
}

// The checked baseline refuses what the ledger refuses for its form or signature.
func TestCheckedBaselineChecks(t *testing.T) {
	c, err := foundConsortium(LedgerOptions{Voters: 3, Writers: 3, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := c.sign(make([]uint64, 3), 1)
	if err != nil {
		t.Fatal(err)
	}
	raw := signed[0][0]
	if err := c.check(raw); err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if c.check(raw) == nil {
		t.Error("a forged signature passed")
	}
}
