package voprf

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// TestOpeningBinds: a querier opens its element to the value that it asked about, with the blind that it
// asked with, and to nothing else: neither by chance nor by any algebra on what it knows.
func TestOpeningBinds(t *testing.T) {
	_, client := pair(t)
	rapid.Check(t, func(t *rapid.T) {
		digest := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "value"))
		other := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "other value"))
		request, err := client.Blind([][]byte{digest[:]})
		if err != nil {
			t.Fatal(err)
		}
		element, blind := request.Elements(), request.Blinds()
		if err := Open(element, digest[:], blind); err != nil {
			t.Fatalf("the honest opening: %v", err)
		}
		flipped := digest
		flipped[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		for name, r := range relatedBlinds(t, digest[:], other[:], blind) {
			for _, input := range [][]byte{digest[:], other[:], flipped[:], nil, append(digest[:], 0)} {
				if bytes.Equal(input, digest[:]) && bytes.Equal(r, blind) {
					continue
				}
				if err := Open(element, input, r); !errors.Is(err, ErrOpening) {
					t.Fatalf("opened another way, %s: %v", name, err)
				}
			}
		}
	})
}

// relatedBlinds are scalars that a querier could make from what it knows.
func relatedBlinds(t *rapid.T, digest, other, blind []byte) map[string][]byte {
	r, err := ristretto.NewScalar().SetCanonicalBytes(blind)
	if err != nil {
		t.Fatal(err)
	}
	add := func(a, b *ristretto.Scalar) []byte { return ristretto.NewScalar().Add(a, b).Bytes() }
	mul := func(a, b *ristretto.Scalar) []byte { return ristretto.NewScalar().Multiply(a, b).Bytes() }
	uniform := func(parts ...[]byte) *ristretto.Scalar {
		a := sha256.Sum256(bytes.Join(parts, nil))
		b := sha256.Sum256(a[:])
		s, err := ristretto.NewScalar().SetUniformBytes(append(a[:], b[:]...))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one := small(t, 1)
	h, h2, random := uniform(digest), uniform(other), uniform(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "scalar"))
	return map[string][]byte{
		"the same":        blind,
		"zero":            make([]byte, ScalarSize),
		"one":             one.Bytes(),
		"one more":        add(r, one),
		"double":          add(r, r),
		"square":          mul(r, r),
		"negative":        ristretto.NewScalar().Negate(r).Bytes(),
		"inverse":         ristretto.NewScalar().Invert(r).Bytes(),
		"half":            half(r).Bytes(),
		"random":          random.Bytes(),
		"a multiple":      mul(r, random),
		"a sum":           add(r, random),
		"scaled by hash":  mul(r, ristretto.NewScalar().Multiply(h, ristretto.NewScalar().Invert(h2))),
		"not reduced":     plusOrder(blind),
		"high bit":        append(bytes.Clone(blind[:31]), blind[31]|0x80),
		"short":           blind[:31],
		"long":            append(bytes.Clone(blind), 0),
		"nothing":         nil,
		"the digest":      digest,
		"order times two": plusOrder(plusOrder(make([]byte, ScalarSize))),
	}
}

func small(t *rapid.T, n byte) *ristretto.Scalar {
	s, err := ristretto.NewScalar().SetCanonicalBytes(append([]byte{n}, make([]byte, 31)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plusOrder adds the group's order: the same residue in another encoding.
func plusOrder(scalar []byte) []byte {
	order := []byte{
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	}
	out, carry := make([]byte, ScalarSize), 0
	for i := range out {
		sum := int(scalar[i]) + int(order[i]) + carry
		out[i], carry = byte(sum), sum>>8
	}
	return out
}

// TestElementIsWhatWasBlinded for whole batches: an auditor comes to what crossed the network.
func TestElementIsWhatWasBlinded(t *testing.T) {
	_, client := pair(t)
	inputs := [][]byte{{}, {1}, bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, MaxInput)}
	request, err := client.Blind(inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, in := range inputs {
		got, err := Element(in, request.Blinds()[i*ScalarSize:(i+1)*ScalarSize])
		if err != nil || !bytes.Equal(got[:], request.Elements()[i*ElementSize:(i+1)*ElementSize]) {
			t.Errorf("input %d: %v", i, err)
		}
	}
	if _, err := Element(make([]byte, MaxInput+1), request.Blinds()[:ScalarSize]); !errors.Is(err, ErrInput) {
		t.Errorf("too long: %v", err)
	}
}
