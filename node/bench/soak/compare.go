package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// compare finds out about what is in doubt, lets everything settle, and then holds every member's own
// indicators, and its view of everybody else's, alerts included, against the model.
func (s *soak) compare(ctx context.Context) error {
	for _, a := range s.actors {
		if err := a.resolve(ctx); err != nil {
			return fmt.Errorf("%s: find out what was done: %w", a.m.Name, err)
		}
	}
	pause(ctx, s.o.Settle+time.Second)
	for _, a := range s.actors {
		if err := a.compareOwn(ctx); err != nil {
			return fmt.Errorf("%s: list its own indicators: %w", a.m.Name, err)
		}
	}
	for _, a := range s.actors {
		if err := a.compareOthers(ctx); err != nil {
			return fmt.Errorf("%s: ask about everything: %w", a.m.Name, err)
		}
		if err := a.compareAlerts(ctx); err != nil {
			return fmt.Errorf("%s: list its alerts: %w", a.m.Name, err)
		}
	}
	return ctx.Err()
}

// compareOwn lists all that a member holds.
func (a *actor) compareOwn(ctx context.Context) error {
	h, err := a.m.Hub()
	if err != nil {
		return err
	}
	have := map[string]int{}
	f := hub.IndicatorFilter{PageRequest: hub.PageRequest{Limit: 1000}}
	for {
		page, err := h.Indicators(ctx, f)
		if err != nil {
			return err
		}
		for _, i := range page.Indicators {
			if i.Label.Reference != nil {
				have[*i.Label.Reference]++
			}
		}
		if page.Next == "" {
			break
		}
		f.Cursor = page.Next
	}
	want := a.s.model.holding(a.i)
	a.s.count(func(r *Report) {
		for name, n := range want {
			r.Lost += int64(max(0, n-have[name]))
		}
		for name, n := range have {
			r.Extra += int64(max(0, n-want[name]))
		}
	})
	return nil
}

// compareOthers asks about the whole pool. Everybody runs now.
func (a *actor) compareOthers(ctx context.Context) error {
	for from := 0; from < a.s.o.Pool; from += wholeAsk {
		var values []int
		for v := from; v < min(from+wholeAsk, a.s.o.Pool); v++ {
			values = append(values, v)
		}
		if err := a.askUntilWhole(ctx, values); err != nil {
			return err
		}
	}
	return nil
}

// askUntilWhole asks again where a holder was too busy to answer in full. Every answer is judged.
func (a *actor) askUntilWhole(ctx context.Context, values []int) error {
	for end := time.Now().Add(wholeWithin); ; {
		whole, err := a.question(ctx, values)
		if whole || err != nil {
			return err
		}
		if time.Now().After(end) {
			return errors.New("a holder that runs did not answer in full")
		}
		pause(ctx, time.Second)
	}
}

// wholeWithin is how long a holder that runs may be too busy.
const wholeWithin = 2 * time.Minute

// wholeAsk is how many values of the pool are asked about at once at the end.
const wholeAsk = 1000
