package reconcile

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// Limits of a request's texts, in bytes.
const (
	maxPurpose = 64
	maxCase    = 256
)

// RequestReconcile implements [hub.Hub].
func (s *Service) RequestReconcile(ctx context.Context, req hub.ReconcileRequest) (hub.Reconcile, error) {
	if req.Purpose == "" || len(req.Purpose) > maxPurpose || len(req.Case) > maxCase {
		return hub.Reconcile{}, fmt.Errorf("%w: name a purpose, of at most %d bytes, and a case reference of at most %d", hub.ErrInvalid, maxPurpose, maxCase)
	}
	if _, err := indicator.ParseType(req.Type); err != nil {
		return hub.Reconcile{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	o, salt, peer, err := s.draft(ctx, req)
	if err != nil {
		return hub.Reconcile{}, err
	}
	offer, err := o.Sign(s.key)
	if err != nil {
		return hub.Reconcile{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	now := s.cfg.Now()
	r := store.Reconcile{
		ID: idOf(o.ID), Initiator: true, Peer: peer, Offer: offer.Raw, Signature: offer.Signature, Case: req.Case, CaseSalt: salt,
		State: store.ReconcileRequested, Detail: "not delivered yet: `crosslight reconcile run` delivers it", Created: now, Updated: now, Expires: now.Add(offerLasts),
	}
	if req.DryRun {
		out, err := s.report(r)
		n := charge(o.Items)
		out.DryRun, out.Charge, out.Detail = true, &n, nil
		return out, err
	}
	if err := s.cfg.Store.AddReconcile(ctx, r); err != nil {
		return hub.Reconcile{}, fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	if err := s.deliver(ctx, r.ID, offer); err != nil {
		return hub.Reconcile{}, err
	}
	return s.show(ctx, r.ID)
}

// draft makes the offer that a request asks for, if policy allows it.
func (s *Service) draft(ctx context.Context, req hub.ReconcileRequest) (o session.ReconcileOffer, salt []byte, peer string, err error) {
	have, err := s.count(ctx, indicator.Type(req.Type))
	if err != nil {
		return o, nil, "", fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	if req.Items != 0 && have > req.Items {
		return o, nil, "", fmt.Errorf("%w: the set has %d elements already", hub.ErrInvalid, have)
	}
	if !s.cfg.Settled() {
		return o, nil, "", fmt.Errorf("%w: %w", hub.ErrUnavailable, errUnsettled)
	}
	o = session.ReconcileOffer{
		Ledger: s.cfg.LedgerID, Initiator: s.self, Type: req.Type, Purpose: req.Purpose, Items: max(have, req.Items),
		Learn: session.Learn(req.Learn), Mode: uint64(bulk.Fast), Expires: s.cfg.Now().Add(offerLasts).Unix(),
	}
	if req.Compact {
		o.Mode = uint64(bulk.Compact)
	}
	_, _ = rand.Read(o.ID[:]) // never fails (crypto/rand)
	if req.Case != "" {
		salt = make([]byte, 32)
		_, _ = rand.Read(salt) // never fails
		commitment := session.CommitCase([32]byte(salt), req.Case)
		o.Case = commitment[:]
	}
	var permit ledger.BulkPermit
	var found bool
	stale := s.cfg.Authority(func(final, tip *state.State) {
		var m state.Member
		if m, found = final.Member(req.Member); !found {
			return
		}
		o.Size, o.Root, o.Other, peer = final.Size(), final.Root(), m.PeerID, m.Name
		permit, err = ledger.AuthorisedBulk(final, tip, ledger.BulkAsk{
			LedgerID: o.Ledger, Initiator: o.Initiator, Other: o.Other, Type: o.Type, Purpose: o.Purpose,
			HasCase: req.Case != "", Items: o.Items, Learn: policy.Learn(o.Learn),
		})
	})
	switch {
	case stale != nil:
		return o, nil, "", fmt.Errorf("%w: %w", hub.ErrUnavailable, stale)
	case !found:
		return o, nil, "", fmt.Errorf("%w: no member is called %q: `crosslight member list` shows them", hub.ErrNotFound, req.Member)
	case o.Other == s.self:
		return o, nil, "", fmt.Errorf("%w: a member does not compare its set with itself", hub.ErrInvalid)
	case err != nil:
		return o, nil, "", denied(err)
	}
	if o.Learn == "" {
		o.Learn = session.Learn(permit.Learn())
	}
	if permit.Reveal() == policy.RevealLabel {
		o.LabelSize = labelSize
	}
	if req.Items == 0 { // room to grow, for it may take days until the other side's operator has decided
		o.Items = max(have, min(have+have/4+100, permit.SetSize()))
	}
	return o, salt, peer, nil
}

// denied puts a denial as a person's hub does.
func denied(err error) error {
	if errors.Is(err, ledger.ErrNotPermitted) || errors.Is(err, ledger.ErrSetSize) {
		err = fmt.Errorf("%w: see `crosslight policy show`", err)
	}
	return fmt.Errorf("%w: %w", hub.ErrDenied, err)
}

// deliver brings an offer to the other. One that cannot be reached is no error: the offer stays here.
func (s *Service) deliver(ctx context.Context, id string, offer *session.SignedOffer) error {
	reply, _, err := s.call(ctx, offer, session.ReconcileAct{Kind: session.ActDeliver})
	var refusal *session.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Code != session.Overloaded:
		return errors.Join(s.finish(ctx, id, store.ReconcileDenied, refusal.Error()), fmt.Errorf("%w: the other side refuses: %w", hub.ErrDenied, refusal))
	case err != nil:
		s.cfg.Log.Info("an offer to reconcile could not be delivered", "id", id, "error", err)
		return nil
	case reply.Reply.Status == session.ReconcileApproved:
		return s.cfg.Store.ChangeReconcile(ctx, id, []store.ReconcileState{store.ReconcileRequested, store.ReconcilePending},
			store.ReconcileChange{State: store.ReconcileApproved})
	}
	if err := s.heard(ctx, id, reply.Reply.Status); !errors.Is(err, errStands) {
		return err
	}
	return nil
}

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

func (s *Service) one(ctx context.Context, id string) (store.Reconcile, error) {
	r, err := s.cfg.Store.Reconcile(ctx, id)
	if err != nil {
		return r, stored(err)
	}
	return r, nil
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }
