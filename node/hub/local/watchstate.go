package local

import (
	"context"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/watch"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// How far a holder is with a watch, beside what hinders it.
const (
	statusEnrolled  = "enrolled"
	statusEnrolling = "enrolling"
)

// watchState adds up how far holders are with a watch.
func (h *Hub) watchState(ctx context.Context, row store.Watch) (hub.Watch, error) {
	w := watchOf(row, hub.Watch{Holders: []hub.WatchHolder{}})
	done, err := h.cfg.Store.Enrolled(ctx, row.Seq)
	if err != nil {
		return w, err
	}
	hindered, err := h.cfg.Store.Hindrances(ctx, row.Seq)
	if err != nil {
		return w, err
	}
	runs, err := h.cfg.Store.Runs(ctx, row.Seq)
	if err != nil {
		return w, err
	}
	sizes := map[indicator.Type]int64{}
	for _, r := range runs {
		sizes[r.Type] += int64(r.Count)
	}
	var members []state.Member
	h.cfg.Replica.View(func(s *state.State) { members = s.Members() })
	w.Enrolled = true
	for _, m := range members {
		if m.Name == h.cfg.Name || len(row.Holders) > 0 && !slices.Contains(row.Holders, m.Name) {
			continue
		}
		x := standing(m, sizes, done, hindered)
		w.Enrolled = w.Enrolled && settled(x)
		w.Holders = append(w.Holders, x)
	}
	return w, h.tally(ctx, &w)
}

// standing is how far one holder is. sizes counts the watch's elements by type; what policy does not let
// this member watch there is not counted, and said.
func standing(m state.Member, sizes map[indicator.Type]int64, done []store.Enrolled, hindered []store.Hindrance) hub.WatchHolder {
	x := hub.WatchHolder{Member: m.Name, Status: statusEnrolling, Epoch: m.Epoch}
	for _, d := range done {
		if d.Holder == m.Name && d.Epoch == m.Epoch {
			x.Enrolled += d.Count
		}
	}
	denied, waits := map[indicator.Type]store.Hindrance{}, store.Hindrance{}
	var why store.Hindrance
	for _, y := range hindered {
		switch {
		case y.Holder != m.Name:
		case y.Status == string(session.NotPermitted), y.Status == watch.TooLarge:
			denied[y.Type], why = y, y
		case waits.Status == "" || waits.Until == nil && y.Until != nil:
			waits = y
		}
	}
	for t, n := range sizes {
		if denied[t].Status == "" {
			x.Elements += n
		}
	}
	switch {
	case m.Status != state.Active:
		x.Status = string(m.Status)
	case x.Elements == 0:
		x.Status, x.Detail = why.Status, filled(why.Detail)
	case x.Enrolled >= x.Elements:
		x.Status, x.Detail = statusEnrolled, filled(why.Detail)
	case waits.Status != "":
		x.Status, x.Detail = waits.Status, filled(waits.Detail)
		if waits.Until != nil {
			at := waits.Until.UTC().Truncate(time.Second)
			x.ResumesAt = &at
		}
	}
	return x
}

// settled says whether a holder is done, or policy does not let it begin.
func settled(x hub.WatchHolder) bool {
	switch x.Status {
	case statusEnrolled, string(session.NotPermitted), watch.TooLarge, string(state.Suspended):
		return true
	}
	return false
}

// tally counts the alerts of a watch and what waits in quarantine.
func (h *Hub) tally(ctx context.Context, w *hub.Watch) error {
	counts, err := h.cfg.Store.CountAlerts(ctx)
	if err != nil {
		return err
	}
	w.Alerts, w.Open = counts[w.ID].Raised, counts[w.ID].Open
	waiting, err := h.cfg.Store.Quarantines(ctx, store.QuarantineWaiting)
	for _, q := range waiting {
		if q.Watch == w.ID {
			w.Waiting += q.Hits
		}
	}
	return err
}
