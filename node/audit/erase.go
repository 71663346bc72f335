package audit

import (
	"context"
	"errors"
	"slices"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
)

// erase ends the days whose retention is over, but those that a legal hold or an open audit keeps, and
// those that this member has not committed to yet. The key goes first: from then on nothing can be read,
// whatever a crash leaves of the rows, and the next call removes those.
func (k *Keeper) erase(ctx context.Context) error {
	days, err := k.cfg.Ring.Days()
	if err != nil {
		return err
	}
	rows, err := k.cfg.Store.OpeningDays(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if d := (keys.Day{Day: r[0], Until: r[1]}); !slices.Contains(days, d) {
			days = append(days, d) // its key is destroyed already
		}
	}
	for _, d := range days {
		over := false
		k.cfg.Ledger.View(func(s *state.State) {
			last, ok := s.Committed(k.cfg.Name)
			over = ok && d.Day <= last && s.Today() > d.Until && !s.Held(k.cfg.Name, d.Day)
		})
		if !over {
			continue
		}
		if e := k.eraseDay(ctx, d); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (k *Keeper) eraseDay(ctx context.Context, d keys.Day) error {
	k.mu.Lock()
	delete(k.seals, d)
	err := k.cfg.Ring.EraseDay(d)
	k.mu.Unlock()
	if err != nil {
		return err
	}
	n, err := k.cfg.Store.EraseOpenings(ctx, d.Day, d.Until)
	if err == nil {
		k.cfg.Log.Info("the retention of a day is over: its key is destroyed", "day", d.Day, "requests", n)
	}
	return err
}
