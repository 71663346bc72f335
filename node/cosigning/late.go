package cosigning

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// retry is when the members are asked again for the cosignatures of a hand-over. It may be that nobody has
// them any more, so the pause grows.
type retry struct {
	at    time.Time
	pause time.Duration
}

const (
	retryFirst = 2 * time.Second
	retryLast  = 10 * time.Minute
)

// fetchLate asks the members for the cosignatures with which earlier voters ended, as long as this node lacks
// them: without, its own export cannot show who votes now.
func (c *Cosigning) fetchLate(ctx context.Context) {
	for _, cp := range c.cfg.Ledger.Uncosigned() {
		r := c.later[cp.Size]
		if time.Now().Before(r.at) {
			continue
		}
		c.fetch(ctx, cp)
		r.pause = min(retryLast, max(retryFirst, 2*r.pause))
		r.at = time.Now().Add(r.pause)
		c.later[cp.Size] = r
	}
}

// fetch asks one member after the other until the hand-over is whole.
func (c *Cosigning) fetch(ctx context.Context, cp tlog.Checkpoint) {
	peers, _ := c.others()
	for _, peer := range peers {
		if ctx.Err() != nil {
			return
		}
		list, err := c.ask(ctx, peer, cp)
		if err != nil {
			c.cfg.Log.Debug("a member was not asked for old cosignatures", "peer", peer, "reason", err)
			continue
		}
		if c.cfg.Ledger.AddCosignatures(cp, list) > 0 && c.whole(cp) {
			c.cfg.Log.Info("has the cosignatures of a hand-over that it missed", "size", cp.Size)
			return
		}
	}
}

func (c *Cosigning) whole(cp tlog.Checkpoint) bool {
	for _, left := range c.cfg.Ledger.Uncosigned() {
		if left.Size == cp.Size {
			return false
		}
	}
	return true
}
