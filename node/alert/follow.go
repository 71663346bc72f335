package alert

import (
	"context"

	"github.com/crosslight/crosslight/node/store"
)

// next is closed when something is raised after this call.
func (d *Desk) next() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.news
}

// followPage is how many alerts a follower is handed from one reading.
const followPage = 500

// Follow calls each with every alert raised after the one numbered after, in order, and goes on with new
// ones until ctx ends or each fails; the error is theirs.
func (d *Desk) Follow(ctx context.Context, after int64, each func(store.Alert) error) error {
	for {
		news := d.next() // before reading, so that nothing falls between
		for {
			page, err := d.cfg.Store.AlertsAfter(ctx, after, followPage)
			if err != nil {
				return err
			}
			for _, a := range page {
				if err := each(a); err != nil {
					return err
				}
				after = a.Seq
			}
			if len(page) < followPage {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		}
	}
}
