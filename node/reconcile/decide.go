package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/session"
)

// DecideReconcile implements [hub.Hub].
func (s *Service) DecideReconcile(ctx context.Context, req hub.ReconcileDecision) (hub.Reconcile, error) {
	r, err := s.one(ctx, req.ID)
	if err != nil {
		return hub.Reconcile{}, err
	}
	to := store.ReconcileDenied
	if req.Approve {
		to = store.ReconcileApproved
	}
	if r.Initiator {
		return hub.Reconcile{}, fmt.Errorf("%w: it is this member's own offer: %s decides it", hub.ErrConflict, r.Peer)
	}
	if r.State != store.ReconcilePending || !r.Expires.After(s.cfg.Now()) {
		return hub.Reconcile{}, fmt.Errorf("%w: it is %s, so there is nothing to decide", hub.ErrConflict, r.State)
	}
	if req.Approve {
		o, err := readOffer(r)
		if err != nil {
			return hub.Reconcile{}, fmt.Errorf("%w: %w", hub.ErrStorage, err)
		}
		if _, err := s.authorise(&o, 0); err != nil {
			return hub.Reconcile{}, s.explain(ctx, r, err)
		}
	}
	if req.DryRun {
		r.State = to
		out, err := s.report(r)
		out.DryRun = true
		return out, err
	}
	err = s.cfg.Store.ChangeReconcile(ctx, r.ID, []store.ReconcileState{store.ReconcilePending}, store.ReconcileChange{State: to})
	if err != nil {
		return hub.Reconcile{}, stored(err)
	}
	s.cfg.Log.Info("decided on an offer to compare sets", "member", r.Peer, "id", r.ID, "state", string(to))
	return s.show(ctx, r.ID)
}

// CancelReconcile implements [hub.Hub].
func (s *Service) CancelReconcile(ctx context.Context, req hub.ReconcileCancel) (hub.Reconcile, error) {
	r, err := s.one(ctx, req.ID)
	if err != nil {
		return hub.Reconcile{}, err
	}
	if r.State.Over() {
		return hub.Reconcile{}, fmt.Errorf("%w: it is %s already", hub.ErrConflict, r.State)
	}
	if req.DryRun {
		r.State = store.ReconcileCancelled
		out, err := s.report(r)
		out.DryRun = true
		return out, err
	}
	if err := s.finish(ctx, r.ID, store.ReconcileCancelled, "cancelled here"); err != nil {
		return hub.Reconcile{}, stored(err)
	}
	if r.Initiator {
		s.takeBack(ctx, r)
	}
	return s.show(ctx, r.ID)
}

// takeBack tells the other. If it cannot be reached it finds out when it expires, or asks nothing of us.
func (s *Service) takeBack(ctx context.Context, r store.Reconcile) {
	key, err := s.nodeKey(s.self)
	if err != nil {
		return
	}
	offer, err := session.ParseOffer(r.Offer, r.Signature, key)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cancelWithin)
	defer cancel()
	if _, _, err := s.call(ctx, offer, session.ReconcileAct{Kind: session.ActCancel}); err != nil {
		s.cfg.Log.Info("the other side could not be told that a reconciliation is cancelled", "id", r.ID, "error", err)
	}
}

// finish ends a reconciliation, and what runs of it, at once.
func (s *Service) finish(ctx context.Context, id string, to store.ReconcileState, detail string) error {
	err := s.cfg.Store.ChangeReconcile(context.WithoutCancel(ctx), id, []store.ReconcileState{
		store.ReconcileRequested, store.ReconcilePending, store.ReconcileApproved, store.ReconcileRunning,
	}, store.ReconcileChange{State: to, Detail: detail})
	if a := s.under(id); a != nil && err == nil {
		s.drop(a)
	}
	return err
}

// failed ends a reconciliation that met a fault of the other side's.
func (s *Service) failed(ctx context.Context, a *attempt, r store.Reconcile, err error) {
	if !isFault(err) { // ours: the disk's, or chance
		s.cfg.Log.Error("a reconciliation broke off here", "member", r.Peer, "id", r.ID, "error", err)
		s.note(ctx, r.ID, store.ReconcileApproved, words(err)+": the initiator can run it again")
		return
	}
	s.cfg.Log.Warn("a reconciliation failed", "member", r.Peer, "id", r.ID, "pass", a.pass, "error", err)
	if err := s.finish(ctx, r.ID, store.ReconcileFailed, words(err)); err != nil {
		s.cfg.Log.Error("a failed reconciliation could not be recorded", "id", r.ID, "error", err)
	}
}

// note says what is under way with one that goes on.
func (s *Service) note(ctx context.Context, id string, to store.ReconcileState, detail string) {
	err := s.cfg.Store.ChangeReconcile(context.WithoutCancel(ctx), id,
		[]store.ReconcileState{store.ReconcileApproved, store.ReconcileRunning}, store.ReconcileChange{State: to, Detail: detail})
	if err != nil && !errors.Is(err, store.ErrReconcile) {
		s.cfg.Log.Warn("the state of a reconciliation could not be recorded", "id", id, "error", err)
	}
}
