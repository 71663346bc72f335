package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// finalCluster is this ledger as nodes run it: an entry counts once it is final at the node that took it.
type finalCluster struct {
	*ownCluster

	mu    sync.Mutex
	extra []time.Duration // from committed to final, of each entry
}

// submit returns once the entry is final. What it took beyond committing is kept.
func (f *finalCluster) submit(ctx context.Context, raw []byte) error {
	leader, index, err := f.enter(ctx, raw)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := leader.WaitFinal(ctx, index+1); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.extra = append(f.extra, time.Since(start))
	return nil
}

// measureFinal runs the rounds of the fourth cluster. The members that were admitted before have their
// entries final, too, so what is measured begins with the first round that counts.
func measureFinal(ctx context.Context, o LedgerOptions, c *consortium, out *Result) (err error) {
	o.Say("founding the same with finality")
	own, err := openOwn(ctx, filepath.Join(o.Dir, "final"), c, true)
	if own != nil {
		defer func() { err = errors.Join(err, own.close()) }()
	}
	if err != nil {
		return err
	}
	f := &finalCluster{ownCluster: own}
	r := newRacer("final", o.Writers, f.submit, own.applied, own.close)
	for i := range o.Rounds + 1 { // the first warms up and does not count
		if err := r.run(ctx, o, c, i > 0); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if i == 0 {
			f.extra = nil
			continue
		}
		o.Say(fmt.Sprintf("round %d of %d: %s, %.0f a second", i, o.Rounds, r.name, r.rates[i-1]))
	}
	out.Figures["final_per_s"], out.Figures["final_p50_ms"] = round(r.perSecond()), round(r.median())
	out.Figures["final_cpu_us"] = round(r.perEntry())
	out.Figures["final_extra_ms"] = round(float64(middle(f.extra).Microseconds()) / 1000)
	return nil
}
