// Package voprf evaluates a pseudo-random function obliviously and verifiably: RFC 9497, suite
// ristretto255-SHA512, mode VOPRF (0x01), over circl. It is the cryptography of crosslight/query/v1
// (specs/query.md).
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
// scalars and inputs (go-ristretto, through circl; its P-256 would not). Input lengths show. Checks
// that fail return early; what they look at is public.
//
// One batch is worked through on one core. Callers run batches side by side; every type here is safe
// for that once made.
package voprf

import (
	"bytes"
	"crypto"
	_ "crypto/sha512" // the suite's hash
	"errors"
	"fmt"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

// Sizes in bytes, and limits.
const (
	ElementSize = 32   // a group element, RFC 9496 encoding
	ScalarSize  = 32   // a scalar, little-endian, reduced
	ProofSize   = 64   // challenge and response, a scalar each
	OutputSize  = 64   // F, a SHA-512 hash
	MaxBatch    = 4096 // elements under one proof
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

var suite = oprf.SuiteRistretto255

// dleqParams is RFC 9497's context string for this mode and suite. circl keeps its own to itself.
var dleqParams = dleq.Params{
	G:   group.Ristretto255,
	H:   crypto.SHA512,
	DST: []byte("OPRFV1-\x01-ristretto255-SHA512"),
}

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

// decodeElements reads a batch. circl's decoding is that of RFC 9496 §4.3.1 and refuses every
// encoding but the canonical one; the identity is ours to refuse.
func decodeElements(flat []byte) ([]group.Element, error) {
	n, err := batchLen(flat)
	if err != nil {
		return nil, err
	}
	out := make([]group.Element, n)
	for i := range out {
		e := group.Ristretto255.NewElement()
		encoded := flat[i*ElementSize : (i+1)*ElementSize]
		if err := e.UnmarshalBinary(encoded); err != nil || bytes.Equal(encoded, identity[:]) {
			return nil, fmt.Errorf("%w: number %d of %d", ErrElement, i, n)
		}
		out[i] = e
	}
	return out, nil
}

func encodeElements(elements []group.Element) ([]byte, error) {
	flat := make([]byte, 0, len(elements)*ElementSize)
	for _, e := range elements {
		b, err := e.MarshalBinaryCompress()
		if err != nil {
			return nil, err
		}
		flat = append(flat, b...)
	}
	return flat, nil
}
