package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Alerts implements [hub.Hub].
func (h *Hub) Alerts(ctx context.Context, f hub.AlertFilter) (hub.AlertPage, error) {
	rows, next, err := h.cfg.Store.Alerts(ctx, store.AlertFilter{
		Watch: f.Watch, Holder: f.Holder, Type: indicator.Type(f.Type), Open: f.Open,
	}, f.Cursor, f.Limit)
	if err != nil {
		return hub.AlertPage{}, classed(err)
	}
	out := hub.AlertPage{Alerts: []hub.Alert{}, Next: next}
	for _, row := range rows {
		out.Alerts = append(out.Alerts, alertOf(row))
	}
	return out, nil
}

// Alert implements [hub.Hub].
func (h *Hub) Alert(ctx context.Context, id string) (hub.Alert, error) {
	var row store.Alert
	seq, err := alertID(id)
	if err == nil {
		row, err = h.cfg.Store.Alert(ctx, seq)
	}
	if errors.Is(err, store.ErrNotFound) {
		return hub.Alert{}, fmt.Errorf("%w: no such alert here: `crosslight alert list` shows them", hub.ErrNotFound)
	}
	return alertOf(row), classed(err)
}

// alertID reads the id of an alert; store.ErrNotFound where none can have it.
func alertID(id string) (int64, error) {
	seq, err := strconv.ParseInt(id, 10, 64)
	if err != nil || seq < 0 || strconv.FormatInt(seq, 10) != id {
		return 0, store.ErrNotFound
	}
	return seq, nil
}

// FollowAlerts implements [hub.Hub].
func (h *Hub) FollowAlerts(ctx context.Context, after string, each func(hub.Alert) error) error {
	seq, err := alertID(after)
	if after == "" {
		seq, err = h.cfg.Store.NewestAlert(ctx)
	}
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: not the id of an alert to go on after", hub.ErrInvalid)
	}
	if err != nil {
		return classed(err)
	}
	var own error // of each, which is not ours to class
	err = h.watching.desk.Follow(ctx, seq, func(a store.Alert) error {
		own = each(alertOf(a))
		return own
	})
	if own != nil || ctx.Err() != nil {
		return errors.Join(own, ctx.Err())
	}
	return classed(err)
}

// AckAlerts implements [hub.Hub].
func (h *Hub) AckAlerts(ctx context.Context, req hub.AckRequest) (hub.AckReport, error) {
	if len(req.IDs) == 0 && req.Watch == "" {
		return hub.AckReport{}, fmt.Errorf("%w: name alerts by id, or a watch", hub.ErrInvalid)
	}
	report := hub.AckReport{DryRun: req.DryRun}
	var seqs []int64
	for _, id := range req.IDs {
		seq, err := alertID(id)
		if err != nil {
			report.Unknown++
			continue
		}
		seqs = append(seqs, seq)
	}
	through, err := h.cfg.Store.NewestAlert(ctx)
	if err == nil && req.Through != "" {
		if through, err = alertID(req.Through); err != nil {
			return hub.AckReport{}, fmt.Errorf("%w: through is not the id of an alert", hub.ErrInvalid)
		}
	}
	if err != nil {
		return hub.AckReport{}, classed(err)
	}
	acked, unknown, err := h.cfg.Store.Ack(ctx, seqs, req.Watch, through, req.DryRun)
	report.Acked, report.Unknown = acked, report.Unknown+unknown
	return report, classed(err)
}

// Quarantines implements [hub.Hub].
func (h *Hub) Quarantines(ctx context.Context, all bool) ([]hub.Quarantine, error) {
	rows, err := h.cfg.Store.Quarantines(ctx, "")
	if err != nil {
		return nil, classed(err)
	}
	out := []hub.Quarantine{}
	for _, row := range rows {
		open := []store.QuarantineState{store.QuarantineWaiting, store.QuarantineReleasing}
		if all || slices.Contains(open, row.State) {
			out = append(out, quarantineOf(row))
		}
	}
	return out, nil
}

// SettleQuarantine implements [hub.Hub].
func (h *Hub) SettleQuarantine(ctx context.Context, req hub.SettleRequest) (hub.Quarantine, error) {
	act := map[string]func(context.Context, int64) error{
		"release": h.watching.desk.Release, "drop": h.watching.desk.Drop,
	}[req.Act]
	if act == nil {
		return hub.Quarantine{}, fmt.Errorf("%w: a quarantine is released or dropped", hub.ErrInvalid)
	}
	seq, err := alertID(req.ID)
	var before store.Quarantine
	if err == nil {
		before, err = h.cfg.Store.Quarantine(ctx, seq)
	}
	if errors.Is(err, store.ErrNotFound) {
		return hub.Quarantine{}, fmt.Errorf("%w: no such quarantine here: `crosslight alert quarantine list` shows them", hub.ErrNotFound)
	}
	if err == nil && before.State != store.QuarantineWaiting {
		err = store.ErrSettled
	}
	if err != nil || req.DryRun {
		return quarantineOf(before), classed(err)
	}
	if err := act(ctx, seq); err != nil {
		return hub.Quarantine{}, classed(err)
	}
	h.cfg.Log.Info("a quarantine was settled", "quarantine", seq, "act", req.Act, "hits", before.Hits)
	after, err := h.cfg.Store.Quarantine(ctx, seq)
	after.Hits = before.Hits
	return quarantineOf(after), classed(err)
}

func quarantineOf(q store.Quarantine) hub.Quarantine {
	return hub.Quarantine{
		ID: strconv.FormatInt(q.Seq, 10), Watch: q.Watch, WatchName: q.WatchName, Holder: q.Holder,
		At: q.At, LastAt: q.LastAt, Hits: q.Hits, State: string(q.State), SettledAt: q.Settled,
	}
}

// alertOf puts an alert in words.
func alertOf(a store.Alert) hub.Alert {
	m := matchOf(a.Type, a.Holder, a.Reference, a.Label)
	return hub.Alert{
		ID: strconv.FormatInt(a.Seq, 10), Watch: a.Watch, WatchName: a.WatchName, Match: a.Match, Type: m.Type,
		Reference: m.Reference, Holder: m.Holder, Category: m.Category, Severity: m.Severity, Confidence: m.Confidence,
		HolderReference: m.HolderReference, Contact: m.Contact, FirstSeen: m.FirstSeen,
		RaisedAt: a.At.UTC().Truncate(time.Millisecond), AckedAt: a.Acked, LeftOut: a.LeftOut,
	}
}

// shown is what a webhook says of an alert.
func shown(row store.Alert) alert.Shown {
	a := alertOf(row)
	return alert.Shown{
		ID: a.ID, Watch: a.Watch, WatchName: a.WatchName, Match: a.Match, Type: a.Type, Reference: a.Reference, Holder: a.Holder,
		Category: a.Category, Severity: a.Severity, Confidence: a.Confidence, HolderReference: a.HolderReference,
		Contact: a.Contact, FirstSeen: a.FirstSeen, RaisedAt: a.RaisedAt, LeftOut: a.LeftOut,
	}
}
