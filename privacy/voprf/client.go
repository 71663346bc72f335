package voprf

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

// Client asks one holder under one public key.
type Client struct{ circl oprf.VerifiableClient }

// NewClient takes the holder's public key, 32 bytes, which must come from the ledger and from nowhere
// else: a key that the holder sends along proves nothing. The error is [ErrKey].
func NewClient(public []byte) (*Client, error) {
	k := new(oprf.PublicKey)
	if err := k.UnmarshalBinary(suite, public); err != nil {
		return nil, fmt.Errorf("%w: public", ErrKey)
	}
	return &Client{oprf.NewVerifiableClient(suite, k)}, nil
}

// Request is a batch that was blinded and not yet answered. It holds the blinds and the inputs, which
// are secret. Finalize does not change it.
type Request struct {
	client   *Client
	data     *oprf.FinalizeData
	elements []byte
	blinds   []group.Scalar
}

// Blind hides 1 to [MaxBatch] inputs of at most 65,535 bytes behind fresh random blinds. Errors are
// [ErrBatch] and [ErrInput]. The inputs are kept, not copied.
func (c *Client) Blind(inputs [][]byte) (*Request, error) {
	blinds := make([]group.Scalar, len(inputs))
	for i := range blinds {
		blinds[i] = group.Ristretto255.RandomNonZeroScalar(rand.Reader)
	}
	return c.blind(inputs, blinds)
}

func (c *Client) blind(inputs [][]byte, blinds []group.Scalar) (*Request, error) {
	if len(inputs) == 0 || len(inputs) > MaxBatch {
		return nil, fmt.Errorf("%w: %d inputs", ErrBatch, len(inputs))
	}
	for _, in := range inputs {
		if len(in) > MaxInput {
			return nil, ErrInput
		}
	}
	data, request, err := c.circl.DeterministicBlind(inputs, blinds)
	if err != nil {
		return nil, fmt.Errorf("blind: %w", err)
	}
	flat, err := encodeElements(request.Elements)
	if err != nil {
		return nil, err
	}
	return &Request{client: c, data: data, elements: flat, blinds: blinds}, nil
}

// Elements returns the blinded elements, 32 bytes each, in the order of the inputs. The caller must
// not change them.
func (r *Request) Elements() []byte { return r.elements }

// Len returns the number of elements.
func (r *Request) Len() int { return len(r.blinds) }

// Blinds returns the blinds, 32 bytes each, in the order of the inputs. With the input's digest a
// blind opens its element to an auditor (specs/query.md, "Audit"); until then it is secret.
func (r *Request) Blinds() ([]byte, error) {
	flat := make([]byte, 0, len(r.blinds)*ScalarSize)
	for _, b := range r.blinds {
		enc, err := b.MarshalBinary()
		if err != nil {
			return nil, err
		}
		flat = append(flat, enc...)
	}
	return flat, nil
}

// Finalize checks the holder's answer against its public key and returns F for each input, in order.
// It returns no output at all unless the proof covers every element. Errors: [ErrBatch] when the
// answer has another length than the request, [ErrElement] when it holds something else than
// elements, [ErrProof] when the proof is not one or does not hold. All three are the holder's doing.
func (r *Request) Finalize(evaluated, proof []byte) ([]Output, error) {
	if len(evaluated) != len(r.elements) {
		return nil, fmt.Errorf("%w: %d bytes answer %d", ErrBatch, len(evaluated), len(r.elements))
	}
	elements, err := decodeElements(evaluated)
	if err != nil {
		return nil, err
	}
	p := new(dleq.Proof)
	if err := p.UnmarshalBinary(group.Ristretto255, proof); err != nil {
		return nil, fmt.Errorf("%w: not in canonical encoding", ErrProof)
	}
	outs, err := r.client.circl.Finalize(r.data, &oprf.Evaluation{Elements: elements, Proof: p})
	if errors.Is(err, oprf.ErrInvalidProof) {
		return nil, ErrProof
	}
	if err != nil {
		return nil, fmt.Errorf("finalize: %w", err)
	}
	result := make([]Output, len(outs))
	for i, o := range outs {
		result[i] = Output(o)
	}
	return result, nil
}
