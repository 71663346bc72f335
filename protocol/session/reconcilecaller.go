package session

import (
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
)

// ReconcileCaller is the initiator's side of one stream, up to the other's reply. It is for one goroutine.
type ReconcileCaller struct {
	offer  *SignedOffer
	key    ed25519.PrivateKey
	other  member.PublicKey
	act    ReconcileAct
	hash   [32]byte
	called bool
	dead   bool
}

// NewReconcileCaller returns the machine of an initiator with its node key, for an offer of its own and the
// node key of the other. The error is [ErrParty] where the offer is not between these two.
func NewReconcileCaller(o *SignedOffer, key ed25519.PrivateKey, other member.PublicKey) (*ReconcileCaller, error) {
	if o.Offer.Initiator != member.PublicOf(key).PeerID() || o.Offer.Other != other.PeerID() {
		return nil, ErrParty
	}
	return &ReconcileCaller{offer: o, key: key, other: other}, nil
}

// Call returns the message. The error is [ErrTurn] when one was made before, or that of a field.
func (c *ReconcileCaller) Call(act ReconcileAct) (msg []byte, err error) {
	if c.called {
		return nil, fmt.Errorf("%w: one call a stream", ErrTurn)
	}
	if msg, c.hash, err = signCall(c.offer, act, c.key); err != nil {
		return nil, err
	}
	c.called, c.act = true, act
	return msg, nil
}

// Receive reads the other's reply. A refusal is its [Refusal]; the reply comes with it. Whether messages of the
// engine follow says the status: approved to a start. After a fault the machine is over.
func (c *ReconcileCaller) Receive(msg []byte) (*SignedReconcileReply, error) {
	if c.dead {
		return nil, ErrClosed
	}
	c.dead = true // one reply a stream
	if !c.called {
		return nil, fmt.Errorf("%w: nothing was said yet", ErrTurn)
	}
	r, err := ParseReconcileReply(msg, c.other)
	if err != nil {
		return nil, err
	}
	return r, c.fits(&r.Reply)
}

// fits holds a reply against what was said.
func (c *ReconcileCaller) fits(r *ReconcileReply) error {
	if r.Initiator != c.offer.Offer.Initiator || r.Other != c.offer.Offer.Other {
		return fmt.Errorf("%w: other parties", ErrReceipt)
	}
	if r.Ledger != c.offer.Offer.Ledger && r.Status != ReconcileStatus(WrongLedger) {
		return fmt.Errorf("%w: another ledger", ErrReceipt)
	}
	if unread := r.Offer == [32]byte{} && r.Act == [32]byte{}; unread && Code(r.Status).unbound() {
		return r.Refusal()
	}
	if r.Offer != c.offer.Hash || r.Act != c.hash {
		return fmt.Errorf("%w: about something else", ErrReceipt)
	}
	if c.act.Kind != ActStart && r.Status == ReconcileOver {
		return fmt.Errorf("%w: nothing was started", ErrReceipt)
	}
	return r.Refusal()
}

// ReconcileCallee is the other's side of one stream, up to its reply. It is for one goroutine.
type ReconcileCallee struct {
	ledger    [32]byte
	key       ed25519.PrivateKey
	initiator member.PublicKey
	call      *ReconcileCall
	received  bool
	replied   bool
}

// NewReconcileCallee returns the machine of a member with its ledger and node key, for a stream whose other end
// has the node key initiator.
func NewReconcileCallee(ledger [32]byte, key ed25519.PrivateKey, initiator member.PublicKey) *ReconcileCallee {
	return &ReconcileCallee{ledger: ledger, key: key, initiator: initiator}
}

// Receive reads the call. After an error, a fault of this package or of wire, the one thing left is to refuse.
func (c *ReconcileCallee) Receive(msg []byte) (*ReconcileCall, error) {
	if c.received {
		return nil, fmt.Errorf("%w: one call a stream", ErrTurn)
	}
	c.received = true
	call, err := ParseReconcileCall(msg, c.initiator)
	if err != nil {
		return nil, err
	}
	o := &call.Offer.Offer
	if o.Initiator != c.initiator.PeerID() || o.Other != member.PublicOf(c.key).PeerID() {
		return nil, ErrParty
	}
	if o.Ledger != c.ledger {
		return nil, ErrLedger
	}
	c.call = call
	return call, nil
}

// Reply returns the message that answers the call. Parties, ledger and hashes are filled in.
func (c *ReconcileCallee) Reply(r ReconcileReply) ([]byte, error) {
	if c.replied {
		return nil, fmt.Errorf("%w: one reply a stream", ErrTurn)
	}
	c.replied = true
	r.Ledger, r.Initiator, r.Other = c.ledger, c.initiator.PeerID(), member.PublicOf(c.key).PeerID()
	if c.call != nil {
		r.Offer, r.Act = c.call.Offer.Hash, c.call.Hash
	}
	return signReply(r, c.key)
}
