package ristretto

import "filippo.io/edwards25519/field"

// Decode makes e the element that 32 bytes encode (RFC 9496 §4.3.1). The error is [ErrEncoding]; e is
// then as before. The identity is an element like any other.
func (e *Element) Decode(b []byte) error {
	if len(b) != ElementSize {
		return ErrEncoding
	}
	var s, ss, u1, u2, u2Sq, v, t field.Element
	if _, err := s.SetBytes(b); err != nil {
		return ErrEncoding
	}
	if [ElementSize]byte(s.Bytes()) != [ElementSize]byte(b) || s.IsNegative() == 1 {
		return ErrEncoding
	}
	ss.Square(&s)
	u1.Subtract(one, &ss)
	u2.Add(one, &ss)
	u2Sq.Square(&u2)
	v.Square(&u1)
	v.Multiply(&v, d)
	v.Negate(&v)
	v.Subtract(&v, &u2Sq)
	var invSqrt, denX, denY, x, y field.Element
	_, square := invSqrt.SqrtRatio(one, t.Multiply(&v, &u2Sq))
	denX.Multiply(&invSqrt, &u2)
	denY.Multiply(&invSqrt, &denX)
	denY.Multiply(&denY, &v)
	x.Add(&s, &s)
	x.Multiply(&x, &denX)
	x.Absolute(&x)
	y.Multiply(&u1, &denY)
	t.Multiply(&x, &y)
	if square == 0 || t.IsNegative() == 1 || y.Equal(new(field.Element)) == 1 {
		return ErrEncoding
	}
	e.set(&x, &y, one, &t)
	return nil
}

// Encode appends the 32 bytes of e's encoding to b (RFC 9496 §4.3.2).
func (e *Element) Encode(b []byte) []byte {
	x0, y0, z0, t0 := e.p.ExtendedCoordinates()
	var u1, u2, t, invSqrt, den1, den2, zInv field.Element
	u1.Add(z0, y0)
	u1.Multiply(&u1, t.Subtract(z0, y0))
	u2.Multiply(x0, y0)
	t.Square(&u2)
	invSqrt.SqrtRatio(one, t.Multiply(&t, &u1)) // always a square
	den1.Multiply(&invSqrt, &u1)
	den2.Multiply(&invSqrt, &u2)
	zInv.Multiply(&den1, &den2)
	zInv.Multiply(&zInv, t0)

	var ix, iy, enchanted, x, y, denInv field.Element
	ix.Multiply(x0, sqrtM1)
	iy.Multiply(y0, sqrtM1)
	enchanted.Multiply(&den1, invSqrtAMinusD)
	rotate := t.Multiply(t0, &zInv).IsNegative()
	x.Select(&iy, x0, rotate)
	y.Select(&ix, y0, rotate)
	denInv.Select(&enchanted, &den2, rotate)
	negate := t.Multiply(&x, &zInv).IsNegative()
	y.Select(t.Negate(&y), &y, negate)
	t.Subtract(z0, &y)
	t.Multiply(&t, &denInv)
	t.Absolute(&t)
	return append(b, t.Bytes()...)
}

// FromUniform makes e the element to which 64 uniformly random bytes map (RFC 9496 §4.3.4).
func (e *Element) FromUniform(b *[UniformSize]byte) *Element {
	var first, second Element
	first.fromHalf(b[:32])
	second.fromHalf(b[32:])
	return e.Add(&first, &second)
}

// fromHalf is the function MAP of RFC 9496 §4.3.4; the topmost bit of b is ignored.
func (e *Element) fromHalf(b []byte) {
	var t, r, u, v, c, n, w field.Element
	if _, err := t.SetBytes(b); err != nil {
		panic(err) // 32 bytes always set
	}
	r.Square(&t)
	r.Multiply(&r, sqrtM1)
	u.Add(&r, one)
	u.Multiply(&u, oneMinusDSq)
	c.Negate(one)
	v.Multiply(&r, d)
	v.Subtract(&c, &v)
	v.Multiply(&v, w.Add(&r, d))

	var s, sPrime field.Element
	_, square := s.SqrtRatio(&u, &v)
	sPrime.Multiply(&s, &t)
	sPrime.Absolute(&sPrime)
	sPrime.Negate(&sPrime)
	s.Select(&s, &sPrime, square)
	c.Select(&c, &r, square)

	n.Subtract(&r, one)
	n.Multiply(&n, &c)
	n.Multiply(&n, dMinusOneSq)
	n.Subtract(&n, &v)
	var w0, w1, w2, w3 field.Element
	w0.Multiply(&s, &v)
	w0.Add(&w0, &w0)
	w1.Multiply(&n, sqrtADMinus1)
	s.Square(&s)
	w2.Subtract(one, &s)
	w3.Add(one, &s)
	var x, y, z, xy field.Element
	e.set(x.Multiply(&w0, &w3), y.Multiply(&w2, &w1), z.Multiply(&w1, &w3), xy.Multiply(&w0, &w2))
}
