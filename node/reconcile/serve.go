package reconcile

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// retryAfter is what a node that cannot now asks for.
const retryAfter = 10 * time.Second

// Serve answers one call of an initiator, and runs the pass that it starts.
func (s *Service) Serve(ctx context.Context, stream p2p.Stream) {
	key, err := s.nodeKey(stream.Peer())
	if err != nil {
		_ = stream.Reset() // left the ledger since the gate let it in
		return
	}
	callee := session.NewReconcileCallee(s.cfg.LedgerID, s.key, key)
	if stream.SetDeadline(time.Now().Add(callWithin)) != nil {
		return
	}
	msg, err := wire.ReadFrame(stream, session.MaxReconcileCall)
	if err != nil && !errors.Is(err, wire.ErrTooLarge) {
		s.streamFault(stream, err)
		return
	}
	var call *session.ReconcileCall
	if err == nil {
		call, err = callee.Receive(msg)
	}
	if err != nil {
		s.cfg.Log.Warn("a call to reconcile was refused", "peer", stream.Peer(), "reason", err)
		s.say(stream, callee, refused(&session.Refusal{Code: session.CodeOf(err)}))
		return
	}
	reply, next := s.answer(ctx, call, stream)
	s.say(stream, callee, reply)
	if next != nil { // where the reply did not get through, the stream is found broken
		next(ctx)
	}
}

func refused(r *session.Refusal) (reply session.ReconcileReply) {
	reply.Refuse(r)
	return reply
}

// say sends the reply.
func (s *Service) say(stream p2p.Stream, callee *session.ReconcileCallee, r session.ReconcileReply) {
	msg, err := callee.Reply(r)
	if err == nil {
		err = stream.SetDeadline(time.Now().Add(callWithin))
	}
	if err == nil {
		err = wire.WriteFrame(stream, msg)
	}
	if err != nil {
		s.streamFault(stream, err)
	}
}

// streamFault ends a stream that broke or misbehaved, and nobody else's.
func (s *Service) streamFault(stream p2p.Stream, err error) {
	_ = stream.Reset()
	s.cfg.Metrics.StreamErrors.WithLabelValues(stream.Protocol(), "broken").Inc()
	s.cfg.Log.Debug("a stream broke", "peer", stream.Peer(), "protocol", stream.Protocol(), "error", err)
}

// answer decides on a call that is well-formed and signed. next, if not nil, is what follows the reply, and is always
// to be called: it has the attempt in its hands.
func (s *Service) answer(ctx context.Context, call *session.ReconcileCall, stream p2p.Stream) (reply session.ReconcileReply, next func(context.Context)) {
	reply, next, err := s.act(ctx, call, stream)
	if err != nil {
		refusal, ours := refusalOf(err)
		if ours {
			s.cfg.Log.Error("a call to reconcile could not be answered", "peer", call.Offer.Offer.Initiator, "error", err)
		}
		return refused(refusal), nil
	}
	return reply, next
}

func (s *Service) act(ctx context.Context, call *session.ReconcileCall, stream p2p.Stream) (reply session.ReconcileReply, next func(context.Context), err error) {
	id := idOf(call.Offer.Offer.ID)
	if call.Act.Kind == session.ActCancel {
		// Whatever policy says by now: to end something needs no permission.
		reply.Status, err = s.cancelled(ctx, id, call)
		return reply, nil, err
	}
	g, err := s.authorise(&call.Offer.Offer, 0)
	if err != nil {
		if a := s.under(id); a != nil && a.peer == call.Offer.Offer.Initiator {
			s.drop(a)
		}
		return reply, nil, err
	}
	r, err := s.enter(ctx, call.Offer, g)
	if err != nil {
		return reply, nil, err
	}
	if call.Act.Kind == session.ActStart && (r.State == store.ReconcileApproved || r.State == store.ReconcileRunning || r.State == store.ReconcileDone) {
		return s.started(ctx, call, r, g, stream)
	}
	reply.Status = statusOf(r.State)
	return reply, nil, nil
}

