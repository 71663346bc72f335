package soak

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/node/hub"
)

// watched says whether members watch a value: every other one, so that a watch is not the whole pool.
func watched(v int) bool { return v%2 == 0 }

// addWatch has a member watch its part of the pool, before anything is imported.
func (a *actor) addWatch(ctx context.Context) error {
	h, err := a.m.Hub()
	if err != nil {
		return err
	}
	var values []int
	for v := range a.s.o.Pool {
		if watched(v) {
			values = append(values, v)
		}
	}
	w, err := h.AddWatch(ctx, hub.WatchRequest{
		Name: "soak", Feed: hub.FeedOptions{Format: "csv"}, Purpose: a.s.o.Purpose, Case: "soak",
	}, strings.NewReader(feed(values, strconv.Itoa)))
	if err != nil {
		return fmt.Errorf("%s: add a watch: %w", a.m.Name, err)
	}
	a.watch = w.ID
	return nil
}

// sight names a value at a holder.
type sight struct{ holder, value int }

// compareAlerts holds all alerts of a member against what the others ever held: what they hold now was
// alerted, nothing that they never held, and everything once.
func (a *actor) compareAlerts(ctx context.Context) error {
	raised, err := a.alerts(ctx)
	if err != nil {
		return err
	}
	a.s.count(func(r *Report) {
		for at, times := range raised {
			r.Alerts++
			r.Repeated += int64(times - 1)
			if !a.s.model.everHeld(at.holder, at.value) {
				r.Spurious++
				a.s.o.Say(fmt.Sprintf("%s was alerted of value %d at member %d, which never held it", a.m.Name, at.value, at.holder))
			}
		}
		for holder := range a.s.actors {
			if holder == a.i {
				continue
			}
			for _, v := range a.s.model.holds(holder) {
				if watched(v) && raised[sight{holder, v}] == 0 {
					r.Missed++
					a.s.o.Say(fmt.Sprintf("%s was not alerted of value %d at member %d", a.m.Name, v, holder))
				}
			}
		}
	})
	return nil
}

// alerts counts the alerts of the member's watch.
func (a *actor) alerts(ctx context.Context) (map[sight]int, error) {
	h, err := a.m.Hub()
	if err != nil {
		return nil, err
	}
	out := map[sight]int{}
	f := hub.AlertFilter{Watch: a.watch, PageRequest: hub.PageRequest{Limit: 1000}}
	for {
		page, err := h.Alerts(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Alerts {
			if x.Reference == nil {
				return nil, errors.New("an alert came without the reference of its line")
			}
			v, err := strconv.Atoi(*x.Reference)
			holder, ok := a.s.model.index[x.Holder]
			if err != nil || !ok {
				return nil, errors.New("an alert came with a foreign reference or holder")
			}
			out[sight{holder, v}]++
		}
		if page.Next == "" {
			return out, nil
		}
		f.Cursor = page.Next
	}
}
