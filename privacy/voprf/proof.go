package voprf

import (
	"crypto/sha512"
	"encoding/binary"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// This file is the proof of RFC 9497 §2.2 that log_G(public) = log_C[i](D[i]) for all i, where C are the
// blinded elements and D the evaluated ones. It is the same function as circl's, bytes for bytes; what
// makes it cheaper is that the sums are over public elements with public weights and may take variable
// time, and that the holder has Z without a second sum.

// composite is the pair of sums to which a batch is reduced.
type composite struct{ m, z *ristretto.Element }

// weights are the d[i] of ComputeComposites (RFC 9497 §2.2.1). They bind every element of both lists, so
// that the holder cannot choose answers whose errors cancel out in the sums.
func weights(public, blinded, evaluated []byte) []*ristretto.Scalar {
	seed := sha512.Sum512(prefixed(prefixed(nil, public), []byte(seedDST)))
	out := make([]*ristretto.Scalar, len(blinded)/ElementSize)
	transcript := make([]byte, 0, 256)
	for i := range out {
		at := i * ElementSize
		transcript = prefixed(transcript[:0], seed[:])
		transcript = binary.BigEndian.AppendUint16(transcript, uint16(i)) // MaxBatch fits
		transcript = prefixed(transcript, blinded[at:at+ElementSize])
		transcript = prefixed(transcript, evaluated[at:at+ElementSize])
		out[i] = hashToScalar(append(transcript, "Composite"...), hashToScalarDST)
	}
	return out
}

// challenge is the c of RFC 9497 §2.2.1 and §2.2.2.
func challenge(public []byte, c composite, t2, t3 *ristretto.Element) *ristretto.Scalar {
	transcript := make([]byte, 0, 5*(2+ElementSize)+len("Challenge"))
	transcript = prefixed(transcript, public)
	for _, e := range []*ristretto.Element{c.m, c.z, t2, t3} {
		transcript = prefixed(transcript, e.Encode(nil))
	}
	return hashToScalar(append(transcript, "Challenge"...), hashToScalarDST)
}

// prove is GenerateProof with ComputeCompositesFast (RFC 9497 §2.2.1). The nonce must be random, secret
// and used once: two proofs with one nonce give the key away. The sum is over elements that the querier
// sent; whatever touches key or nonce takes constant time.
func prove(key *ristretto.Scalar, public, blinded, evaluated []byte, c []*ristretto.Element, nonce *ristretto.Scalar) []byte {
	m := ristretto.New().VarTimeSum(weights(public, blinded, evaluated), c)
	both := composite{m, ristretto.New().Mul(key, m)}
	hash := challenge(public, both, ristretto.New().MulBase(nonce), ristretto.New().Mul(nonce, m))
	response := ristretto.NewScalar().Multiply(hash, key)
	response.Subtract(nonce, response)
	return append(hash.Bytes(), response.Bytes()...)
}

// verify is VerifyProof (RFC 9497 §2.2.2). Everything in it is public. sum gives the composites for
// weights.
func verify(publicElement *ristretto.Element, public, blinded, evaluated, proof []byte, sum func([]*ristretto.Scalar) composite) bool {
	if len(proof) != ProofSize {
		return false
	}
	hash, err := ristretto.NewScalar().SetCanonicalBytes(proof[:ScalarSize])
	if err != nil {
		return false
	}
	response, err := ristretto.NewScalar().SetCanonicalBytes(proof[ScalarSize:])
	if err != nil {
		return false
	}
	c := sum(weights(public, blinded, evaluated))
	t2 := ristretto.New().MulBase(response)
	t2.Add(t2, ristretto.New().Mul(hash, publicElement))
	t3 := ristretto.New().VarTimeSum([]*ristretto.Scalar{response, hash}, []*ristretto.Element{c.m, c.z})
	return challenge(public, c, t2, t3).Equal(hash) == 1
}
