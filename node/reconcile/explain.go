package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/session"
)

// words is an error as an operator reads it.
func words(err error) string {
	var spent *holder.Spent
	if errors.As(err, &spent) {
		return "the other side's budget here: " + spent.Error()
	}
	return err.Error()
}

// explain notes what stands in the way and puts it as a hub does.
func (s *Service) explain(ctx context.Context, r store.Reconcile, err error) error {
	text := words(err)
	cerr := s.cfg.Store.ChangeReconcile(ctx, r.ID, []store.ReconcileState{r.State}, store.ReconcileChange{State: r.State, Detail: text})
	if cerr != nil && !errors.Is(cerr, store.ErrReconcile) {
		return stored(cerr)
	}
	var refusal *session.Refusal
	var denial *ledger.Denial
	var spent *holder.Spent
	switch {
	case errors.As(err, &refusal) && refusal.Code == session.Overloaded, errors.Is(err, errBroken), errors.Is(err, errBusy),
		errors.Is(err, ledger.ErrStale), errors.Is(err, errUnsettled):
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
	case errors.As(err, &refusal), errors.As(err, &denial):
		return fmt.Errorf("%w: %w", hub.ErrDenied, err)
	case errors.As(err, &spent):
		return fmt.Errorf("%w: the other side's budget here: %w", hub.ErrDenied, err)
	case errors.Is(err, errGrew):
		return fmt.Errorf("%w: %w", hub.ErrConflict, err)
	case isFault(err):
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
	}
	return stored(err)
}

// stored puts an error of the store's as a hub does.
func stored(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: no such reconciliation here: `crosslight reconcile list` shows them", hub.ErrNotFound)
	case errors.Is(err, store.ErrAmbiguous), errors.Is(err, store.ErrCursor):
		return fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	case errors.Is(err, store.ErrReconcile):
		return fmt.Errorf("%w: %w: look at `crosslight reconcile show`", hub.ErrConflict, err)
	case errors.Is(err, store.ErrFull), errors.Is(err, store.ErrDisk), errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w: %w", hub.ErrStorage, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
	}
	return err
}
