package voprf

import (
	"crypto/rand"
	"fmt"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Client asks one holder under one public key.
type Client struct {
	public  [ElementSize]byte
	element *ristretto.Element
}

// NewClient takes the holder's public key, 32 bytes, which must come from the ledger and from nowhere
// else: a key that the holder sends along proves nothing. The error is [ErrKey].
func NewClient(public []byte) (*Client, error) {
	if len(public) != ElementSize {
		return nil, fmt.Errorf("%w: public", ErrKey)
	}
	element, err := decodeElement(public)
	if err != nil {
		return nil, fmt.Errorf("%w: public", ErrKey)
	}
	return &Client{[ElementSize]byte(public), element}, nil
}

// Request is a batch that was blinded and not yet answered. It holds the blinds and the inputs, which
// are secret. Finalize does not change it.
type Request struct {
	client   *Client
	inputs   [][]byte
	elements []byte
	halved   []*ristretto.Element // half of each blinded element
	blinds   []*ristretto.Scalar
}

// Blind hides 1 to [MaxBatch] inputs of at most 65,535 bytes behind fresh random blinds. Errors are
// [ErrBatch] and [ErrInput]. The inputs are kept, not copied.
func (c *Client) Blind(inputs [][]byte) (*Request, error) {
	blinds := make([]*ristretto.Scalar, len(inputs))
	for i := range blinds {
		blinds[i] = randomScalar()
	}
	return c.blind(inputs, blinds)
}

// randomScalar returns a random scalar that is not zero.
func randomScalar() *ristretto.Scalar {
	var uniform [ristretto.UniformSize]byte
	for {
		_, _ = rand.Read(uniform[:]) // never fails: package crypto/rand
		s, err := ristretto.NewScalar().SetUniformBytes(uniform[:])
		if err == nil && !isZero(s) {
			return s
		}
	}
}

// blind takes the blinds, which must not be zero; the vectors of RFC 9497 choose them.
func (c *Client) blind(inputs [][]byte, blinds []*ristretto.Scalar) (*Request, error) {
	if len(inputs) == 0 || len(inputs) > MaxBatch {
		return nil, fmt.Errorf("%w: %d inputs", ErrBatch, len(inputs))
	}
	r := &Request{client: c, inputs: inputs, blinds: blinds, halved: make([]*ristretto.Element, len(inputs))}
	for i, in := range inputs {
		if len(in) > MaxInput {
			return nil, ErrInput
		}
		r.halved[i] = ristretto.New().Mul(half(blinds[i]), hashToElement(in))
	}
	r.elements = ristretto.EncodeDoubled(make([]byte, 0, len(inputs)*ElementSize), r.halved)
	return r, nil
}

// Elements returns the blinded elements, 32 bytes each, in the order of the inputs. The caller must
// not change them.
func (r *Request) Elements() []byte { return r.elements }

// Len returns the number of elements.
func (r *Request) Len() int { return len(r.blinds) }

// Blinds returns the blinds, 32 bytes each, in the order of the inputs. With the input's digest a
// blind opens its element to an auditor (specs/query.md, "Audit"); until then it is secret.
func (r *Request) Blinds() []byte {
	flat := make([]byte, 0, len(r.blinds)*ScalarSize)
	for _, b := range r.blinds {
		flat = append(flat, b.Bytes()...)
	}
	return flat
}

// Finalize checks the holder's answer against its public key and returns F for each input, in order.
// It returns no output at all unless the proof covers every element. Errors: [ErrBatch] when the
// answer has another length than the request, [ErrElement] when it holds something else than
// elements, [ErrProof] when the proof is not one or does not hold. All three are the holder's doing.
func (r *Request) Finalize(evaluated, proof []byte) ([]Output, error) {
	if len(evaluated) != len(r.elements) {
		return nil, fmt.Errorf("%w: %d bytes answer %d", ErrBatch, len(evaluated), len(r.elements))
	}
	answer, err := decodeElements(evaluated)
	if err != nil {
		return nil, err
	}
	if !r.proved(answer, evaluated, proof) {
		return nil, ErrProof
	}
	return r.unblind(answer), nil
}

func (r *Request) proved(answer []*ristretto.Element, evaluated, proof []byte) bool {
	return verify(r.client.element, r.client.public[:], r.elements, evaluated, proof, func(w []*ristretto.Scalar) composite {
		m := ristretto.New().VarTimeSum(w, r.halved)
		return composite{m.Add(m, m), ristretto.New().VarTimeSum(w, answer)}
	})
}

// unblind takes the blinds off and hashes (RFC 9497 §3.3.1). The answer's elements are overwritten.
func (r *Request) unblind(answer []*ristretto.Element) []Output {
	inverses := make([]*ristretto.Scalar, len(r.blinds))
	for i, b := range r.blinds {
		inverses[i] = ristretto.NewScalar().Add(b, b) // half of the inverse is the inverse of the double
	}
	ristretto.InvertAll(inverses)
	for i, e := range answer {
		e.Mul(inverses[i], e)
	}
	flat := ristretto.EncodeDoubled(make([]byte, 0, len(answer)*ElementSize), answer)
	return finalHashes(r.inputs, flat)
}

// finalHashes makes the outputs of inputs whose evaluated elements are in flat.
func finalHashes(inputs [][]byte, flat []byte) []Output {
	out := make([]Output, len(inputs))
	for i, in := range inputs {
		out[i] = finalHash(in, flat[i*ElementSize:(i+1)*ElementSize])
	}
	return out
}
