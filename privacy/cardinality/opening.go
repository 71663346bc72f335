package cardinality

import (
	"crypto/sha512"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Opening shows an auditor which digest an element of a request stands for, and proves that the secret of
// the request's commitment was used: log_G R = log_H(x) A, by the proof of Chaum and Pedersen (Crypto 1992),
// made non-interactive.
type Opening struct {
	Index  int // of the request's elements
	Digest [DigestSize]byte
	Proof  [ProofSize]byte // challenge, response: a scalar each
}

// Open opens an element. Index must be one of the request's.
func (o *Caller) Open(index int, rnd io.Reader) (Opening, error) {
	if index < 0 || index >= len(o.digests)/DigestSize {
		return Opening{}, fmt.Errorf("%w: no element %d", ErrItems, index)
	}
	out := Opening{Index: index, Digest: [DigestSize]byte(o.digests[index*DigestSize:])}
	base := o.context.group(out.Digest[:])
	nonce, err := o.nonce(&out, rnd)
	if err != nil {
		return Opening{}, err
	}
	first, second := ristretto.New().MulBase(nonce), ristretto.New().Mul(nonce, base)
	challenge := o.context.challenge(&o.request, &out, base, first, second)
	response := ristretto.NewScalar().Multiply(challenge, o.secret)
	response.Subtract(nonce, response)
	copy(out.Proof[:], challenge.Bytes())
	copy(out.Proof[ristretto.ScalarSize:], response.Bytes())
	return out, nil
}

// nonce hashes randomness, the secret and what is proven, so that a source that repeats itself does not
// give the secret away.
func (o *Caller) nonce(p *Opening, rnd io.Reader) (*ristretto.Scalar, error) {
	var random [64]byte
	if _, err := io.ReadFull(rnd, random[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	in := append(append(append([]byte(nonceDomain), 0), o.context[:]...), random[:]...)
	in = append(append(append(in, o.secret.Bytes()...), o.request.Commitment[:]...), p.Digest[:]...)
	return scalarOf(in), nil
}

// CheckOpening holds an opening against a request that the caller signed. Everything in it is public to the
// auditor. The error is [ErrProof].
func CheckOpening(c Context, r *Request, p *Opening) error {
	if p.Index < 0 || p.Index >= len(r.Elements)/ElementSize {
		return fmt.Errorf("%w: no element %d", ErrProof, p.Index)
	}
	challenge, err := ristretto.NewScalar().SetCanonicalBytes(p.Proof[:ristretto.ScalarSize])
	if err != nil {
		return ErrProof
	}
	response, err := ristretto.NewScalar().SetCanonicalBytes(p.Proof[ristretto.ScalarSize:])
	if err != nil {
		return ErrProof
	}
	commitment, element := ristretto.New(), ristretto.New()
	if commitment.Decode(r.Commitment[:]) != nil || commitment.Equal(ristretto.New()) == 1 ||
		element.Decode(r.Elements[p.Index*ElementSize:][:ElementSize]) != nil {
		return ErrProof
	}
	base := c.group(p.Digest[:])
	first := ristretto.New().MulBase(response)
	first.Add(first, ristretto.New().Mul(challenge, commitment))
	second := ristretto.New().VarTimeSum([]*ristretto.Scalar{response, challenge}, []*ristretto.Element{base, element})
	if c.challenge(r, p, base, first, second).Equal(challenge) != 1 {
		return ErrProof
	}
	return nil
}

func (c Context) challenge(r *Request, p *Opening, base, first, second *ristretto.Element) *ristretto.Scalar {
	in := append(append([]byte(proofDomain), 0), c[:]...)
	in = append(in, r.Commitment[:]...)
	in = base.Encode(in)
	in = append(in, r.Elements[p.Index*ElementSize:][:ElementSize]...)
	return scalarOf(second.Encode(first.Encode(in)))
}

func scalarOf(in []byte) *ristretto.Scalar {
	uniform := sha512.Sum512(in)
	s, err := ristretto.NewScalar().SetUniformBytes(uniform[:])
	if err != nil {
		panic(err) // 64 bytes always set
	}
	return s
}
