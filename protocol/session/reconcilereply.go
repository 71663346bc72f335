package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// ReconcileStatus is where an offer stands at the other, or why it goes no further.
type ReconcileStatus string

// The statuses beside the refusals, which are codes of crosslight/query/v1.
const (
	ReconcilePending   ReconcileStatus = "pending"   // the other's operator has not decided
	ReconcileApproved  ReconcileStatus = "approved"  // to a start: messages of the engine follow
	ReconcileDenied    ReconcileStatus = "denied"    // by the other's operator
	ReconcileCancelled ReconcileStatus = "cancelled" // by either
	ReconcileExpired   ReconcileStatus = "expired"
	ReconcileDone      ReconcileStatus = "done" // to a start: the pass is over, the other's receipt follows
	ReconcileOver      ReconcileStatus = "over" // to a start: the other cannot go on with this attempt; start another
)

// refusals says which codes a reply may bear.
var reconcileRefusals = []Code{
	NotAMember, Suspended, NotPermitted, BudgetSpent, TooLarge, Malformed, WrongLedger, StaleCheckpoint, RequestReused, Overloaded,
}

func (s ReconcileStatus) valid() bool {
	switch s {
	case ReconcilePending, ReconcileApproved, ReconcileDenied, ReconcileCancelled, ReconcileExpired, ReconcileDone, ReconcileOver:
		return true
	}
	return s.refuses()
}

func (s ReconcileStatus) refuses() bool {
	for _, c := range reconcileRefusals {
		if s == ReconcileStatus(c) {
			return true
		}
	}
	return false
}

// ReconcileReply is what the other signs.
type ReconcileReply struct {
	V          uint64          `cbor:"1,keyasint"`
	Ledger     [32]byte        `cbor:"2,keyasint"` // of the other
	Initiator  string          `cbor:"3,keyasint"` // peer ID at the other end of its stream
	Other      string          `cbor:"4,keyasint"` // peer ID
	Offer      [32]byte        `cbor:"5,keyasint"` // SHA-256 of the offer; zero if it was not read
	Act        [32]byte        `cbor:"6,keyasint"` // SHA-256 of the act; zero if it was not read
	Status     ReconcileStatus `cbor:"7,keyasint"`
	Items      uint64          `cbor:"8,keyasint"`            // approved start: that the other brings
	Received   uint64          `cbor:"9,keyasint"`            // approved start: messages of the engine that it has
	Transcript [32]byte        `cbor:"10,keyasint"`           // approved start: the engine's, zero before there is one
	Rule       string          `cbor:"11,keyasint,omitempty"` // at most 64 printable ASCII bytes
	RetryAfter uint64          `cbor:"12,keyasint,omitempty"` // seconds
	ResetsAt   int64           `cbor:"13,keyasint,omitempty"` // Unix time, seconds
}

func (r *ReconcileReply) check() error {
	switch {
	case r.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, r.V)
	case !r.Status.valid():
		return fmt.Errorf("%w: status", ErrHeader)
	case r.RetryAfter > maxRetry || r.ResetsAt < 0 || r.ResetsAt > maxResets:
		return fmt.Errorf("%w: time", ErrHeader)
	case !r.Status.refuses() && (r.RetryAfter != 0 || r.ResetsAt != 0 || r.Rule != ""):
		return fmt.Errorf("%w: a status with a reason for refusal", ErrHeader)
	case r.Status != ReconcileApproved && (r.Items != 0 || r.Received != 0 || r.Transcript != [32]byte{}):
		return fmt.Errorf("%w: a status with a position", ErrHeader)
	case r.Items > MaxReconcileItems:
		return fmt.Errorf("%w: %d, at most %d", ErrBatchSize, r.Items, MaxReconcileItems)
	case r.Received > maxEngineMessages:
		return fmt.Errorf("%w: messages received", ErrHeader)
	}
	if err := checkPeer("initiator", r.Initiator); err != nil {
		return err
	}
	if err := checkPeer("other", r.Other); err != nil {
		return err
	}
	return checkText("rule", r.Rule, maxRule)
}

// Refusal is the error that a status stands for, nil for one that is none.
func (r *ReconcileReply) Refusal() error {
	if !r.Status.refuses() {
		return nil
	}
	out := &Refusal{Code: Code(r.Status), Rule: r.Rule, RetryAfter: time.Duration(r.RetryAfter) * time.Second}
	if r.ResetsAt != 0 {
		out.ResetsAt = time.Unix(r.ResetsAt, 0).UTC()
	}
	return out
}

// Refuse makes the reply that refuses with a code of [CodeOf].
func (r *ReconcileReply) Refuse(with *Refusal) {
	r.Status, r.Rule = ReconcileStatus(with.Code), printable(with.Rule, maxRule)
	if !r.Status.refuses() {
		r.Status = ReconcileStatus(Malformed)
	}
	r.RetryAfter = min(maxRetry, uint64(max(0, (with.RetryAfter+time.Second-1)/time.Second)))
	if !with.ResetsAt.IsZero() {
		r.ResetsAt = min(maxResets, max(0, with.ResetsAt.Unix()))
	}
}

type signedReply struct {
	Reply     []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

// SignedReconcileReply is a reply that has been read and checked.
type SignedReconcileReply struct {
	Reply     ReconcileReply
	Raw       []byte
	Signature []byte
	Hash      [32]byte // SHA-256 of Raw
}

func signReply(r ReconcileReply, key ed25519.PrivateKey) ([]byte, error) {
	r.V = version
	if err := r.check(); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(r)
	if err != nil {
		return nil, err
	}
	return wire.Encode(signedReply{raw, member.Sign(key, replyDomain, raw)})
}

// ParseReconcileReply reads a reply by the holder of key. Errors are the faults of this package and of wire.
func ParseReconcileReply(msg []byte, key member.PublicKey) (*SignedReconcileReply, error) {
	var s signedReply
	if err := wire.Decode(msg, &s, MaxReconcileReply); err != nil {
		return nil, err
	}
	out := &SignedReconcileReply{Raw: s.Reply, Signature: s.Signature, Hash: sha256.Sum256(s.Reply)}
	if err := wire.Decode(s.Reply, &out.Reply, MaxReconcileReply); err != nil {
		return nil, err
	}
	if err := out.Reply.check(); err != nil {
		return nil, err
	}
	return out, signatureBy(key, replyDomain, s.Reply, s.Signature)
}
