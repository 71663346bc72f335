package voprf

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// TestOneElementHasOneOpening is played by a querier that has sent one element and may now name any digest,
// any blind and any encoding of that element: what is bound is the bytes that it sent. It wins with an
// opening of those bytes to another digest, or with other bytes that are taken for the same element.
func TestOneElementHasOneOpening(t *testing.T) {
	_, client := pair(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		digest := sha256.Sum256(value)
		other := sha256.Sum256(append(value, 1))
		request, err := client.Blind([][]byte{digest[:], other[:]})
		if err != nil {
			t.Fatal(err)
		}
		sent, blind := request.Elements()[:ElementSize], request.Blinds()[:ScalarSize]
		sibling := request.Elements()[ElementSize:]
		for name, element := range otherBytes(t, sent, sibling) {
			if bytes.Equal(element, sent) {
				t.Fatalf("%s changes nothing", name)
			}
			if err := Open(element, digest[:], blind); !errors.Is(err, ErrOpening) {
				t.Fatalf("the honest opening, %s: %v", name, err)
			}
			for related, r := range relatedBlinds(t, digest[:], other[:], blind) {
				if err := Open(element, other[:], r); !errors.Is(err, ErrOpening) {
					t.Fatalf("%s under the blind %s: %v", name, related, err)
				}
			}
		}
		// The negated element opens with the negated blind, to the same digest: it is another element, which
		// the root of the request does not hold, and no other value.
		r, err := ristretto.NewScalar().SetCanonicalBytes(blind)
		if err != nil {
			t.Fatal(err)
		}
		minus := ristretto.NewScalar().Negate(r).Bytes()
		negated, err := Element(digest[:], minus)
		if err != nil || bytes.Equal(negated[:], sent) {
			t.Fatalf("negated: %v", err)
		}
		for _, d := range [][]byte{other[:], digest[:31], append(digest[:], 0), nil} {
			if Open(negated[:], d, minus) == nil || Open(sent, d, minus) == nil {
				t.Fatal("the negated blind opens to another digest")
			}
		}
		if err := Open(sent, digest[:], minus); !errors.Is(err, ErrOpening) {
			t.Fatalf("the negated blind opens the element: %v", err)
		}
	})
}

// otherBytes are encodings that a careless decoder might take for the element, and elements made from it.
func otherBytes(t *rapid.T, sent, sibling []byte) map[string][]byte {
	flip := func(at int, bit byte) []byte {
		out := bytes.Clone(sent)
		out[at] ^= bit
		return out
	}
	// RFC 9496 §4.3.1: the canonical encoding is below p, and not negative (its lowest bit is zero).
	plusField, carry := make([]byte, ElementSize), 0
	for i := range plusField {
		p := 0xff
		switch i {
		case 0:
			p = 0xed
		case ElementSize - 1:
			p = 0x7f
		}
		sum := int(sent[i]) + p + carry
		plusField[i], carry = byte(sum), sum>>8
	}
	random := rapid.SliceOfN(rapid.Byte(), ElementSize, ElementSize).Filter(func(b []byte) bool { return !bytes.Equal(b, sent) }).Draw(t, "bytes")
	return map[string][]byte{
		"plus the field's prime": plusField,
		"the high bit set":       flip(ElementSize-1, 0x80),
		"the sign bit set":       flip(0, 1),
		"a bit flipped":          flip(rapid.IntRange(0, ElementSize-1).Draw(t, "byte"), 1<<rapid.IntRange(0, 7).Draw(t, "bit")),
		"the identity":           make([]byte, ElementSize),
		"another of the request": sibling,
		"short":                  sent[:ElementSize-1],
		"long":                   append(bytes.Clone(sent), 0),
		"nothing":                nil,
		"any bytes":              random,
	}
}

// TestBlindsHaveOneEncoding: of all scalars that are the same modulo the group's order, and of zero, only
// the canonical one below it, and not zero, opens anything.
func TestBlindsHaveOneEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digest := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "value"))
		zero := make([]byte, ScalarSize)
		for _, blind := range [][]byte{zero, plusOrder(zero), plusOrder(small(t, 1).Bytes()), bytes.Repeat([]byte{0xff}, ScalarSize)} {
			if _, err := Element(digest[:], blind); !errors.Is(err, ErrOpening) {
				t.Fatalf("%x blinds: %v", blind, err)
			}
			if err := Open(zero, digest[:], blind); !errors.Is(err, ErrOpening) {
				t.Fatalf("%x opens the identity: %v", blind, err)
			}
		}
	})
}
