package voprf

import (
	"fmt"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Check says whether a holder's answer to blinded elements, 32 bytes each, is under its key: for a third
// party, who has neither inputs nor blinds. Errors are [ErrBatch], [ErrElement] and [ErrProof], as of
// [Request.Finalize].
func (c *Client) Check(elements, evaluated, proof []byte) error {
	if len(elements) == 0 || len(elements) > MaxBatch*ElementSize || len(evaluated) != len(elements) {
		return fmt.Errorf("%w: %d bytes answer %d", ErrBatch, len(evaluated), len(elements))
	}
	asked, err := decodeElements(elements)
	if err != nil {
		return err
	}
	answer, err := decodeElements(evaluated)
	if err != nil {
		return err
	}
	holds := verify(c.element, c.public[:], elements, evaluated, proof, func(w []*ristretto.Scalar) composite {
		return composite{ristretto.New().VarTimeSum(w, asked), ristretto.New().VarTimeSum(w, answer)}
	})
	if !holds {
		return ErrProof
	}
	return nil
}
