package member

import (
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

// ErrPublicKey reports 32 bytes that no Ed25519 key pair has as its public half.
var ErrPublicKey = errors.New("not an Ed25519 public key")

// Check accepts the canonical encodings (RFC 8032 §5.1.3) of the points of prime order, which are the
// keys that key generation gives. [ErrPublicKey] reports the rest: under one of the eight points of
// small order a signature can be made without a secret; a point with a part of small order has
// signatures that one verifier accepts and the next does not; and a second encoding would be a second
// name for one key. What Verify is called with is a key that passed here, when it came onto the ledger,
// or one that Noise proved.
func (k PublicKey) Check() error {
	p, err := new(edwards25519.Point).SetBytes(k[:])
	if err != nil {
		return fmt.Errorf("%w: not on the curve", ErrPublicKey)
	}
	if PublicKey(p.Bytes()) != k {
		return fmt.Errorf("%w: not in canonical encoding", ErrPublicKey)
	}
	identity := edwards25519.NewIdentityPoint()
	if new(edwards25519.Point).MultByCofactor(p).Equal(identity) == 1 {
		return fmt.Errorf("%w: of small order", ErrPublicKey)
	}
	// (L-1)·P is -P exactly where L·P is the identity. Scalars are reduced, so that L itself cannot be one.
	one, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	if err != nil {
		panic("member: one is not a scalar: " + err.Error())
	}
	last := new(edwards25519.Point).ScalarMult(edwards25519.NewScalar().Negate(one), p)
	if last.Equal(new(edwards25519.Point).Negate(p)) != 1 {
		return fmt.Errorf("%w: not of prime order", ErrPublicKey)
	}
	return nil
}
