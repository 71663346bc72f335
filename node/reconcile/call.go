package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// call says one thing to the other over a stream of its own and returns its reply. Where a pass follows, the stream
// comes with it; otherwise it is closed.
func (s *Service) call(ctx context.Context, offer *session.SignedOffer, act session.ReconcileAct) (*session.SignedReconcileReply, p2p.Stream, error) {
	key, err := s.nodeKey(offer.Offer.Other)
	if err != nil {
		return nil, nil, err
	}
	caller, err := session.NewReconcileCaller(offer, s.key, key)
	if err != nil {
		return nil, nil, err
	}
	msg, err := caller.Call(act)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	stream, err := s.cfg.Host.Open(ctx, offer.Offer.Other, session.ReconcileProtocol)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	reply, err := exchange(stream, caller, msg)
	if !stop() && err == nil {
		err = fmt.Errorf("%w: %w", errBroken, context.Cause(ctx))
	}
	if err != nil {
		_ = stream.Reset()
		return reply, nil, err
	}
	if act.Kind == session.ActStart && (reply.Reply.Status == session.ReconcileApproved || reply.Reply.Status == session.ReconcileDone) {
		return reply, stream, nil
	}
	return reply, nil, stream.Close()
}

func exchange(stream p2p.Stream, caller *session.ReconcileCaller, msg []byte) (*session.SignedReconcileReply, error) {
	if err := stream.SetDeadline(time.Now().Add(callWithin)); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if err := wire.WriteFrame(stream, msg); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	answer, err := wire.ReadFrame(stream, session.MaxReconcileReply)
	if err != nil && !errors.Is(err, wire.ErrTooLarge) {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if err != nil {
		return nil, err
	}
	return caller.Receive(answer)
}

// errStands reports a reply that is no approval: the state that it means has been noted.
var errStands = errors.New("the other side does not go on with it")

// heard notes what a reply says of where the offer stands. [errStands] unless the other goes on.
func (s *Service) heard(ctx context.Context, id string, status session.ReconcileStatus) error {
	to, detail := store.ReconcileState(""), ""
	switch status {
	case session.ReconcilePending:
		to, detail = store.ReconcilePending, "the other side's operator has not decided"
	case session.ReconcileDenied:
		to, detail = store.ReconcileDenied, "the other side's operator denied it"
	case session.ReconcileCancelled:
		to, detail = store.ReconcileCancelled, "the other side ended it"
	case session.ReconcileExpired:
		to = store.ReconcileExpired
	case session.ReconcileApproved, session.ReconcileDone:
		return nil
	default:
		return errStands
	}
	if to == store.ReconcilePending {
		err := s.cfg.Store.ChangeReconcile(ctx, id, []store.ReconcileState{store.ReconcileRequested, store.ReconcilePending}, store.ReconcileChange{State: to, Detail: detail})
		return errors.Join(errStands, err)
	}
	return errors.Join(errStands, s.finish(ctx, id, to, detail))
}

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

// errOver reports an attempt that the other cannot go on with.
var errOver = errors.New("the other side no longer has the attempt")

// resume goes on with an attempt over a new stream. The attempt is in the caller's hands when it succeeds.
func (s *Service) resume(ctx context.Context, a *attempt, r store.Reconcile, offer *session.SignedOffer) (p2p.Stream, error) {
	if _, err := s.authorise(&offer.Offer, a.theirs); err != nil {
		return nil, err
	}
	if err := a.take(ctx, nil); err != nil {
		return nil, err
	}
	stream, err := s.goOver(ctx, a, r, offer)
	if err != nil {
		if !errors.Is(err, errBroken) {
			s.drop(a)
		}
		a.release(s.cfg.Now())
	}
	return stream, err
}

func (s *Service) goOver(ctx context.Context, a *attempt, r store.Reconcile, offer *session.SignedOffer) (p2p.Stream, error) {
	received, transcript := a.position()
	reply, stream, err := s.call(ctx, offer, session.ReconcileAct{
		Kind: session.ActStart, Pass: a.pass, Attempt: a.number, Items: a.own, Received: received, Transcript: transcript,
	})
	if err != nil {
		var refusal *session.Refusal
		if errors.As(err, &refusal) && refusal.Code == session.Overloaded {
			err = fmt.Errorf("%w: %w", errBroken, err)
		}
		return nil, err
	}
	switch reply.Reply.Status {
	case session.ReconcileOver:
		return nil, errOver
	case session.ReconcileApproved:
		if reply.Reply.Items != a.theirs {
			err = errSizes
		} else {
			err = a.fits(reply.Reply.Received, reply.Reply.Transcript)
		}
	case session.ReconcileDone: // its receipt comes instead of what it would still send
		if !a.engine.Done() {
			err = fmt.Errorf("%w: the other side says that a pass is over that is not", session.ErrTurn)
		} else {
			err = s.lastReceipt(a, stream)
		}
	default:
		return nil, s.heard(ctx, r.ID, reply.Reply.Status)
	}
	if err == nil {
		err = a.over(stream)
	}
	if err != nil {
		_ = stream.Reset()
	}
	return stream, err
}

// lastReceipt reads the receipt of an other that has ours already.
func (s *Service) lastReceipt(a *attempt, stream p2p.Stream) error {
	a.machine.Resume()
	if _, err := a.machine.Next(); err != nil {
		return err
	}
	msg, err := s.read(a, stream, session.MaxReconcileReceipt)
	if err != nil {
		return err
	}
	return a.machine.Receive(msg)
}

// Bounds of going on with an attempt whose stream broke.
const (
	pauses    = 300 // the first pause is that part of the patience
	longPause = 15 * time.Second
	maxBreaks = 10 // in a row without a message more
	maxFresh  = 1  // attempts that follow one that the other has no longer
)

// run takes a reconciliation to its end, as far as it gets: the attempt that was started, those that follow where
// the other has restarted, and the second pass.
func (s *Service) run(ctx context.Context, r store.Reconcile, offer *session.SignedOffer, a *attempt, stream p2p.Stream) {
	for fresh := 0; ; {
		err := s.pass(ctx, a, r, offer, stream)
		pass := int64(a.pass)
		switch {
		case err == nil && int(pass) == offer.Offer.Learn.Passes():
			s.cfg.Log.Info("a reconciliation is done", "member", r.Peer, "id", r.ID)
			return
		case err == nil:
			pass++
		case errors.Is(err, errOver) && fresh < maxFresh:
			fresh++
		default:
			s.ran(ctx, a, r, err)
			return
		}
		if a, stream, err = s.start(ctx, r, offer, pass); err != nil {
			s.ran(ctx, nil, r, err)
			return
		}
	}
}

// pass drives one attempt, over as many streams as it takes.
func (s *Service) pass(ctx context.Context, a *attempt, r store.Reconcile, offer *session.SignedOffer, stream p2p.Stream) error {
	first := s.cfg.Patience / pauses
	pause, breaks := first, 0
	for {
		before := a.done.Load()
		err := s.drive(ctx, a, stream, r)
		if err == nil {
			err = s.settle(ctx, a, r) // where the other's receipt came before it
		}
		if err == nil {
			_ = stream.Close()
			s.drop(a)
			a.release(s.cfg.Now())
			return nil
		}
		_ = stream.Reset()
		if !errors.Is(err, errBroken) {
			s.drop(a)
			a.release(s.cfg.Now())
			return err
		}
		a.release(s.cfg.Now())
		if a.done.Load() > before {
			pause, breaks = first, 0
		}
		for {
			if breaks++; breaks > maxBreaks {
				return err
			}
			s.note(ctx, r.ID, store.ReconcileRunning, "the connection broke: going on")
			if wait(ctx, pause) != nil {
				return err
			}
			pause = min(2*pause, longPause)
			if stream, err = s.resume(ctx, a, r, offer); err == nil {
				s.note(ctx, r.ID, store.ReconcileRunning, "")
				break
			}
			if !errors.Is(err, errBroken) {
				return err
			}
		}
	}
}

// wait pauses, up to half as long again: two that lost one another must not meet in step.
func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause + mathrand.N(pause/2)):
		return nil
	}
}

// ran notes how a run ended that did not end well.
func (s *Service) ran(ctx context.Context, a *attempt, r store.Reconcile, err error) {
	switch {
	case errors.Is(err, errEnded), errors.Is(err, errStands), ctx.Err() != nil: // the state says why, or will after the restart
	case a != nil && isFault(err):
		s.failed(ctx, a, r, err)
	default:
		s.cfg.Log.Warn("a reconciliation stopped", "member", r.Peer, "id", r.ID, "error", err)
		s.note(ctx, r.ID, store.ReconcileApproved, words(err)+": run it again")
	}
}

// isFault tells a peer that broke a protocol, or an engine that met what an honest peer cannot cause.
func isFault(err error) bool {
	for _, fault := range []error{
		errSizes, bulk.ErrCheat, bulk.ErrMessage, bulk.ErrVersion, bulk.ErrOrder, bulk.ErrTooMany, bulk.ErrRewind,
		wire.ErrMalformed, wire.ErrNotCanonical, wire.ErrTooLarge, session.ErrReceipt, session.ErrSignature,
		session.ErrTurn, session.ErrHeader, session.ErrVersion,
	} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}
