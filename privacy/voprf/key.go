package voprf

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/oprf"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// SecretKey is a holder's key for one epoch and one indicator type.
type SecretKey struct {
	scalar *ristretto.Scalar
	halved *ristretto.Scalar // scalar/2
	public [ElementSize]byte
}

// DeriveKey derives a key from a secret seed of 32 random bytes and info, at most 65,535 bytes that
// name its use (RFC 9497 §3.2.1). The same seed and info give the same key.
func DeriveKey(seed [32]byte, info []byte) (*SecretKey, error) {
	if len(info) > MaxInput {
		return nil, fmt.Errorf("%w: the key's info has %d bytes", ErrInput, len(info))
	}
	k, err := oprf.DeriveKey(suite, oprf.VerifiableMode, seed[:], info)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	b, err := k.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return ParseSecretKey(b)
}

// ParseSecretKey reads the 32 bytes that MarshalBinary wrote. The error is [ErrKey].
func ParseSecretKey(b []byte) (*SecretKey, error) {
	scalar, err := ristretto.NewScalar().SetCanonicalBytes(b)
	if err != nil || isZero(scalar) {
		return nil, fmt.Errorf("%w: secret", ErrKey)
	}
	public := ristretto.New().MulBase(scalar).Encode(nil)
	return &SecretKey{scalar, half(scalar), [ElementSize]byte(public)}, nil
}

// Public returns the public key, 32 bytes, as it stands on the ledger.
func (k *SecretKey) Public() [ElementSize]byte { return k.public }

// MarshalBinary returns the secret scalar, 32 bytes. Its one use outside the key file is the proof of
// possession that the ledger asks for; erase it afterwards. The error is nil.
func (k *SecretKey) MarshalBinary() ([]byte, error) { return k.scalar.Bytes(), nil }

// Evaluate multiplies a batch of 1 to [MaxBatch] blinded elements, 32 bytes each, by the key, and
// proves it. evaluated has the length of elements, proof 64 bytes. Errors are [ErrBatch] and
// [ErrElement]; the elements are a peer's and anything may be in them.
func (k *SecretKey) Evaluate(elements []byte) (evaluated, proof []byte, err error) {
	if _, err := batchLen(elements); err != nil {
		return nil, nil, err
	}
	nonce, err := k.nonce(elements, rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return k.evaluate(elements, nonce)
}

// nonceDST separates the hash that nonces come from from every other of the key.
const nonceDST = "crosslight/query/v1 dleq nonce"

// nonce hashes 64 bytes of rnd, the secret scalar and the elements to the proof's nonce. A source that
// repeats itself then gives the same proof again for the same elements, and for others another nonce.
func (k *SecretKey) nonce(elements []byte, rnd io.Reader) (*ristretto.Scalar, error) {
	seed := make([]byte, 64, 64+ScalarSize+len(elements))
	if _, err := io.ReadFull(rnd, seed); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	nonce := hashToScalar(append(append(seed, k.scalar.Bytes()...), elements...), nonceDST)
	if isZero(nonce) {
		return nil, errors.New("randomness gave a zero nonce")
	}
	return nonce, nil
}

// evaluate takes the proof's nonce; only the vectors of RFC 9497 choose it.
func (k *SecretKey) evaluate(elements []byte, nonce *ristretto.Scalar) (evaluated, proof []byte, err error) {
	blinded, err := decodeElements(elements)
	if err != nil {
		return nil, nil, err
	}
	evaluated = k.encodedMultiples(blinded)
	return evaluated, prove(k.scalar, k.public[:], elements, evaluated, blinded, nonce), nil
}

// encodedMultiples returns the encodings of k times each element.
func (k *SecretKey) encodedMultiples(elements []*ristretto.Element) []byte {
	halved := make([]*ristretto.Element, len(elements))
	for i, e := range elements {
		halved[i] = ristretto.New().Mul(k.halved, e)
	}
	return ristretto.EncodeDoubled(make([]byte, 0, len(elements)*ElementSize), halved)
}

// FullEvaluate computes F of the holder's own input, at most 65,535 bytes, without blinding. The error is
// [ErrInput].
func (k *SecretKey) FullEvaluate(input []byte) (Output, error) {
	out, err := k.FullEvaluateAll([][]byte{input})
	if err != nil {
		return Output{}, err
	}
	return out[0], nil
}

// FullEvaluateAll is FullEvaluate for many inputs, which cost less together: one inversion serves all
// encodings. The holder builds its index with it. The error is [ErrInput].
func (k *SecretKey) FullEvaluateAll(inputs [][]byte) ([]Output, error) {
	elements := make([]*ristretto.Element, len(inputs))
	for i, in := range inputs {
		if len(in) > MaxInput {
			return nil, ErrInput
		}
		elements[i] = hashToElement(in)
	}
	return finalHashes(inputs, k.encodedMultiples(elements)), nil
}
