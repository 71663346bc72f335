package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/watch"
)

// What queries asked about is kept, sealed as watches are, so that a query can become a watch: not of
// large ones, whose file is at hand, and not for ever.
const (
	maxKept  = 10_000 // indicators
	keptDays = 30
)

// keepQuestions keeps what a query asks about, beside the asking; wait returns when that is over. A query is
// not spoilt where it fails, and what is kept of one that a crash ends is found by nobody, and erased in time.
func (h *Hub) keepQuestions(ctx context.Context, id string, at time.Time, q *questions) (wait func()) {
	if q.count() == 0 || q.count() > maxKept {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.writeQuestions(ctx, id, at, q)
	}()
	return func() { <-done }
}

func (h *Hub) writeQuestions(ctx context.Context, id string, at time.Time, q *questions) {
	key := watch.NewKey()
	err := h.cfg.Store.KeepQuestions(ctx, id, at, key.Seal(h.watching.ring, id), watch.Runs(key, id, q.types(), q.elements))
	if err != nil {
		h.cfg.Log.Warn("what a query asked about could not be kept: it cannot become a watch", "query", id, "error", err)
	}
}

// overtake takes over the purpose and the case reference of a past query, where the watch names none.
func (h *Hub) overtake(ctx context.Context, req *hub.WatchRequest) error {
	if req.Query == "" {
		return nil
	}
	past, err := h.cfg.Store.Query(ctx, req.Query)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: no query %q here: `crosslight query list` shows them", hub.ErrNotFound, req.Query)
	}
	if err != nil {
		return classed(err)
	}
	if req.Purpose == "" {
		req.Purpose = past.Purpose
	}
	if req.Case == "" {
		req.Case = past.Case
	}
	return nil
}

// recollect adds what a past query asked about.
func (h *Hub) recollect(ctx context.Context, id string, q *questions) error {
	sealed, runs, err := h.cfg.Store.Questions(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: what query %q asked about is not kept any more (it is for %d days, of up to %d indicators): give the values or the file again",
			hub.ErrNotFound, id, keptDays, maxKept)
	}
	if err != nil {
		return err
	}
	key, err := watch.OpenKey(h.watching.ring, id, sealed)
	if err != nil {
		return err
	}
	for _, r := range runs {
		elements, err := watch.OpenRun(key, id, r)
		if err != nil {
			return err
		}
		for _, e := range elements {
			if err := q.add(r.Type, e.Digest, e.Reference); err != nil {
				return err
			}
		}
	}
	return nil
}

// eraseQuestions erases what old queries asked about, now and then, until ctx ends.
func (h *Hub) eraseQuestions(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := h.cfg.Store.DropQuestions(ctx, h.cfg.Now().AddDate(0, 0, -keptDays)); err != nil && ctx.Err() == nil {
			h.cfg.Log.Warn("what old queries asked about could not be erased; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
