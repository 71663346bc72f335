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

func (s *Service) one(ctx context.Context, id string) (store.Reconcile, error) {
	r, err := s.cfg.Store.Reconcile(ctx, id)
	if err != nil {
		return r, stored(err)
	}
	return r, nil
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }
