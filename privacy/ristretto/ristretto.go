// Package ristretto is the group ristretto255 (RFC 9496), which has prime order ℓ = 2^252 +
// 27742317777372353535851937790883648493, over the curve arithmetic of filippo.io/edwards25519. The
// engines beside it are built on this group; what is here is the group alone, in the words of the RFC.
//
// It stands beside circl's group of the same name for two sums that circl has no function for: a
// variable-time sum of many multiples of public elements, and encodings of a whole batch with one
// inversion. Multiplication is quicker too, by the assembly under the curve.
//
// Time. Everything takes time independent of what it computes with, but [Element.VarTimeSum], which says
// so in its name, and [Element.Decode], which returns at the first fault; both are for public elements.
// The number of elements and scalars always shows.
package ristretto

import (
	"errors"
	"math/big"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// Sizes in bytes.
const (
	ElementSize = 32 // a canonical encoding (RFC 9496 §4.3.2)
	ScalarSize  = 32 // little-endian, reduced modulo ℓ
	UniformSize = 64 // what maps to an element or a scalar without a bias that matters
)

// ErrEncoding reports bytes that encode no element, or not canonically.
var ErrEncoding = errors.New("not the canonical encoding of a group element")

// Scalar is an integer modulo ℓ. SetCanonicalBytes reads 32 bytes strictly, SetUniformBytes reduces 64.
type Scalar = edwards25519.Scalar

// NewScalar returns zero.
func NewScalar() *Scalar { return edwards25519.NewScalar() }

// Element is an element of the group. It is a coset of points of the curve, of which p is some one: two
// elements are compared by Equal or by their encodings, never by p. The zero value is not valid; New
// makes an Element.
type Element struct{ p edwards25519.Point }

// New returns the identity.
func New() *Element {
	e := new(Element)
	e.p.Set(edwards25519.NewIdentityPoint())
	return e
}

// The constants of RFC 9496 §4.1.
var (
	one            = new(field.Element).One()
	d              = constant("37095705934669439343138083508754565189542113879843219016388785533085940283555")
	sqrtM1         = constant("19681161376707505956807079304988542015446066515923890162744021073123829784752")
	sqrtADMinus1   = constant("25063068953384623474111414158702152701244531502492656460079210482610430750235")
	invSqrtAMinusD = constant("54469307008909316920995813868745141605393597292927456921205312896311721017578")
	oneMinusDSq    = constant("1159843021668779879193775521855586647937357759715417654439879720876111806838")
	dMinusOneSq    = constant("40440834346308536858101042469323190826248399146238708352240133220865137265952")
)

func constant(decimal string) *field.Element {
	n, ok := new(big.Int).SetString(decimal, 10)
	if !ok {
		panic("ristretto: constant is no number")
	}
	var b [32]byte
	n.FillBytes(b[:])
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	e, err := new(field.Element).SetBytes(b[:])
	if err != nil {
		panic(err)
	}
	return e
}

// set makes e the element of the point (x, y, z, t) in extended coordinates, which is on the curve: every
// caller has it from formulas that lead there.
func (e *Element) set(x, y, z, t *field.Element) *Element {
	if _, err := e.p.SetExtendedCoordinates(x, y, z, t); err != nil {
		panic("ristretto: formulas left the curve")
	}
	return e
}

// Equal returns 1 if both are the same element, else 0 (RFC 9496 §4.3.3).
func (e *Element) Equal(o *Element) int {
	x1, y1, _, _ := e.p.ExtendedCoordinates()
	x2, y2, _, _ := o.p.ExtendedCoordinates()
	var a, b field.Element
	cross := a.Multiply(x1, y2).Equal(b.Multiply(y1, x2))
	return cross | a.Multiply(y1, y2).Equal(b.Multiply(x1, x2))
}

// Add makes e the sum of a and b.
func (e *Element) Add(a, b *Element) *Element {
	e.p.Add(&a.p, &b.p)
	return e
}

// Mul makes e the multiple of a by s.
func (e *Element) Mul(s *Scalar, a *Element) *Element {
	e.p.ScalarMult(s, &a.p)
	return e
}

// MulBase makes e the multiple of the generator by s.
func (e *Element) MulBase(s *Scalar) *Element {
	e.p.ScalarBaseMult(s)
	return e
}

// sumChunk is how many multiples are summed at a time. Their tables, 1,280 bytes each, then stay in a
// core's second cache; the doublings that each chunk repeats cost 2 % of it.
const sumChunk = 128

// VarTimeSum makes e the sum of all multiples s[i]·a[i], of which there must be as many. It takes
// variable time: scalars and elements must be public.
func (e *Element) VarTimeSum(s []*Scalar, a []*Element) *Element {
	if len(s) != len(a) {
		panic("ristretto: scalars and elements differ in number")
	}
	var sum, part edwards25519.Point
	sum.Set(edwards25519.NewIdentityPoint())
	points := make([]*edwards25519.Point, 0, sumChunk)
	for len(s) > 0 {
		n := min(sumChunk, len(s))
		points = points[:0]
		for _, x := range a[:n] {
			points = append(points, &x.p)
		}
		sum.Add(&sum, part.VarTimeMultiScalarMult(s[:n], points))
		s, a = s[n:], a[n:]
	}
	e.p.Set(&sum)
	return e
}

// InvertAll replaces every scalar, none of which may be zero, by its inverse, with one inversion for all
// (Montgomery's trick).
func InvertAll(s []*Scalar) {
	before := make([]*Scalar, len(s)) // product of all before
	product := scalarOne()
	for i, x := range s {
		before[i] = NewScalar().Set(product)
		product.Multiply(product, x)
	}
	product.Invert(product)
	for i := len(s) - 1; i >= 0; i-- {
		x := NewScalar().Set(s[i])
		s[i].Multiply(product, before[i])
		product.Multiply(product, x)
	}
}

func scalarOne() *Scalar {
	s, err := NewScalar().SetCanonicalBytes(append([]byte{1}, make([]byte, ScalarSize-1)...))
	if err != nil {
		panic(err)
	}
	return s
}
