package reconcile

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

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
