package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// perExchange is how many elements one exchange is about: what is in memory at a time, and after how many
// a change of policy, of epoch or of the watches is looked at.
const perExchange = 16 * RunSize

// holder brings all watches up to date with one holder, as far as it goes.
func (e *Enroller) holder(ctx context.Context, h Holder) {
	watches, err := e.cfg.Store.AllWatches(ctx)
	if err != nil {
		e.pause(h.Name)
		return
	}
	taken := map[indicator.Type]uint64{} // elements of the watches so far, which the watch size bounds
	for _, w := range watches {
		if len(w.Holders) > 0 && !slices.Contains(w.Holders, h.Name) {
			continue
		}
		opened, err := Open(e.cfg.Ring, w)
		if err == nil {
			err = e.watch(ctx, opened, h, taken)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) { // a removed watch is none
			e.cfg.Log.Warn("a watch could not be enrolled; trying again", "watch", w.ID, "holder", h.Name, "error", err)
			e.pause(h.Name)
		}
	}
}

// watch brings one watch up to date, type by type.
func (e *Enroller) watch(ctx context.Context, w Watch, h Holder, taken map[indicator.Type]uint64) error {
	runs, err := e.cfg.Store.Runs(ctx, w.Seq)
	if err != nil {
		return err
	}
	spans, err := e.cfg.Store.Spans(ctx, w.Seq, h.Name, h.Epoch)
	if err != nil {
		return err
	}
	before, err := e.hindrances(ctx, w, h)
	if err != nil {
		return err
	}
	for _, t := range typesOf(runs) {
		missing := []stretch{}
		for _, r := range runs {
			if r.Type == t {
				taken[t] += uint64(r.Count)
				missing = append(missing, gaps(r, spans)...)
			}
		}
		now, err := e.typ(ctx, w, h, t, taken[t], missing, before[t])
		if err == nil {
			err = e.hinder(ctx, w, h, t, before[t], now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func typesOf(runs []store.Run) (out []indicator.Type) {
	for _, r := range runs {
		if !slices.Contains(out, r.Type) {
			out = append(out, r.Type)
		}
	}
	return out
}

func (e *Enroller) hindrances(ctx context.Context, w Watch, h Holder) (map[indicator.Type]Hindrance, error) {
	all, err := e.cfg.Store.Hindrances(ctx, w.Seq)
	out := map[indicator.Type]Hindrance{}
	for _, x := range all {
		if x.Holder == h.Name {
			out[x.Type] = Hindrance{x.Status, x.Detail, x.Until}
		}
	}
	return out, err
}

// hinder notes what keeps a holder from the rest, where that has changed.
func (e *Enroller) hinder(ctx context.Context, w Watch, h Holder, t indicator.Type, before, now Hindrance) error {
	if before.Status == now.Status && before.Detail == now.Detail && sameTime(before.Until, now.Until) {
		return nil
	}
	return e.cfg.Store.SetHindrance(ctx, store.Hindrance{
		Watch: w.Seq, Holder: h.Name, Type: t, Status: now.Status, Detail: now.Detail, Until: now.Until,
	})
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.UnixMilli() == b.UnixMilli()
}

// typ asks about what is missing of one type until nothing is, or something hinders it. total is how many
// elements of the type this watch and those before it have.
func (e *Enroller) typ(ctx context.Context, w Watch, h Holder, t indicator.Type, total uint64, missing []stretch, before Hindrance) (Hindrance, error) {
	if len(missing) == 0 {
		return Hindrance{}, nil
	}
	if before.Until != nil && e.cfg.Now().Before(*before.Until) {
		return before, nil
	}
	for len(missing) > 0 {
		granted, why := e.cfg.Asker.Allowance(w, h, t)
		if why != nil {
			return *why, nil
		}
		if total > granted.WatchSize {
			return Hindrance{Status: TooLarge, Detail: fmt.Sprintf(
				"policy lets this member watch %d elements of this type at this holder, and with this watch they are %d: remove a watch, or ask the board for more", granted.WatchSize, total)}, nil
		}
		piece := pieceOf(granted.EvaluationsPerDay)
		now, rest := cut(missing, perExchange)
		q, places, err := e.question(ctx, w, h, t, now)
		if err != nil {
			return before, err
		}
		q.Batch = piece
		var kept error
		why = e.cfg.Asker.Ask(ctx, q, func(epoch uint64, answered []int, outputs []Output) error {
			kept = e.keep(ctx, w, Holder{h.Name, epoch}, t, places, answered, outputs)
			return kept
		})
		if kept != nil {
			return before, kept
		}
		if ctx.Err() != nil {
			return before, nil
		}
		if why != nil {
			if why.Until == nil {
				e.pause(h.Name)
			}
			return *why, nil
		}
		e.well(h.Name)
		missing = rest
	}
	return Hindrance{}, nil
}

// cut takes the first n elements of what is missing.
func cut(missing []stretch, n int) (now, rest []stretch) {
	for i, s := range missing {
		if s.count > n {
			if n > 0 {
				now = append(now, stretch{s.run, s.start, n})
			}
			rest = append([]stretch{{s.run, s.start + n, s.count - n}}, missing[i+1:]...)
			return now, rest
		}
		now, n = append(now, s), n-s.count
	}
	return now, nil
}

// question opens the elements of stretches, with the place of each.
func (e *Enroller) question(ctx context.Context, w Watch, h Holder, t indicator.Type, of []stretch) (Question, []Place, error) {
	q := Question{Watch: w, Holder: h, Type: t}
	var places []Place
	for _, s := range of {
		run, err := e.cfg.Store.Run(ctx, w.Seq, s.run)
		if err != nil {
			return q, nil, err
		}
		elements, err := OpenRun(w.Key, w.ID, run)
		if err != nil {
			return q, nil, err
		}
		for at := s.start; at < s.start+s.count; at++ {
			q.Elements, places = append(q.Elements, elements[at]), append(places, Place{s.run, at})
		}
	}
	return q, places, nil
}

// keep makes an answer durable, in spans of runs. It may be called by several workers at a time.
func (e *Enroller) keep(ctx context.Context, w Watch, h Holder, t indicator.Type, places []Place, answered []int, outputs []Output) error {
	order := make([]int, len(answered))
	for i := range order {
		order[i] = i
	}
	at := func(i int) Place { return places[answered[i]] }
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(at(a).Run, at(b).Run), cmp.Compare(at(a).At, at(b).At)) })
	for len(order) > 0 {
		n := 1
		for n < len(order) && at(order[n]).Run == at(order[0]).Run && at(order[n]).At == at(order[0]).At+n {
			n++
		}
		part := make([]Output, n)
		for i, k := range order[:n] {
			part[i] = outputs[k]
		}
		s := store.Span{Watch: w.Seq, Holder: h.Name, Epoch: h.Epoch, Run: at(order[0]).Run, Start: at(order[0]).At, Count: n}
		SealSpan(w.Key, w.ID, &s, part)
		if err := e.cfg.Store.PutSpan(ctx, s); err != nil {
			return err
		}
		if ref, ok := e.cfg.Ref(h.Name, h.Epoch, t); ok {
			e.cfg.Done(ctx, ref, s)
		}
		order = order[n:]
	}
	return nil
}
