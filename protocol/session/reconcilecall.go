package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// ActKind is what an initiator wants with its offer.
type ActKind uint64

// The kinds of acts.
const (
	ActDeliver ActKind = 1 // here is the offer; where does it stand?
	ActStart   ActKind = 2 // begin a pass, or go on with one that broke
	ActCancel  ActKind = 3 // the offer is taken back
)

// ReconcileAct is what an initiator signs beside its offer each time that it calls. Of an act other than start
// all fields from Pass on are zero.
type ReconcileAct struct {
	V          uint64    `cbor:"1,keyasint"`
	Offer      [32]byte  `cbor:"2,keyasint"` // SHA-256 of the offer
	Kind       ActKind   `cbor:"3,keyasint"`
	Pass       uint64    `cbor:"4,keyasint"` // 1 or 2
	Attempt    RequestID `cbor:"5,keyasint"` // random; the same where an attempt that broke goes on
	Items      uint64    `cbor:"6,keyasint"` // that the initiator brings
	Received   uint64    `cbor:"7,keyasint"` // messages of the engine that it has
	Transcript [32]byte  `cbor:"8,keyasint"` // the engine's, zero before there is one
}

func (a *ReconcileAct) check(o *SignedOffer) error {
	switch {
	case a.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, a.V)
	case a.Offer != o.Hash:
		return fmt.Errorf("%w: an act about another offer", ErrHeader)
	case a.Kind == ActDeliver || a.Kind == ActCancel:
		if *a != (ReconcileAct{V: a.V, Offer: a.Offer, Kind: a.Kind}) {
			return fmt.Errorf("%w: an act that starts nothing", ErrHeader)
		}
		return nil
	case a.Kind != ActStart:
		return fmt.Errorf("%w: kind of act", ErrHeader)
	case a.Pass == 0 || a.Pass > uint64(o.Offer.Learn.Passes()):
		return fmt.Errorf("%w: pass", ErrHeader)
	case a.Attempt == RequestID{}:
		return fmt.Errorf("%w: attempt", ErrHeader)
	case a.Items > o.Offer.Items:
		return fmt.Errorf("%w: %d, and %d were offered", ErrBatchSize, a.Items, o.Offer.Items)
	case a.Received > maxEngineMessages:
		return fmt.Errorf("%w: messages received", ErrHeader)
	}
	return nil
}

// maxEngineMessages bounds a count of the engine's messages.
const maxEngineMessages = 1 << 31

// reconcileCall is the message.
type reconcileCall struct {
	Offer          []byte `cbor:"1,keyasint"`
	OfferSignature []byte `cbor:"2,keyasint"` // 64 bytes
	Act            []byte `cbor:"3,keyasint"`
	ActSignature   []byte `cbor:"4,keyasint"` // 64 bytes
}

// ReconcileCall is a call that has been read and checked: shape, parties, signatures.
type ReconcileCall struct {
	Offer     *SignedOffer
	Act       ReconcileAct
	RawAct    []byte   // as it was signed: what the other charges by, kept for the audit
	Signature []byte   // over it, 64 bytes
	Hash      [32]byte // SHA-256 of RawAct
}

// signCall encodes what an initiator says.
func signCall(o *SignedOffer, a ReconcileAct, key ed25519.PrivateKey) (msg []byte, hash [32]byte, err error) {
	a.V, a.Offer = version, o.Hash
	if err := a.check(o); err != nil {
		return nil, hash, err
	}
	raw, err := wire.Encode(a)
	if err != nil {
		return nil, hash, err
	}
	msg, err = wire.Encode(reconcileCall{o.Raw, o.Signature, raw, member.Sign(key, actDomain, raw)})
	return msg, sha256.Sum256(raw), err
}

// ParseReconcileCall reads a call by the holder of key. Errors are the faults of this package and of wire.
func ParseReconcileCall(msg []byte, key member.PublicKey) (*ReconcileCall, error) {
	var r reconcileCall
	if err := wire.Decode(msg, &r, MaxReconcileCall); err != nil {
		return nil, err
	}
	offer, err := ParseOffer(r.Offer, r.OfferSignature, key)
	if err != nil {
		return nil, err
	}
	c := &ReconcileCall{Offer: offer, RawAct: r.Act, Signature: r.ActSignature, Hash: sha256.Sum256(r.Act)}
	if err := wire.Decode(r.Act, &c.Act, MaxReconcileOffer); err != nil {
		return nil, err
	}
	if err := c.Act.check(offer); err != nil {
		return nil, err
	}
	return c, signatureBy(key, actDomain, r.Act, r.ActSignature)
}