// statusOf is how the initiator is told of a state.
func statusOf(state store.ReconcileState) session.ReconcileStatus {
	switch state {
	case store.ReconcilePending:
		return session.ReconcilePending
	case store.ReconcileDenied:
		return session.ReconcileDenied
	case store.ReconcileExpired:
		return session.ReconcileExpired
	case store.ReconcileDone:
		return session.ReconcileDone
	case store.ReconcileCancelled, store.ReconcileFailed: // a session that failed here is over for both
		return session.ReconcileCancelled
	}
	return session.ReconcileApproved
}

func idOf(id session.RequestID) string { return hex.EncodeToString(id[:]) }

// errReused reports an offer whose id stands for another one.
var errReused = &session.Refusal{Code: session.RequestReused}

// enter finds an offer, or enters one that is new, for the operator or policy alone to decide.
func (s *Service) enter(ctx context.Context, offer *session.SignedOffer, g grant) (store.Reconcile, error) {
	id := idOf(offer.Offer.ID)
	r, err := s.cfg.Store.Reconcile(ctx, id)
	if err == nil {
		if r.Initiator || string(r.Offer) != string(offer.Raw) {
			return r, errReused
		}
		return r, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	now, expires := s.cfg.Now(), time.Unix(offer.Offer.Expires, 0)
	if expires.After(now.Add(maxLasts)) {
		return r, errTerms
	}
	open, today, err := s.cfg.Store.OpenOffers(ctx, g.permit.Initiator().Name)
	if err != nil {
		return r, err
	}
	if open >= maxOpen || today >= maxDay {
		return r, errMany
	}
	r = store.Reconcile{
		ID: id, Peer: g.permit.Initiator().Name, Offer: offer.Raw, Signature: offer.Signature,
		State: store.ReconcilePending, Expires: expires,
	}
	if s.cfg.Automatic {
		r.State = store.ReconcileApproved
	}
	if !expires.After(now) {
		r.State = store.ReconcileExpired
	}
	s.cfg.Log.Info("a member offers to compare sets", "member", r.Peer, "type", offer.Offer.Type, "id", id, "state", string(r.State))
	return r, s.cfg.Store.AddReconcile(ctx, r)
}

// cancelled ends what the initiator takes back.
func (s *Service) cancelled(ctx context.Context, id string, call *session.ReconcileCall) (session.ReconcileStatus, error) {
	r, err := s.cfg.Store.Reconcile(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return session.ReconcileCancelled, nil
	}
	if err != nil {
		return "", err
	}
	if r.Initiator || string(r.Offer) != string(call.Offer.Raw) {
		return "", errReused
	}
	if r.State.Over() {
		return statusOf(r.State), nil
	}
	if err := s.finish(ctx, id, store.ReconcileCancelled, "the initiator took it back"); err != nil {
		return "", err
	}
	return session.ReconcileCancelled, nil
}

// started begins the attempt that a start names, or goes on with it.
func (s *Service) started(ctx context.Context, call *session.ReconcileCall, r store.Reconcile, g grant, stream p2p.Stream) (reply session.ReconcileReply, next func(context.Context), err error) {
	act := &call.Act
	if int(act.Pass) <= r.Passes {
		reply.Status = session.ReconcileDone
		return reply, func(ctx context.Context) { s.showReceipt(ctx, r, int(act.Pass), stream) }, nil
	}
	if int(act.Pass) != r.Passes+1 {
		return reply, nil, errTerms
	}
	a := s.under(r.ID)
	if a == nil || a.number != act.Attempt || a.pass != act.Pass || a.theirs != act.Items {
		if act.Received > 0 || act.Transcript != [32]byte{} {
			reply.Status = session.ReconcileOver
			return reply, nil, nil
		}
		if a, err = s.begin(ctx, call, r, g); errors.Is(err, store.ErrReplay) || errors.Is(err, store.ErrRequestID) {
			reply.Status = session.ReconcileOver // its machine is gone, and what was paid for is not to be had twice
			return reply, nil, nil
		}
		if err == nil {
			err = a.over(stream)
		}
	} else {
		err = s.goOn(ctx, a, act, stream)
	}
	if errors.Is(err, errEnded) {
		reply.Status = session.ReconcileOver
		return reply, nil, nil
	}
	if err != nil {
		return reply, nil, err
	}
	reply.Status, reply.Items = session.ReconcileApproved, a.own
	reply.Received, reply.Transcript = a.position()
	return reply, func(ctx context.Context) { s.servePass(ctx, a, r, stream) }, nil
}

// goOn takes an attempt up where it broke. One that does not fit what the initiator says is ended.
func (s *Service) goOn(ctx context.Context, a *attempt, act *session.ReconcileAct, stream p2p.Stream) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	if err := a.take(ctx, stream); err != nil {
		return err
	}
	if err := a.fits(act.Received, act.Transcript); err != nil {
		s.drop(a)
		a.release(s.cfg.Now())
		return errEnded
	}
	return nil
}

