package voprf

import (
	"crypto"
	"crypto/sha512"
	"encoding/binary"

	"github.com/cloudflare/circl/expander"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// The domain separation tags of RFC 9497 §3.2 and §4.1 for this mode and suite.
const (
	contextString   = "OPRFV1-\x01-ristretto255-SHA512"
	hashToGroupDST  = "HashToGroup-" + contextString
	hashToScalarDST = "HashToScalar-" + contextString
	seedDST         = "Seed-" + contextString
)

// hashToElement is HashToGroup of RFC 9497 §4.1. The identity, which the RFC refuses as an input's element,
// comes up for one input in 2^252.
func hashToElement(input []byte) *ristretto.Element {
	uniform := expand(input, hashToGroupDST)
	return ristretto.New().FromUniform(&uniform)
}

// hashToScalar is HashToScalar of RFC 9497 §4.1, with a tag of the caller's.
func hashToScalar(input []byte, dst string) *ristretto.Scalar {
	uniform := expand(input, dst)
	s, err := ristretto.NewScalar().SetUniformBytes(uniform[:])
	if err != nil {
		panic(err) // 64 bytes always set
	}
	return s
}

// expand is expand_message_xmd with SHA-512 (RFC 9380 §5.3.1).
func expand(input []byte, dst string) [ristretto.UniformSize]byte {
	return [ristretto.UniformSize]byte(expander.NewExpanderMD(crypto.SHA512, []byte(dst)).Expand(input, ristretto.UniformSize))
}

// finalHash is the hash that makes the output of an input and its evaluated element (RFC 9497 §3.3.1).
func finalHash(input, element []byte) Output {
	b := make([]byte, 0, 2+len(input)+2+ElementSize+len("Finalize"))
	b = prefixed(prefixed(b, input), element)
	return sha512.Sum512(append(b, "Finalize"...))
}

// prefixed appends the length of part, 2 bytes, and part, which callers keep at most 65,535 bytes long.
func prefixed(b, part []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(part))), part...) // MaxInput fits
}

// halves is 1/2 modulo the group's order.
var halves = ristretto.NewScalar().Invert(scalarOf(2))

// half returns s/2: package ristretto encodes doubled elements by the batch.
func half(s *ristretto.Scalar) *ristretto.Scalar { return ristretto.NewScalar().Multiply(s, halves) }

func scalarOf(n byte) *ristretto.Scalar {
	s, err := ristretto.NewScalar().SetCanonicalBytes(append([]byte{n}, make([]byte, ScalarSize-1)...))
	if err != nil {
		panic(err)
	}
	return s
}

func isZero(s *ristretto.Scalar) bool { return s.Equal(ristretto.NewScalar()) == 1 }
