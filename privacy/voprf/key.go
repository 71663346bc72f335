package voprf

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

// SecretKey is a holder's key for one epoch and one indicator type.
type SecretKey struct {
	scalar        group.Scalar
	publicElement group.Element
	public        [ElementSize]byte
	server        oprf.VerifiableServer
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
	scalar := group.Ristretto255.NewScalar()
	if err := scalar.UnmarshalBinary(b); err != nil || scalar.IsZero() {
		return nil, fmt.Errorf("%w: secret", ErrKey)
	}
	k := new(oprf.PrivateKey)
	if err := k.UnmarshalBinary(suite, b); err != nil {
		return nil, fmt.Errorf("%w: secret", ErrKey)
	}
	public := group.Ristretto255.NewElement().MulGen(scalar)
	encoded, err := public.MarshalBinaryCompress()
	if err != nil {
		return nil, err
	}
	k.Public() // circl fills this in on first use, without a lock: do it before the key is shared
	return &SecretKey{scalar, public, [ElementSize]byte(encoded), oprf.NewVerifiableServer(suite, k)}, nil
}

// Public returns the public key, 32 bytes, as it stands on the ledger.
func (k *SecretKey) Public() [ElementSize]byte { return k.public }

// MarshalBinary returns the secret scalar, 32 bytes. Its one use outside the key file is the proof of
// possession that the ledger asks for; erase it afterwards.
func (k *SecretKey) MarshalBinary() ([]byte, error) { return k.scalar.MarshalBinary() }

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
func (k *SecretKey) nonce(elements []byte, rnd io.Reader) (group.Scalar, error) {
	scalar, err := k.scalar.MarshalBinary()
	if err != nil {
		return nil, err
	}
	seed := make([]byte, 64, 64+len(scalar)+len(elements))
	if _, err := io.ReadFull(rnd, seed); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	nonce := group.Ristretto255.HashToScalar(append(append(seed, scalar...), elements...), []byte(nonceDST))
	if nonce.IsZero() {
		return nil, errors.New("randomness gave a zero nonce")
	}
	return nonce, nil
}

// evaluate takes the proof's nonce, which must be random, secret and used once: two proofs with one
// nonce give the key away. Only the vectors of RFC 9497 choose it.
func (k *SecretKey) evaluate(elements []byte, nonce group.Scalar) (evaluated, proof []byte, err error) {
	blinded, err := decodeElements(elements)
	if err != nil {
		return nil, nil, err
	}
	out := make([]group.Element, len(blinded))
	for i, m := range blinded {
		out[i] = group.Ristretto255.NewElement().Mul(m, k.scalar)
	}
	p, err := dleq.Prover{Params: dleqParams}.ProveBatchWithRandomnessRFC9497(k.scalar, k.publicElement, blinded, out, nonce)
	if err != nil {
		return nil, nil, fmt.Errorf("prove: %w", err)
	}
	if proof, err = p.MarshalBinary(); err != nil {
		return nil, nil, err
	}
	evaluated, err = encodeElements(out)
	return evaluated, proof, err
}

// FullEvaluate computes F of the holder's own input, at most 65,535 bytes, without blinding. The
// holder builds its index with it.
func (k *SecretKey) FullEvaluate(input []byte) (Output, error) {
	if len(input) > MaxInput {
		return Output{}, ErrInput
	}
	b, err := k.server.FullEvaluate(input)
	if err != nil {
		return Output{}, fmt.Errorf("full evaluate: %w", err)
	}
	return Output(b), nil
}
