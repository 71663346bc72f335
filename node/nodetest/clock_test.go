package nodetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node"
)

// clock is what all nodes of a consortium go by: the system's, and what a test has added.
type clock struct{ added atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.added.Load())) }

// on lets all nodes go by the clock.
func (c *clock) on(o Options) Options {
	before := o.Config
	o.Config = func(org string, cfg *node.Config) {
		cfg.Now = c.now
		if before != nil {
			before(org, cfg)
		}
	}
	return o
}

// step is how far a clock is put forward at once: as much as ledger time follows in one step, and less than
// makes what is final too old.
const step = 40 * time.Minute

// pass puts the clock forward and waits until ledger time has followed, everywhere and for good.
func (c *clock) pass(t *testing.T, of *Consortium, d time.Duration, names ...string) {
	t.Helper()
	for ; d > 0; d -= step {
		c.added.Add(int64(min(d, step)))
		target := c.now().Add(-time.Minute).UTC()
		of.Until("ledger time follows the clocks", func() bool {
			for _, name := range names {
				s, err := of.Hub(name).LedgerStatus(context.Background())
				if err != nil {
					return false
				}
				at, err := time.Parse(time.RFC3339, s.Time)
				if err != nil || at.Before(target) || s.Final.Size < s.Size {
					return false
				}
			}
			return true
		})
	}
}
