package bench

import (
	"time"

	"github.com/crosslight/crosslight/node/bench/soak"
)

// Targets of the soak: nothing lost, and a node that works all the time stays level.
const (
	limitGoroutines = 1.2
	limitResident   = 1.25
)

// Soak puts what a soak found in the frame of a bench.
func Soak(o soak.Options, found soak.Report, start time.Time) Result {
	r := newResult("soak", o.Seed, start)
	r.Params["seconds"], r.Params["pool"], r.Params["batch"] = o.For.Seconds(), o.Pool, o.Batch
	r.Params["settle_s"], r.Params["outage_s"], r.Params["pause_s"] = o.Settle.Seconds(), o.Outage.Seconds(), o.Pause.Seconds()
	for key, n := range map[string]int64{
		"imports": found.Imports, "imported": found.Imported, "withdrawals": found.Withdrawals,
		"questions": found.Questions, "matches": found.Matches, "alerts": found.Alerts, "broken": found.Broken, "kills": found.Kills,
	} {
		r.Figures[key] = n
	}
	const mb = 1 << 20
	r.Figures["goroutines_first"], r.Figures["goroutines_last"] = found.First.Goroutines, found.Last.Goroutines
	r.Figures["rss_first_mb"], r.Figures["rss_last_mb"] = round(float64(found.First.Resident)/mb), round(float64(found.Last.Resident)/mb)
	for _, wrong := range []struct {
		key string
		n   int64
	}{{"missed", found.Missed}, {"spurious", found.Spurious}, {"repeated", found.Repeated}, {"torn", found.Torn}, {"lost", found.Lost}, {"extra", found.Extra}} {
		r.Figures[wrong.key] = float64(wrong.n)
		r.target(wrong.key, "<=", 0)
	}
	r.Ratios["goroutines_growth"], r.Ratios["rss_growth"] = round(found.GoroutinesGrowth), round(found.ResidentGrowth)
	r.target("goroutines_growth", "<=", limitGoroutines)
	r.target("rss_growth", "<=", limitResident)
	return r
}
