package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Receipt is what a holder signs: what it was asked, by hash, and how it answered. With the request
// and the elements it is evidence; alone it is small enough to keep. It names ledger and parties even
// where no request was read, so that a refusal cannot be shown to another or for another ledger.
type Receipt struct {
	V          uint64    `cbor:"1,keyasint"`
	Request    [32]byte  `cbor:"2,keyasint"` // SHA-256 of the request's header; zero if it was not read
	ID         RequestID `cbor:"3,keyasint"` // of the request; zero if it was not read
	Code       Code      `cbor:"4,keyasint"`
	Answer     [32]byte  `cbor:"5,keyasint"`            // SHA-256(evaluated || proof); of nothing in a refusal
	Size       uint64    `cbor:"6,keyasint"`            // of the holder's ledger, in entries
	BudgetLeft *uint64   `cbor:"7,keyasint,omitempty"`  // evaluations left to this querier and type today
	RetryAfter uint64    `cbor:"8,keyasint,omitempty"`  // seconds
	ResetsAt   int64     `cbor:"9,keyasint,omitempty"`  // Unix time, seconds
	Rule       string    `cbor:"10,keyasint,omitempty"` // at most 64 printable ASCII bytes
	Ledger     [32]byte  `cbor:"11,keyasint"`           // of the holder
	Querier    string    `cbor:"12,keyasint"`           // peer ID at the other end of the holder's stream
	Holder     string    `cbor:"13,keyasint"`           // peer ID
}

// limits of the two times: a day, and the year 9999.
const (
	maxRetry  = 24 * 60 * 60
	maxResets = 253402300799
)

func (r *Receipt) check() error {
	switch {
	case r.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, r.V)
	case !r.Code.valid() || r.Code == NotFound:
		return fmt.Errorf("%w: code", ErrHeader)
	case r.RetryAfter > maxRetry || r.ResetsAt < 0 || r.ResetsAt > maxResets:
		return fmt.Errorf("%w: time", ErrHeader)
	case r.Code == OK && (r.RetryAfter != 0 || r.ResetsAt != 0 || r.Rule != ""):
		return fmt.Errorf("%w: an answer with a reason for refusal", ErrHeader)
	case r.Code != OK && r.Answer != sha256.Sum256(nil):
		return fmt.Errorf("%w: a refusal with an answer", ErrHeader)
	}
	if err := checkPeer("querier", r.Querier); err != nil {
		return err
	}
	if err := checkPeer("holder", r.Holder); err != nil {
		return err
	}
	return checkText("rule", r.Rule, maxRule)
}

func (r *Receipt) refusal() *Refusal {
	out := &Refusal{Code: r.Code, Rule: r.Rule, RetryAfter: time.Duration(r.RetryAfter) * time.Second}
	if r.ResetsAt != 0 {
		out.ResetsAt = time.Unix(r.ResetsAt, 0).UTC()
	}
	return out
}

func (r *Receipt) refuse(with *Refusal) {
	r.Code, r.Answer = with.Code, sha256.Sum256(nil)
	r.Rule, r.BudgetLeft = printable(with.Rule, maxRule), with.BudgetLeft
	r.RetryAfter = min(maxRetry, uint64(max(0, (with.RetryAfter+time.Second-1)/time.Second)))
	if !with.ResetsAt.IsZero() {
		r.ResetsAt = min(maxResets, max(0, with.ResetsAt.Unix()))
	}
}

// printable cuts s to what checkText accepts.
func printable(s string, limit int) string {
	b := []byte(s[:min(len(s), limit)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

type response struct {
	Receipt   []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
	Evaluated []byte `cbor:"3,keyasint"` // 32 bytes each; empty in a refusal
	Proof     []byte `cbor:"4,keyasint"` // 64 bytes; empty in a refusal
}

func answerHash(evaluated, proof []byte) [32]byte {
	h := sha256.New()
	h.Write(evaluated)
	h.Write(proof)
	return [32]byte(h.Sum(nil))
}

func signResponse(r *Receipt, key ed25519.PrivateKey, evaluated, proof []byte) ([]byte, error) {
	r.V = version
	raw, err := wire.Encode(r)
	if err != nil {
		return nil, err
	}
	return wire.Encode(response{raw, member.Sign(key, receiptDomain, raw), evaluated, proof})
}

// Answer is a response that has been read and checked, up to the proof, which needs the key on the
// ledger.
type Answer struct {
	Receipt    Receipt
	RawReceipt []byte // as signed: to keep
	Signature  []byte // 64 bytes
	Evaluated  []byte // 32 bytes each
	Proof      []byte // 64 bytes
	Message    []byte // the whole response: with the request, evidence if the proof does not hold
}

// ParseResponse reads a response by the holder of key and checks that receipt, elements and proof
// belong together. Errors are the faults of this package and of wire; a refusal is not one.
func ParseResponse(msg []byte, key member.PublicKey) (*Answer, error) {
	var r response
	if err := wire.Decode(msg, &r, MaxResponse); err != nil {
		return nil, err
	}
	a := &Answer{RawReceipt: r.Receipt, Signature: r.Signature, Evaluated: r.Evaluated, Proof: r.Proof, Message: msg}
	if err := wire.Decode(r.Receipt, &a.Receipt, MaxReceipt); err != nil {
		return nil, err
	}
	if err := a.Receipt.check(); err != nil {
		return nil, err
	}
	if err := signatureBy(key, receiptDomain, r.Receipt, r.Signature); err != nil {
		return nil, err
	}
	if answerHash(r.Evaluated, r.Proof) != a.Receipt.Answer {
		return nil, fmt.Errorf("%w: answer", ErrReceipt)
	}
	if a.Receipt.Code == OK {
		n := len(r.Evaluated)
		if n == 0 || n > MaxBatch*ElementSize || n%ElementSize != 0 || len(r.Proof) != ProofSize {
			return nil, fmt.Errorf("%w: answer of the wrong length", ErrReceipt)
		}
	}
	return a, nil
}
