// Package voprf evaluates a pseudo-random function obliviously and verifiably: RFC 9497, suite
// ristretto255-SHA512, mode VOPRF (0x01). It is the cryptography of crosslight/query/v1 (specs/query.md).
// Keys are derived and messages expanded by circl, whose own VOPRF is the oracle of the tests beside the
// vectors of the RFC; the group is package ristretto, and the batch proof is made here (proof.go).
//
//	Client (querier)                                      SecretKey (holder)
//	========================================================================
//	Blind: r random, M = r·H(input)
//	                          elements, 32 bytes each
//	                          ---------------------->
//	                                       Evaluate: Z = k·M, one proof that
//	                                       log_G(public) = log_M(Z) for all M
//	                          evaluated, 32 bytes each
//	                          proof, 64 bytes
//	                          <----------------------
//	Finalize: check the proof against the public key on the ledger,
//	          F = SHA-512(input, Z/r)
//
// What leaks. The holder sees uniformly random group elements: their number and nothing about the
// inputs, not even whether two are equal. The querier learns F for the inputs it blinded and nothing
// about F elsewhere. Nobody without k can compute F, so outputs cannot be guessed offline. What the
// proof prevents: a holder that evaluates under a key of its own for one querier, by which it would
// tell queriers apart or hide matches from them.
//
// Time. Scalar multiplication, inversion and hashing to the group take time independent of secret
// scalars and inputs. Input lengths show. Checks that fail return early, and the sums of the proof take
// variable time; what they look at is public: elements that crossed the network, or were about to.
//
// One batch is worked through on one core. Callers run batches side by side; every type here is safe
// for that once made.
package voprf

import (
	"errors"
	"fmt"

	"github.com/cloudflare/circl/oprf"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Sizes in bytes, and limits.
const (
	ElementSize = ristretto.ElementSize // 32: a group element, RFC 9496 encoding
	ScalarSize  = ristretto.ScalarSize  // 32: a scalar, little-endian, reduced
	ProofSize   = 2 * ScalarSize        // challenge and response, a scalar each
	OutputSize  = 64                    // F, a SHA-512 hash
	MaxBatch    = 4096                  // elements under one proof
	MaxInput    = 1<<16 - 1
)

// Output is F, the value of the function at one input. It is secret: whoever knows it can find and
// open the holder's entry for that input.
type Output [OutputSize]byte

var (
	// ErrBatch reports a batch that is empty, too long, not a whole number of elements, or not the
	// length of the request that it answers.
	ErrBatch = errors.New("batch has the wrong length")
	// ErrElement reports bytes that are no group element: not canonical, not on the curve, or the
	// identity, which would show nothing of the key and is refused by RFC 9497 §2.1.
	ErrElement = errors.New("not a group element")
	// ErrProof reports that the evaluation was not made, or not all of it, under the public key.
	ErrProof = errors.New("evaluation proof does not verify")
	// ErrKey reports key bytes that are no key of this suite.
	ErrKey = errors.New("not a VOPRF key")
	// ErrInput reports an input longer than 65,535 bytes.
	ErrInput = errors.New("input is too long")
)

// suite is circl's name for the suite; it derives keys by it.
var suite = oprf.SuiteRistretto255

// batchLen returns how many elements flat holds.
func batchLen(flat []byte) (int, error) {
	n := len(flat) / ElementSize
	if n == 0 || n > MaxBatch || len(flat)%ElementSize != 0 {
		return 0, fmt.Errorf("%w: %d bytes", ErrBatch, len(flat))
	}
	return n, nil
}

// identity is the one encoding of the identity.
var identity [ElementSize]byte

// decodeElement reads a peer's element.
func decodeElement(b []byte) (*ristretto.Element, error) {
	e := ristretto.New()
	if err := e.Decode(b); err != nil || [ElementSize]byte(b) == identity {
		return nil, ErrElement
	}
	return e, nil
}

// decodeElements reads a batch.
func decodeElements(flat []byte) ([]*ristretto.Element, error) {
	n, err := batchLen(flat)
	if err != nil {
		return nil, err
	}
	out := make([]*ristretto.Element, n)
	for i := range out {
		if out[i], err = decodeElement(flat[i*ElementSize : (i+1)*ElementSize]); err != nil {
			return nil, fmt.Errorf("%w: number %d of %d", err, i, n)
		}
	}
	return out, nil
}
