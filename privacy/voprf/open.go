package voprf

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// ErrOpening reports an input and a blind that are not those of a blinded element.
var ErrOpening = errors.New("the opening does not hold")

// Element is the blinded element of an input (at most 65,535 bytes) under a blind (32 bytes, canonical,
// not zero): blind·H(input), 32 bytes. Errors are [ErrInput] and [ErrOpening]. It takes time independent of
// both.
func Element(input, blind []byte) ([ElementSize]byte, error) {
	if len(input) > MaxInput {
		return [ElementSize]byte{}, ErrInput
	}
	s, err := ristretto.NewScalar().SetCanonicalBytes(blind)
	if err != nil || isZero(s) {
		return [ElementSize]byte{}, fmt.Errorf("%w: the blind is no scalar", ErrOpening)
	}
	half := ristretto.New().Mul(half(s), hashToElement(input))
	return [ElementSize]byte(ristretto.EncodeDoubled(make([]byte, 0, ElementSize), []*ristretto.Element{half})), nil
}

// Open says whether input and blind open a blinded element, 32 bytes. The error is [ErrOpening].
//
// It binds: whoever opens one element to two inputs knows x with H(input) = x·H(input'), a discrete
// logarithm between two hashes to the group, and two blinds of one input would differ by a multiple of
// the group's order, which canonical scalars cannot. What it compares has been shown to whoever calls
// it, so it need not take constant time.
func Open(element, input, blind []byte) error {
	got, err := Element(input, blind)
	if err != nil {
		return err
	}
	if len(element) != ElementSize || got != [ElementSize]byte(element) {
		return ErrOpening
	}
	return nil
}
