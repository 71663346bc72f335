package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// RunReconcile implements [hub.Hub].
func (s *Service) RunReconcile(ctx context.Context, id string) (hub.Reconcile, error) {
	r, offer, err := s.mine(ctx, id)
	if err != nil {
		return hub.Reconcile{}, err
	}
	if !s.claim(r.ID) {
		return s.show(ctx, r.ID) // it runs already
	}
	a, stream, err := s.start(ctx, r, offer, int64(r.Passes)+1)
	if err != nil {
		s.unclaim(r.ID)
		if errors.Is(err, errStands) {
			return s.show(ctx, r.ID)
		}
		return hub.Reconcile{}, s.explain(ctx, r, err)
	}
	s.background(func(ctx context.Context) {
		defer s.unclaim(r.ID)
		s.run(ctx, r, offer, a, stream)
	})
	return s.show(ctx, r.ID)
}

// claim takes a reconciliation for one goroutine of this member's.
func (s *Service) claim(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] || s.stopped {
		return false
	}
	s.running[id] = true
	return true
}

// claimed says whether this member's own work goes on with one.
func (s *Service) claimed(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[id]
}

func (s *Service) unclaim(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
}

// mine returns an offer of this member's that is not over.
func (s *Service) mine(ctx context.Context, id string) (store.Reconcile, *session.SignedOffer, error) {
	r, err := s.one(ctx, id)
	if err != nil {
		return r, nil, err
	}
	if !r.Initiator {
		return r, nil, fmt.Errorf("%w: the initiator, %s, runs it; here it is approved or denied", hub.ErrConflict, r.Peer)
	}
	if r.State.Over() {
		return r, nil, fmt.Errorf("%w: it is %s: request another", hub.ErrConflict, r.State)
	}
	if !r.Expires.After(s.cfg.Now()) {
		return r, nil, fmt.Errorf("%w: the offer has expired: request another", hub.ErrConflict)
	}
	key, err := s.nodeKey(s.self)
	if err != nil {
		return r, nil, fmt.Errorf("%w: %w", hub.ErrDenied, err)
	}
	offer, err := session.ParseOffer(r.Offer, r.Signature, key)
	if err != nil {
		return r, nil, fmt.Errorf("%w: the offer was signed by a key that this node has no longer: request another", hub.ErrConflict)
	}
	return r, offer, nil
}

// start begins a pass, or goes on with an attempt of it that is in memory. The attempt is in the caller's hands. It
// is authorised here before anything is sent.
func (s *Service) start(ctx context.Context, r store.Reconcile, offer *session.SignedOffer, pass int64) (*attempt, p2p.Stream, error) {
	if a := s.under(r.ID); a != nil && int64(a.pass) == pass {
		stream, err := s.resume(ctx, a, r, offer)
		if !errors.Is(err, errOver) && !errors.Is(err, errEnded) {
			return a, stream, err
		}
	}
	o := &offer.Offer
	g, err := s.authorise(o, 0)
	if err != nil {
		return nil, nil, err
	}
	var number session.RequestID
	_, _ = rand.Read(number[:]) // never fails (crypto/rand)
	sends := !o.Learn.InitiatorReceives(uint64(pass))
	own, err := s.snapshotFor(ctx, o, sends, o.Items)
	if err != nil {
		return nil, nil, err
	}
	reply, stream, err := s.insist(ctx, offer, session.ReconcileAct{Kind: session.ActStart, Pass: uint64(pass), Attempt: number, Items: own.n})
	if err == nil {
		err = s.heard(ctx, r.ID, reply.Reply.Status)
	}
	if err != nil {
		return nil, nil, err
	}
	if reply.Reply.Status == session.ReconcileDone {
		_ = stream.Reset()
		err := s.finish(ctx, r.ID, store.ReconcileFailed, "the other side has done the pass, and this one has lost what it found: request another")
		return nil, nil, errors.Join(errStands, err)
	}
	a, err := s.accepted(ctx, r, offer, g, number, uint64(pass), own, reply)
	if err == nil {
		err = a.over(stream)
	}
	if err != nil {
		_ = stream.Reset()
		return nil, nil, err
	}
	return a, stream, nil
}

// maxCalls is how often a start is said over connections that break.
const maxCalls = 3

// insist says the same again where the connection breaks before the reply is here: the other may have taken the
// attempt up, and its budget been charged, so another attempt would be paid for twice.
func (s *Service) insist(ctx context.Context, offer *session.SignedOffer, act session.ReconcileAct) (reply *session.SignedReconcileReply, stream p2p.Stream, err error) {
	pause := s.cfg.Patience / pauses
	for range maxCalls {
		if reply, stream, err = s.call(ctx, offer, act); !errors.Is(err, errBroken) {
			return reply, stream, err
		}
		if wait(ctx, pause) != nil {
			return reply, stream, err
		}
		pause *= 2
	}
	return reply, stream, err
}

// accepted makes the attempt that the other has agreed to. Where this member sends, the other pays for it before
// anything is computed.
func (s *Service) accepted(ctx context.Context, r store.Reconcile, offer *session.SignedOffer, g grant, number session.RequestID, pass uint64, own *set, reply *session.SignedReconcileReply) (*attempt, error) {
	o, theirs := &offer.Offer, reply.Reply.Items
	if _, err := s.authorise(o, theirs); err != nil {
		return nil, err
	}
	a, err := s.newAttempt(r.ID, offer, number, pass, own, theirs)
	if err != nil {
		return nil, err
	}
	if err := s.admit(a); err != nil {
		return nil, err
	}
	if !a.receives {
		_, err = s.cfg.Holder.Charge(ctx, g.budgets[o.Other], holder.Spend{
			RequestID: number, HeaderHash: reply.Hash, Querier: o.Other, Member: r.Peer, Type: o.Type,
			Count: charge(theirs), Header: reply.Raw, Signature: reply.Signature,
		})
	}
	if err == nil {
		mine, other := int64(a.own), int64(a.theirs)
		err = s.cfg.Store.ChangeReconcile(ctx, r.ID,
			[]store.ReconcileState{store.ReconcileRequested, store.ReconcilePending, store.ReconcileApproved, store.ReconcileRunning},
			store.ReconcileChange{State: store.ReconcileRunning, Attempt: number[:], Own: &mine, Theirs: &other})
	}
	if err != nil {
		s.drop(a)
		a.release(s.cfg.Now())
		return nil, err
	}
	return a, nil
}

// snapshotFor reads the own set, with labels where this member sends and the offer has them.
func (s *Service) snapshotFor(ctx context.Context, o *session.ReconcileOffer, sends bool, limit uint64) (*set, error) {
	return s.snapshot(ctx, indicator.Type(o.Type), sends && o.LabelSize > 0, limit)
}
