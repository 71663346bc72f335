package ristretto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	_ "crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/cloudflare/circl/expander"
	"github.com/cloudflare/circl/group"
)

// circl's group is the oracle throughout.
var oracle = group.Ristretto255

func random(t testing.TB) (*Element, *Scalar) {
	t.Helper()
	b := make([]byte, 2*UniformSize)
	rand.Read(b)
	s, err := NewScalar().SetUniformBytes(b[UniformSize:])
	if err != nil {
		t.Fatal(err)
	}
	return New().FromUniform((*[UniformSize]byte)(b)), s
}

func theirs(t testing.TB, e *Element) group.Element {
	t.Helper()
	o := oracle.NewElement()
	if err := o.UnmarshalBinary(e.Encode(nil)); err != nil {
		t.Fatalf("circl does not take %x: %v", e.Encode(nil), err)
	}
	return o
}

func theirScalar(t testing.TB, s *Scalar) group.Scalar {
	t.Helper()
	o := oracle.NewScalar()
	if err := o.UnmarshalBinary(s.Bytes()); err != nil {
		t.Fatal(err)
	}
	return o
}

func same(t *testing.T, what string, got []byte, want group.Element) {
	t.Helper()
	w, err := want.MarshalBinaryCompress()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, w) {
		t.Fatalf("%s: got %x, circl has %x", what, got, w)
	}
}

func TestArithmeticIsThatOfCircl(t *testing.T) {
	for range 50 {
		a, s := random(t)
		b, r := random(t)
		same(t, "multiple", New().Mul(s, a).Encode(nil), oracle.NewElement().Mul(theirs(t, a), theirScalar(t, s)))
		same(t, "multiple of the generator", New().MulBase(s).Encode(nil), oracle.NewElement().MulGen(theirScalar(t, s)))
		same(t, "sum", New().Add(a, b).Encode(nil), oracle.NewElement().Add(theirs(t, a), theirs(t, b)))
		want := oracle.NewElement().Add(oracle.NewElement().Mul(theirs(t, a), theirScalar(t, s)), oracle.NewElement().Mul(theirs(t, b), theirScalar(t, r)))
		same(t, "sum of multiples", New().VarTimeSum([]*Scalar{s, r}, []*Element{a, b}).Encode(nil), want)
		if a.Equal(b) == 1 || a.Equal(New().Add(New().Add(a, b), New().Mul(minusOne(), b))) == 0 {
			t.Fatal("Equal is wrong")
		}
	}
}

func minusOne() *Scalar { return NewScalar().Negate(scalarOne()) }

// RFC 9380 (expand_message_xmd) and RFC 9496 together are circl's HashToElement.
func TestMapIsThatOfCircl(t *testing.T) {
	dst := []byte("crosslight/test")
	for i := range 50 {
		msg := fmt.Append(nil, "message ", i)
		uniform := expander.NewExpanderMD(crypto.SHA512, dst).Expand(msg, UniformSize)
		same(t, "map", New().FromUniform((*[UniformSize]byte)(uniform)).Encode(nil), oracle.HashToElement(msg, dst))
	}
}

// TestSmallMultiples has the first lines of RFC 9496, appendix A.1, and circl for the others.
func TestSmallMultiples(t *testing.T) {
	published := []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
		"6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
	}
	sum, base := New(), New().MulBase(scalarOne())
	other := oracle.Identity()
	for i := range 16 {
		got := sum.Encode(nil)
		if i < len(published) && hex.EncodeToString(got) != published[i] {
			t.Errorf("%d·B is %x, published is %s", i, got, published[i])
		}
		same(t, fmt.Sprint(i, "·B"), got, other)
		back := New()
		if err := back.Decode(got); err != nil || back.Equal(sum) == 0 {
			t.Errorf("%d·B does not come back: %v", i, err)
		}
		sum.Add(sum, base)
		other.Add(other, oracle.Generator())
	}
}

