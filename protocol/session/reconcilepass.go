package session

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// ReconcileReceipt is what both sign when a pass is over: who learnt what two sets of which sizes share, in
// which session of the engine, and what that was charged as. Neither can disown it; it says nothing of a match.
type ReconcileReceipt struct {
	V             uint64    `cbor:"1,keyasint"`
	Ledger        [32]byte  `cbor:"2,keyasint"`
	Offer         [32]byte  `cbor:"3,keyasint"` // SHA-256 of the offer
	Pass          uint64    `cbor:"4,keyasint"`
	Attempt       RequestID `cbor:"5,keyasint"`
	Receiver      string    `cbor:"6,keyasint"` // peer ID of the one who learns
	Sender        string    `cbor:"7,keyasint"` // peer ID of the one whose set is looked up in
	ReceiverItems uint64    `cbor:"8,keyasint"`
	SenderItems   uint64    `cbor:"9,keyasint"`
	Charged       uint64    `cbor:"10,keyasint"` // evaluations, to the receiver's budget at the sender
	Transcript    [32]byte  `cbor:"11,keyasint"` // the engine's
}

func (r *ReconcileReceipt) check() error {
	if r.V != version {
		return fmt.Errorf("%w: %d", ErrVersion, r.V)
	}
	if r.Pass == 0 || r.Pass > 2 || r.ReceiverItems > MaxReconcileItems || r.SenderItems > MaxReconcileItems {
		return fmt.Errorf("%w: pass or sizes", ErrHeader)
	}
	if err := checkPeer("receiver", r.Receiver); err != nil {
		return err
	}
	return checkPeer("sender", r.Sender)
}

// SignedReconcileReceipt is a receipt with one party's signature.
type SignedReconcileReceipt struct {
	Receipt   []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

// ParseReconcileReceipt reads a receipt that the holder of key has signed. Errors are the faults of this package
// and of wire.
func ParseReconcileReceipt(msg []byte, key member.PublicKey) (s SignedReconcileReceipt, r ReconcileReceipt, err error) {
	if err = wire.Decode(msg, &s, MaxReconcileReceipt); err != nil {
		return s, r, err
	}
	if err = wire.Decode(s.Receipt, &r, MaxReconcileReceipt); err != nil {
		return s, r, err
	}
	if err = r.check(); err != nil {
		return s, r, err
	}
	return s, r, signatureBy(key, reconcileReceiptDomain, s.Receipt, s.Signature)
}

// ReconcileEngine is one party of a set intersection, as the exchange carries it: privacy/bulk's Machine.
type ReconcileEngine interface {
	Next() ([]byte, error)
	Receive(message []byte) error
	Done() bool
	Transcript() [32]byte
}

// ReconcilePass is one side of a pass after the reply: messages of the engine in turn, then the initiator's
// receipt, then the other's. It outlives a stream: the engine is rewound, and the pass goes on. It is for one
// goroutine at a time.
type ReconcilePass struct {
	engine    ReconcileEngine
	initiator bool
	receipt   ReconcileReceipt // all but the transcript
	key       ed25519.PrivateKey
	peer      member.PublicKey
	own       []byte // our receipt's message, once made
	said      bool   // on the present stream
	theirs    *SignedReconcileReceipt
}

// NewReconcilePass returns one side of a pass. receipt is what both will sign, but for the transcript; key is the
// own node key and peer the other side's.
func NewReconcilePass(engine ReconcileEngine, initiator bool, receipt ReconcileReceipt, key ed25519.PrivateKey, peer member.PublicKey) *ReconcilePass {
	receipt.V = version
	return &ReconcilePass{engine: engine, initiator: initiator, receipt: receipt, key: key, peer: peer}
}

// Resume begins again on another stream, after the engine was rewound.
func (p *ReconcilePass) Resume() { p.said = false }

// Next returns the next message to send, or nil if one of the peer is due or the pass is over.
func (p *ReconcilePass) Next() ([]byte, error) {
	msg, err := p.engine.Next()
	if err != nil || msg != nil || !p.engine.Done() {
		return msg, err
	}
	if p.said || !p.initiator && p.theirs == nil {
		return nil, nil
	}
	p.said = true
	return p.Own()
}

// Own returns this side's receipt as a message. The engine must be done.
func (p *ReconcilePass) Own() ([]byte, error) {
	if p.own != nil {
		return p.own, nil
	}
	if !p.engine.Done() {
		return nil, fmt.Errorf("%w: the pass is not over", ErrTurn)
	}
	p.receipt.Transcript = p.engine.Transcript()
	raw, err := wire.Encode(p.receipt)
	if err != nil {
		return nil, err
	}
	p.own, err = wire.Encode(SignedReconcileReceipt{raw, member.Sign(p.key, reconcileReceiptDomain, raw)})
	return p.own, err
}

// Receive takes the peer's next message. Errors are those of the engine and the faults of this package and of
// wire: [ErrReceipt] reports a receipt about something else than this pass.
func (p *ReconcilePass) Receive(msg []byte) error {
	if !p.engine.Done() {
		return p.engine.Receive(msg)
	}
	if p.initiator && !p.said {
		return fmt.Errorf("%w: the initiator's receipt comes first", ErrTurn)
	}
	if p.theirs != nil && !p.initiator {
		return fmt.Errorf("%w: the pass is over", ErrTurn)
	}
	theirs, _, err := ParseReconcileReceipt(msg, p.peer)
	if err != nil {
		return err
	}
	own, err := p.Own()
	if err != nil {
		return err
	}
	var mine SignedReconcileReceipt
	if err := wire.Decode(own, &mine, MaxReconcileReceipt); err != nil {
		return errors.Join(ErrReceipt, err)
	}
	if !bytes.Equal(mine.Receipt, theirs.Receipt) {
		return fmt.Errorf("%w: the two do not sign the same", ErrReceipt)
	}
	p.theirs = &theirs
	return nil
}

// Theirs returns the peer's receipt, nil before it came. The other keeps what the pass has found before it calls
// Next again: its receipt says that it is over.
func (p *ReconcilePass) Theirs() *SignedReconcileReceipt { return p.theirs }

// Done says that both receipts were exchanged.
func (p *ReconcilePass) Done() bool { return p.theirs != nil && (p.initiator || p.said) }
