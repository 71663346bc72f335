package notify

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxStreams is how many streams a peer may have open here.
const MaxStreams = 4

// idle is how long a peer may be silent.
const idle = 60 * time.Second

// Serve hears statements on one stream until the peer closes it, commits a fault, or ctx ends.
func (n *Notify) Serve(ctx context.Context, stream p2p.Stream) {
	defer stream.Close()
	key, ok := n.nodeKey(stream.Peer())
	if !ok {
		_ = stream.Reset() // left the ledger since the gate let it in
		return
	}
	machine := session.NewRecipient(session.RecipientConfig{Ledger: n.cfg.LedgerID, Key: n.cfg.Ring.Private(member.Node), Sender: key})
	for ctx.Err() == nil {
		if stream.SetDeadline(time.Now().Add(idle)) != nil {
			return
		}
		msg, err := wire.ReadFrame(stream, session.MaxStatement)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !errors.Is(err, wire.ErrTooLarge) {
			_ = stream.Reset()
			return
		}
		receipt, more, err := n.hear(ctx, stream.Peer(), machine, msg, err)
		if err != nil {
			n.cfg.Log.Error("a statement could not be answered", "peer", stream.Peer(), "error", err)
			_ = stream.Reset()
			return
		}
		reply, err := receipt.Message()
		if err != nil || wire.WriteFrame(stream, reply) != nil || !more {
			return
		}
	}
}

// hear decides on one message. The statement and its receipt are on disk before the receipt is returned.
func (n *Notify) hear(ctx context.Context, peer string, machine *session.Recipient, msg []byte, err error) (r *session.ToldReceipt, more bool, _ error) {
	var s *session.Statement
	if err == nil {
		s, err = machine.Receive(msg)
	}
	if err != nil {
		n.cfg.Log.Warn("a statement about a match was refused", "peer", peer, "reason", err)
		r, err = machine.Fail(n.size(), &session.Declined{Code: session.CodeOf(err)})
		return r, false, err
	}
	if !n.rates.allow(peer, n.cfg.Now()) {
		r, err = machine.Decline(s, n.size(), &session.Declined{Code: session.Overloaded, RetryAfter: ratePause})
		return r, true, err
	}
	sender, err := n.authorise(peer, s)
	if err == nil {
		r, err = n.keep(ctx, sender, machine, s)
	}
	if err == nil {
		nudge(n.inbox)
		return r, true, nil
	}
	declined, ours := declinedOf(err)
	if ours {
		n.cfg.Log.Error("a statement about a match could not be kept", "peer", peer, "error", err)
	}
	r, err = machine.Decline(s, n.size(), declined)
	return r, true, err
}

func (n *Notify) authorise(peer string, s *session.Statement) (sender string, err error) {
	if !n.cfg.Settled() {
		return "", errUnsettled
	}
	stale := n.cfg.Authority(func(final, tip *state.State) {
		if m, ok := tip.MemberByPeer(peer); ok {
			sender = m.Name
		}
		if s.Notice == nil {
			err = ledger.AuthorisedFeedback(final, tip, n.cfg.LedgerID, peer, n.self)
			return
		}
		err = ledger.AuthorisedNotice(final, tip, ledger.NoticeAsk{
			LedgerID: n.cfg.LedgerID, Sender: peer, Holder: n.self,
			Type: s.Notice.Type, Purpose: s.Notice.Purpose, HasCase: len(s.Notice.Case) > 0,
		})
	})
	if stale != nil {
		return "", stale
	}
	return sender, err
}

// errUnsettled reports that this node does not know yet what stands on the ledger now.
var errUnsettled = errors.New("this node's ledger has not caught up since it started")

func (n *Notify) keep(ctx context.Context, sender string, machine *session.Recipient, s *session.Statement) (*session.ToldReceipt, error) {
	receipt, err := machine.Accept(s, n.size())
	if err != nil {
		return nil, err
	}
	h := store.Heard{
		Kind: "notice", Member: sender, Statement: s.ID, Hash: s.Hash, Body: s.Raw, Signature: s.Signature,
		Receipt: receipt.Raw, ReceiptSignature: receipt.Signature,
	}
	if s.Notice != nil {
		h.Type, h.Purpose = indicator.Type(s.Notice.Type), s.Notice.Purpose
	} else {
		h.Kind, h.Verdict, h.About = "feedback", string(s.Feedback.Verdict), s.Feedback.About
	}
	kept, _, err := n.cfg.Store.Hear(ctx, h)
	if err != nil {
		return nil, err
	}
	return &session.ToldReceipt{Told: receipt.Told, Raw: kept.Receipt, Signature: kept.ReceiptSignature}, nil
}

// retryAfter is what a sender is told to wait where this member cannot take more for now.
const retryAfter = 10 * time.Second

// declinedOf maps what went wrong to what the sender is told, and says whether the fault is ours.
func declinedOf(err error) (d *session.Declined, ours bool) {
	var denial *ledger.Denial
	switch {
	case errors.Is(err, ledger.ErrNotAMember):
		return &session.Declined{Code: session.NotAMember}, false
	case errors.Is(err, ledger.ErrSuspended):
		return &session.Declined{Code: session.Suspended}, false
	case errors.Is(err, ledger.ErrNotPermitted) && errors.As(err, &denial):
		return &session.Declined{Code: session.NotPermitted, Rule: denial.Rule}, false
	case errors.Is(err, store.ErrStatement):
		return &session.Declined{Code: session.RequestReused}, false
	case errors.Is(err, store.ErrNotFound):
		return &session.Declined{Code: session.NotFound}, false
	case errors.Is(err, store.ErrHeardFull), errors.Is(err, errUnsettled), errors.Is(err, ledger.ErrStale):
		return &session.Declined{Code: session.Overloaded, RetryAfter: retryAfter}, false
	}
	return &session.Declined{Code: session.Overloaded, RetryAfter: retryAfter}, true
}

func (n *Notify) nodeKey(peer string) (key member.PublicKey, ok bool) {
	n.cfg.View(func(s *state.State) {
		var m state.Member
		if m, ok = s.MemberByPeer(peer); ok {
			key = m.Keys.Node
		}
	})
	return key, ok
}