// begin makes a fresh attempt. Where this member sends, the initiator has paid for it before anything is computed.
func (s *Service) begin(ctx context.Context, call *session.ReconcileCall, r store.Reconcile, g grant) (*attempt, error) {
	o, act := &call.Offer.Offer, &call.Act
	sends := o.Learn.InitiatorReceives(act.Pass)
	own, err := s.snapshotFor(ctx, o, sends, g.permit.SetSize())
	if err != nil {
		return nil, err
	}
	a, err := s.newAttempt(r.ID, call.Offer, act.Attempt, act.Pass, own, act.Items)
	if err != nil {
		return nil, err
	}
	if err := s.admit(a); err != nil {
		return nil, err
	}
	if sends {
		_, err = s.cfg.Holder.Charge(ctx, g.budgets[o.Initiator], holder.Spend{
			RequestID: act.Attempt, HeaderHash: call.Hash, Querier: o.Initiator, Member: r.Peer, Type: o.Type,
			Count: charge(act.Items), Header: call.RawAct, Signature: call.Signature,
		})
	}
	if err == nil {
		own, theirs := int64(a.own), int64(a.theirs)
		err = s.cfg.Store.ChangeReconcile(ctx, r.ID, []store.ReconcileState{store.ReconcileApproved, store.ReconcileRunning},
			store.ReconcileChange{State: store.ReconcileRunning, Attempt: act.Attempt[:], Own: &own, Theirs: &theirs})
	}
	if err != nil {
		s.drop(a)
		a.release(s.cfg.Now())
		return nil, err
	}
	return a, nil
}

// servePass runs the other's side of a pass over one stream.
func (s *Service) servePass(ctx context.Context, a *attempt, r store.Reconcile, stream p2p.Stream) {
	err := s.drive(ctx, a, stream, r)
	switch {
	case err == nil:
		s.drop(a)
		s.cfg.Log.Info("a reconciled pass is over", "member", r.Peer, "id", r.ID, "pass", a.pass)
	case errors.Is(err, errBroken), errors.Is(err, context.Canceled):
		s.streamFault(stream, err)
		s.note(ctx, r.ID, store.ReconcileRunning, "the connection broke: the initiator can go on")
	case errors.Is(err, errEnded):
		_ = stream.Reset()
	default:
		_ = stream.Reset()
		s.drop(a)
		s.failed(ctx, a, r, err)
	}
	a.release(s.cfg.Now())
}

// showReceipt sends the receipt of a pass that is over here already.
func (s *Service) showReceipt(_ context.Context, r store.Reconcile, pass int, stream p2p.Stream) {
	for _, receipt := range r.Receipts {
		if receipt.Pass == pass {
			if err := wire.WriteFrame(stream, receipt.Own); err != nil {
				s.streamFault(stream, err)
			}
		}
	}
}
