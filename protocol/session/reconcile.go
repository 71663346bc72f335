package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// ReconcileProtocol is the exchange by which two members compare whole sets (specs/reconcile.md): the libp2p
// protocol ID and the label that its signatures are bound to.
//
//	initiator                                                     other
//	===================================================================
//	Call     {offer, act, signatures}            ----->           Receive
//	                                                              policy, consent, budget
//	Receive  <-----   {reply, signature}                          Reply
//	   where the act is start and the reply is approved:
//	Next     <---->   messages of the engine, opaque here         Next
//	Next     {receipt, signature}                ----->           Receive
//	Receive  <-----   {receipt, signature}                        Next
//
// What leaks, beside what the engine's spec says: that the initiator wants to compare, with whom, which type,
// for which purpose, whether there is a case reference, and a bound on the size of its set.
const ReconcileProtocol = "crosslight/reconcile/v1"

const (
	offerDomain            = ReconcileProtocol + " offer"
	actDomain              = ReconcileProtocol + " act"
	replyDomain            = ReconcileProtocol + " reply"
	reconcileReceiptDomain = ReconcileProtocol + " receipt"
	contextDomain          = ReconcileProtocol + " context"
)

// Limits of the exchange, in bytes and items.
const (
	MaxReconcileItems   = 1 << 25 // of a set
	MaxReconcileLabel   = 1 << 10 // of a label
	MaxReconcileOffer   = 1 << 10
	MaxReconcileCall    = 3 << 10
	MaxReconcileReply   = 1 << 10
	MaxReconcileReceipt = 1 << 10
)

// Learn says who learns what two sets share.
type Learn string

// Who learns. Both is two passes, the second with the roles exchanged.
const (
	LearnInitiator Learn = "initiator"
	LearnOther     Learn = "other"
	LearnBoth      Learn = "both"
)

// Passes is how many passes there are.
func (l Learn) Passes() int {
	if l == LearnBoth {
		return 2
	}
	return 1
}

// InitiatorReceives says whether the initiator is the one who learns in a pass, 1 or 2.
func (l Learn) InitiatorReceives(pass uint64) bool { return pass == 1 && l != LearnOther }

// ReconcileOffer is what an initiator signs: which sets are to be compared, and on what terms. The other decides
// by it, and both keep it.
type ReconcileOffer struct {
	V         uint64    `cbor:"1,keyasint"`
	Ledger    [32]byte  `cbor:"2,keyasint"`
	Size      uint64    `cbor:"3,keyasint"` // of the ledger that the initiator acts on, in entries
	Root      [32]byte  `cbor:"4,keyasint"` // its Merkle root
	Initiator string    `cbor:"5,keyasint"` // peer ID
	Other     string    `cbor:"6,keyasint"` // peer ID
	ID        RequestID `cbor:"7,keyasint"` // random
	Type      string    `cbor:"8,keyasint"`
	Purpose   string    `cbor:"9,keyasint"`
	Case      []byte    `cbor:"10,keyasint"` // CommitCase, 32 bytes, or empty
	Items     uint64    `cbor:"11,keyasint"` // the most that the initiator will bring
	Learn     Learn     `cbor:"12,keyasint"`
	Mode      uint64    `cbor:"13,keyasint"` // of the engine
	LabelSize uint64    `cbor:"14,keyasint"` // bytes to each element, 0 for none
	Expires   int64     `cbor:"15,keyasint"` // Unix time, seconds
}

// HasCase says whether the offer is tied to a case reference.
func (o *ReconcileOffer) HasCase() bool { return len(o.Case) != 0 }

func (o *ReconcileOffer) check() error {
	switch {
	case o.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, o.V)
	case o.Size == 0:
		return fmt.Errorf("%w: ledger size", ErrHeader)
	case o.ID == RequestID{}:
		return fmt.Errorf("%w: offer id", ErrHeader)
	case len(o.Case) != 0 && len(o.Case) != 32:
		return fmt.Errorf("%w: case commitment", ErrHeader)
	case o.Items > MaxReconcileItems:
		return fmt.Errorf("%w: %d, at most %d", ErrBatchSize, o.Items, MaxReconcileItems)
	case o.Learn != LearnInitiator && o.Learn != LearnOther && o.Learn != LearnBoth:
		return fmt.Errorf("%w: who learns", ErrHeader)
	case o.Mode == 0 || o.Mode > 255 || o.LabelSize > MaxReconcileLabel:
		return fmt.Errorf("%w: mode or label size", ErrHeader)
	case o.Expires <= 0 || o.Expires > maxResets:
		return fmt.Errorf("%w: time", ErrHeader)
	}
	if err := checkPeer("initiator", o.Initiator); err != nil {
		return err
	}
	if err := checkPeer("other", o.Other); err != nil {
		return err
	}
	if err := checkWord("type", o.Type, maxType); err != nil {
		return err
	}
	return checkWord("purpose", o.Purpose, maxPurpose)
}

// SignedOffer is an offer as it was signed: the bytes are kept, so that no second encoding of them can come up.
type SignedOffer struct {
	Offer     ReconcileOffer
	Raw       []byte
	Signature []byte   // 64 bytes
	Hash      [32]byte // SHA-256 of Raw
}

// Sign signs an offer with the initiator's node key.
func (o ReconcileOffer) Sign(key ed25519.PrivateKey) (*SignedOffer, error) {
	o.V, o.Initiator = version, member.PublicOf(key).PeerID()
	if err := o.check(); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(o)
	if err != nil {
		return nil, err
	}
	return &SignedOffer{o, raw, member.Sign(key, offerDomain, raw), sha256.Sum256(raw)}, nil
}

// ParseOffer reads an offer by the holder of key. Errors are the faults of this package and of wire.
func ParseOffer(raw, signature []byte, key member.PublicKey) (*SignedOffer, error) {
	s := &SignedOffer{Raw: raw, Signature: signature, Hash: sha256.Sum256(raw)}
	if err := wire.Decode(raw, &s.Offer, MaxReconcileOffer); err != nil {
		return nil, err
	}
	if err := s.Offer.check(); err != nil {
		return nil, err
	}
	return s, signatureBy(key, offerDomain, raw, signature)
}

// Context is what the engine's session is bound to: the offer, which names ledger, members, type and run, the
// pass and the attempt.
func (s *SignedOffer) Context(pass uint64, attempt RequestID) [32]byte {
	b := append([]byte(contextDomain), 0)
	b = append(b, s.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, pass)
	return sha256.Sum256(append(b, attempt[:]...))
}
