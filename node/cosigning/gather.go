package cosigning

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Gather asks every member without a vote, and the witnesses, for their cosignatures of c, all at once, and
// returns those that verify, one a key, in ascending order of name. It ends when each has answered or
// failed, or with ctx; that some did not answer is no error.
func (c *Cosigning) Gather(ctx context.Context, signed tlog.CosignedCheckpoint) []tlog.Cosignature {
	c.follow()
	out := c.held(signed.Checkpoint)
	_, cosigners := c.others()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for peer, key := range cosigners {
		wg.Go(func() {
			list, err := c.ask(ctx, peer, signed.Checkpoint)
			if err != nil {
				c.cfg.Log.Debug("a member was not asked for its cosignature", "peer", peer, "reason", err)
			}
			for _, s := range list {
				if s.Verify(signed.Checkpoint, key) == nil {
					mu.Lock()
					out = append(out, s)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Go(func() {
		list := c.witnesses(ctx, signed)
		mu.Lock()
		defer mu.Unlock()
		out = append(out, list...)
	})
	wg.Wait()
	return distinct(out)
}

// distinct orders cosignatures as they stand beneath a checkpoint, one a key.
func distinct(list []tlog.Cosignature) []tlog.Cosignature {
	slices.SortFunc(list, func(a, b tlog.Cosignature) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(list, func(a, b tlog.Cosignature) bool { return a.Name == b.Name && a.ID == b.ID })
}
