package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
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
