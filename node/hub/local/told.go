package local

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// heard notes what one answer says is left of this member's budget. Answers over several streams come in any
// order, so within an exchange the least counts.
func (e *exchange) heard(t indicator.Type, left uint64, resets time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	was, ok := e.told[t]
	if !ok || left < was.Left {
		was.Left = left
	}
	if resets.After(was.Resets) {
		was.Resets = resets
	}
	was.Type, was.Holder = t, e.holder.Name
	e.told[t] = was
}

// hear reads what an answer, or a refusal, says of the budget.
func (e *exchange) hear(t indicator.Type, answer *session.Answer, err error) {
	var refusal *session.Refusal
	switch {
	case answer.Receipt.BudgetLeft == nil:
	case errors.As(err, &refusal) && refusal.Code == session.BudgetSpent:
		e.heard(t, *answer.Receipt.BudgetLeft, refusal.ResetsAt)
	case err == nil:
		e.heard(t, *answer.Receipt.BudgetLeft, time.Time{})
	}
}

// budgets is what was heard, for `budget show`.
func (e *exchange) budgets(h *Hub) []store.Told {
	e.mu.Lock()
	told := slices.SortedFunc(maps.Values(e.told), func(a, b store.Told) int { return cmp.Compare(a.Type, b.Type) })
	e.mu.Unlock()
	if len(told) == 0 {
		return nil
	}
	var day ledger.Day
	_ = h.cfg.Authority(func(final, _ *state.State) { day = ledger.Today(final) }) // too old: no day, and null is shown
	for i := range told {
		told[i].At = h.cfg.Now()
		if told[i].Resets.IsZero() {
			told[i].Resets = time.Unix(int64(day.Ends), 0).UTC()
		}
	}
	return told
}

// noteTold keeps what was heard outside of a query. It is a help to people, so a disk that fails here fails
// nothing else.
func (e *exchange) noteTold(ctx context.Context, h *Hub) {
	told := e.budgets(h)
	if len(told) == 0 {
		return
	}
	if err := h.cfg.Store.NoteTold(context.WithoutCancel(ctx), told); err != nil {
		h.cfg.Log.Warn("what is left of budgets could not be noted", "error", err)
	}
}