// TestSumOverSeveralChunks has lengths around the chunk, and none at all.
func TestSumOverSeveralChunks(t *testing.T) {
	var scalars []*Scalar
	var elements []*Element
	want := New()
	for n := range 2*sumChunk + 2 {
		if n == 0 || n%sumChunk <= 1 || n%sumChunk == sumChunk-1 {
			if New().VarTimeSum(scalars, elements).Equal(want) == 0 {
				t.Fatalf("the sum of %d multiples is wrong", n)
			}
		}
		a, s := random(t)
		scalars, elements = append(scalars, s), append(elements, a)
		want.Add(want, New().Mul(s, a))
	}
}

func TestInvertAll(t *testing.T) {
	InvertAll(nil)
	var all, before []*Scalar
	for range 9 {
		_, s := random(t)
		all, before = append(all, s), append(before, NewScalar().Set(s))
	}
	InvertAll(all)
	for i := range all {
		if all[i].Equal(NewScalar().Invert(before[i])) == 0 {
			t.Fatalf("inverse %d is wrong", i)
		}
	}
}

// TestEncodeDoubled includes the identity at every place, and elements with a representative in each
// coset of the torsion, which the encoding must not tell apart.
func TestEncodeDoubled(t *testing.T) {
	var batch []*Element
	var want []byte
	for i := range 64 {
		e, _ := random(t)
		if i%7 == 0 {
			e = New()
		}
		for range i % 4 {
			e = e.rotated()
		}
		batch = append(batch, e)
		want = New().Add(e, e).Encode(want)
	}
	if got := EncodeDoubled([]byte("x"), batch); !bytes.Equal(got, append([]byte("x"), want...)) {
		t.Fatal("a doubled element has another encoding")
	}
	if got := EncodeDoubled(nil, nil); len(got) != 0 {
		t.Fatalf("an empty batch has %d bytes", len(got))
	}
}

func TestEncodingDoesNotShowTheRepresentative(t *testing.T) {
	for range 20 {
		e, _ := random(t)
		other := e
		for range 3 {
			other = other.rotated()
			if e.Equal(other) == 0 || !bytes.Equal(e.Encode(nil), other.Encode(nil)) {
				t.Fatal("two points of one coset are told apart")
			}
		}
	}
}

// rotated adds the point (√−1, 0) of order 4, and so changes the representative only: it takes (x, y) to
// (√−1·y, √−1·x).
func (e *Element) rotated() *Element {
	x, y, z, t := e.p.ExtendedCoordinates()
	t.Negate(t)
	nx, ny := x.Multiply(x, sqrtM1), y.Multiply(y, sqrtM1)
	return new(Element).set(ny, nx, z, t)
}

// The faults of RFC 9496, appendix A.2, by kind.
func TestDecodeRefuses(t *testing.T) {
	for why, h := range map[string]string{
		"not below p":               "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"p + 1":                     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"high bit":                  "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",
		"negative":                  "0100000000000000000000000000000000000000000000000000000000000000",
		"p − 1, so y = 0":           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"no square":                 "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
		"short":                     "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d",
		"long":                      "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d7600",
		"nothing":                   "",
		"negative and not a square": "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := random(t)
		before := e.Encode(nil)
		if err := e.Decode(b); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", why, err)
		}
		if !bytes.Equal(before, e.Encode(nil)) {
			t.Errorf("%s: the element changed", why)
		}
	}
}

// FuzzDecode decodes what circl decodes, refuses what it refuses, and has one encoding an element.
func FuzzDecode(f *testing.F) {
	e, _ := random(f)
	f.Add(e.Encode(nil))
	f.Add(make([]byte, ElementSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == ElementSize {
			b[0] &^= 1 // half the inputs fail at the sign; leave that to the table
		}
		got, want := New(), oracle.NewElement()
		err := got.Decode(b)
		if theirs := want.UnmarshalBinary(b); len(b) == ElementSize && (err == nil) != (theirs == nil) {
			t.Fatalf("%x: %v here, %v there", b, err, theirs)
		}
		if err == nil && !bytes.Equal(got.Encode(nil), b) {
			t.Fatalf("%x comes back as %x", b, got.Encode(nil))
		}
	})
}
