// Package wire is how Crosslight writes things down for others to read: deterministic CBOR with one
// valid encoding for each value, and length-prefixed frames. It implements crosslight/wire/v1
// (specs/wire.md) over the Core Deterministic Encoding of RFC 8949 §4.2.1.
//
// Everything that arrives from another member passes through [Decode] or [ReadFrame]. Both refuse
// more than the caller allows before they allocate for it, and Decode refuses every encoding but the
// one that [Encode] would produce, so that a signed message cannot be rewritten into a different
// byte string with the same meaning.
//
// What leaks: the length of a message. Nothing here encrypts; streams do that (Noise).
package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

var (
	// ErrMalformed reports bytes that are not CBOR of the expected shape: truncated, trailing bytes,
	// an unknown or duplicate field, a wrong type, a nesting too deep.
	ErrMalformed = errors.New("malformed message")
	// ErrNotCanonical reports well-formed CBOR that is not the deterministic encoding of its value.
	ErrNotCanonical = errors.New("message is not in deterministic encoding")
	// ErrTooLarge reports a message longer than its limit. Nothing was allocated for it.
	ErrTooLarge = errors.New("message exceeds its size limit")
)

// maxElements bounds arrays and maps inside a message. The longest list in any message is a
// Merkle range of a ledger page; elements of a query travel as one byte string.
const maxElements = 1 << 16

var (
	encoder = must(cbor.EncOptions{
		Sort:          cbor.SortBytewiseLexical,
		ShortestFloat: cbor.ShortestFloat16,
		NaNConvert:    cbor.NaNConvert7e00,
		InfConvert:    cbor.InfConvertFloat16,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
	}.EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   16,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are constants: this is our own bug
	}
	return v
}

// Encode returns the deterministic encoding of v. v is one of our own message structs (keyasint
// fields); an error means that its type cannot be encoded, which is our own bug.
func Encode(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Decode reads b, at most limit bytes, into v, a pointer to a message struct. It accepts only the
// encoding that Encode gives for the same value; errors are [ErrTooLarge], [ErrMalformed] or
// [ErrNotCanonical] and never quote the content.
func Decode(b []byte, v any, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(b), limit)
	}
	if err := decoder.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %s", ErrMalformed, kindOf(err))
	}
	again, err := encoder.Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return ErrNotCanonical
	}
	return nil
}

// kindOf names the class of a decoding error without the library's own text, which may quote
// content that must not reach a log.
func kindOf(err error) string {
	var (
		typ   *cbor.UnmarshalTypeError
		dup   *cbor.DupMapKeyError
		extra *cbor.ExtraneousDataError
		field *cbor.UnknownFieldError
	)
	switch {
	case errors.As(err, &typ):
		return "a field has the wrong type"
	case errors.As(err, &dup):
		return "a field occurs twice"
	case errors.As(err, &extra):
		return "bytes after the end"
	case errors.As(err, &field):
		return "an unknown field"
	}
	return "not well-formed CBOR"
}
