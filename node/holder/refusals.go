package holder

import (
	"context"
	"slices"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/session"
)

// noteRefusal counts a question that was read, signed, and refused, by the querier's sector and by the
// purpose, for the transparency report. A purpose that the ledger has not is 'other', so that nobody can
// make up lines. A count that cannot be kept does not hold up the refusal.
func (h *Holder) noteRefusal(ctx context.Context, q *session.Header) {
	sector, purpose := "", "other"
	h.cfg.Ledger.View(func(s *state.State) {
		if m, ok := s.MemberByPeer(q.Querier); ok {
			sector = string(m.Sector)
		}
		if slices.Contains(s.Policy().Purposes, q.Purpose) {
			purpose = q.Purpose
		}
	})
	if sector == "" {
		return
	}
	if err := h.cfg.Store.NoteRefusal(ctx, sector, purpose); err != nil && ctx.Err() == nil {
		h.cfg.Log.Warn("a refusal could not be counted", "error", err)
	}
}
