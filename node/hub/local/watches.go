package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/watch"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// maxWatchName bounds the name of a watch, in bytes.
const maxWatchName = 128

// AddWatch implements [hub.Hub]. It returns when the watch is kept; holders are asked in the background.
func (h *Hub) AddWatch(ctx context.Context, req hub.WatchRequest, in io.Reader) (hub.Watch, error) {
	if err := h.overtake(ctx, &req); err != nil {
		return hub.Watch{}, err
	}
	ask := hub.QueryRequest{
		Values: req.Values, Feed: req.Feed, Holders: req.Holders, Types: req.Types, Purpose: req.Purpose, Case: req.Case,
	}
	if err := checkQuery(ask); err != nil {
		return hub.Watch{}, err
	}
	if len(req.Name) > maxWatchName {
		return hub.Watch{}, fmt.Errorf("%w: a watch's name has at most %d bytes", hub.ErrInvalid, maxWatchName)
	}
	report := hub.QueryReport{}
	q, err := h.collect(ctx, ask, in, &report)
	if err == nil && req.Query != "" {
		err = h.recollect(ctx, req.Query, q)
	}
	if err != nil {
		return hub.Watch{}, classed(err)
	}
	if q.count() == 0 {
		return hub.Watch{}, fmt.Errorf("%w: nothing to watch: every value was refused or is on the suppression list", hub.ErrInvalid)
	}
	if err := h.settle(ctx); err != nil {
		return hub.Watch{}, err
	}
	plan, err := h.plan(ask, q) // names of holders, membership
	if err != nil {
		return hub.Watch{}, classed(err)
	}
	w := store.Watch{
		ID: newID(), Name: req.Name, At: h.cfg.Now(), Purpose: req.Purpose, Case: req.Case,
		Holders: req.Holders, Refused: report.Refused, Suppressed: report.Suppressed, Size: q.count(),
	}
	if req.Case != "" {
		w.CaseSalt = plan.salt[:]
	}
	return h.keepWatch(ctx, w, q, plan, report.Refusals, req.DryRun)
}

func (h *Hub) keepWatch(ctx context.Context, w store.Watch, q *questions, p *plan, refusals []hub.Refusal, dry bool) (hub.Watch, error) {
	if dry {
		out := watchOf(w, hub.Watch{Holders: []hub.WatchHolder{}})
		for _, e := range p.holders {
			out.Holders = append(out.Holders, foreseen(e, q))
		}
		out.ID, out.Refusals = "", refusals
		return out, nil
	}
	key := watch.NewKey()
	w.Key = key.Seal(h.watching.ring, w.ID)
	seq, err := h.cfg.Store.AddWatch(ctx, w, watch.Runs(key, w.ID, q.types(), q.elements))
	if err != nil {
		return hub.Watch{}, classed(err)
	}
	w.Seq = seq
	h.cfg.Log.Info("a watch was added", "watch", w.ID, "elements", w.Size)
	h.watching.enroller.Kick()
	out, err := h.watchState(ctx, w)
	out.Refusals = refusals
	return out, classed(err)
}

// foreseen says what a holder would be asked.
func foreseen(e *exchange, q *questions) hub.WatchHolder {
	a := e.outcome()
	out := hub.WatchHolder{Member: a.Member, Status: a.Status, Detail: filled(a.Detail), Epoch: e.holder.Epoch, Elements: q.count()}
	if a.Status != statusOK {
		return out
	}
	out.Status, out.Elements = "would-ask", 0
	for t, permit := range e.permits {
		n := len(q.byType[t])
		if uint64(n) > permit.WatchSize() {
			out.Status = watch.TooLarge
			out.Detail = filled(fmt.Sprintf("policy lets this member watch %d elements of type %s at this holder", permit.WatchSize(), t))
		}
		out.Elements += int64(n)
	}
	return out
}

// elements are the questions of a type as a watch keeps them.
func (q *questions) elements(t indicator.Type) []watch.Element {
	out := make([]watch.Element, len(q.byType[t]))
	for i, x := range q.byType[t] {
		out[i] = watch.Element{Digest: x.digest, Reference: x.reference}
	}
	return out
}

// Watches implements [hub.Hub].
func (h *Hub) Watches(ctx context.Context, page hub.PageRequest) (hub.WatchPage, error) {
	rows, next, err := h.cfg.Store.Watches(ctx, page.Cursor, page.Limit)
	if err != nil {
		return hub.WatchPage{}, classed(err)
	}
	out := hub.WatchPage{Watches: []hub.Watch{}, Next: next}
	for _, row := range rows {
		w, err := h.watchState(ctx, row)
		if err != nil {
			return hub.WatchPage{}, classed(err)
		}
		out.Watches = append(out.Watches, w)
	}
	return out, nil
}

// WatchByID implements [hub.Hub].
func (h *Hub) WatchByID(ctx context.Context, id string) (hub.Watch, error) {
	row, err := h.cfg.Store.Watch(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return hub.Watch{}, fmt.Errorf("%w: no watch %q here: `crosslight watch list` shows them", hub.ErrNotFound, id)
	}
	if err != nil {
		return hub.Watch{}, classed(err)
	}
	w, err := h.watchState(ctx, row)
	return w, classed(err)
}

// RemoveWatch implements [hub.Hub].
func (h *Hub) RemoveWatch(ctx context.Context, req hub.RemoveWatchRequest) (hub.Watch, error) {
	w, err := h.WatchByID(ctx, req.ID)
	if err != nil || req.DryRun {
		return w, err
	}
	row, err := h.cfg.Store.Watch(ctx, req.ID)
	if err == nil {
		err = h.cfg.Store.RemoveWatch(ctx, req.ID)
	}
	if err != nil {
		return hub.Watch{}, classed(err)
	}
	h.watching.matcher.Removed(row.Seq)
	h.cfg.Log.Info("a watch was removed", "watch", req.ID)
	return w, nil
}

func watchOf(row store.Watch, w hub.Watch) hub.Watch {
	w.ID, w.Name, w.At, w.Purpose = row.ID, row.Name, row.At.UTC().Truncate(time.Millisecond), row.Purpose
	w.Elements, w.Refused, w.Suppressed = row.Size, row.Refused, row.Suppressed
	w.Refusals = []hub.Refusal{}
	return w
}
