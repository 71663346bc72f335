package alert

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/node/store"
)

// Release raises what a quarantine holds. A crash in between is made good by [Desk.Run].
func (d *Desk) Release(ctx context.Context, quarantine int64) error {
	if err := d.cfg.Store.Settle(ctx, quarantine, store.QuarantineReleasing); err != nil {
		return err
	}
	return d.release(context.WithoutCancel(ctx), quarantine)
}

func (d *Desk) release(ctx context.Context, quarantine int64) error {
	d.raising.Lock()
	defer d.raising.Unlock()
	q, err := d.cfg.Store.Quarantine(ctx, quarantine)
	if err != nil {
		return err
	}
	for {
		raised, done, err := d.cfg.Store.Release(ctx, quarantine, perStep, d.cfg.Limits.PerValue, d.ids)
		if errors.Is(err, store.ErrNotFound) {
			return nil // released in full already
		}
		if err != nil {
			return fmt.Errorf("part of the quarantine is released, the node goes on when it starts next: %w", err)
		}
		d.announce(q.Holder, len(raised))
		if done {
			return nil
		}
	}
}

// Drop has what a quarantine holds never raise an alert.
func (d *Desk) Drop(ctx context.Context, quarantine int64) error {
	return d.cfg.Store.Settle(ctx, quarantine, store.QuarantineDropped)
}
