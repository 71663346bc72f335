package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Queries implements [hub.Hub].
func (h *Hub) Queries(ctx context.Context, page hub.PageRequest) (hub.QueryPage, error) {
	rows, next, err := h.cfg.Store.Queries(ctx, page.Cursor, page.Limit)
	if err != nil {
		return hub.QueryPage{}, classed(err)
	}
	out := hub.QueryPage{Queries: []hub.QueryReport{}, Next: next}
	for _, row := range rows {
		out.Queries = append(out.Queries, reportOf(row))
	}
	return out, nil
}

// QueryByID implements [hub.Hub].
func (h *Hub) QueryByID(ctx context.Context, id string) (hub.QueryReport, error) {
	row, err := h.cfg.Store.Query(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return hub.QueryReport{}, fmt.Errorf("%w: no query %q here: `crosslight query list` shows them", hub.ErrNotFound, id)
	}
	if err != nil {
		return hub.QueryReport{}, classed(err)
	}
	return reportOf(row), nil
}

func reportOf(row store.Query) hub.QueryReport {
	r := hub.QueryReport{
		ID: row.ID, At: row.At.UTC().Truncate(time.Millisecond), Purpose: row.Purpose,
		Queried: row.Queried, Refused: row.Refused, Suppressed: row.Suppressed,
		Evaluations: row.Evaluations, ProofsVerified: row.Proofs, Partial: row.Partial,
		Refusals: []hub.Refusal{}, Asked: []hub.Asked{}, Matches: []hub.Match{},
	}
	for _, a := range row.Asked {
		r.Asked = append(r.Asked, hub.Asked(a))
	}
	for _, m := range row.Matches {
		shown := matchOf(m.Type, m.Holder, m.Reference, m.Label)
		shown.ID = m.ID
		r.Matches = append(r.Matches, shown)
	}
	return r
}

// matchOf puts a match in words. A label that does not decode is the holder's fault and shows empty:
// the match itself stands, for the label opened under its key.
func matchOf(t indicator.Type, holder string, reference *string, label []byte) hub.Match {
	m := hub.Match{Type: string(t), Holder: holder, Reference: reference}
	if label == nil {
		return m
	}
	l, err := indicator.DecodeLabel(label)
	if err != nil {
		return m
	}
	category := string(l.Category)
	m.Category, m.Severity, m.Confidence = &category, l.Severity, text(l.Confidence)
	m.HolderReference, m.Contact, m.FirstSeen = l.Reference, l.Contact, text(l.FirstSeen)
	return m
}
