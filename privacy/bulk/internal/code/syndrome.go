package code

// Syndrome maps a row of the correlation, one symbol of GF(2^8) to a column, to d symbols: symbol t is the
// sum over i of a_i·X_t(i), where X_0, …, X_{d-1} is a basis of the polynomials of degree below d and
// column i stands at the field element i. Any d columns of that matrix are independent (a polynomial of
// degree below d that vanishes at d points is zero), so two rows that differ in at most d columns never
// have the same syndrome. That is all that the security argument needs of it.
//
// The basis is that of Lin, Chung and Han (FOCS 2014): X_t is the product, over the bits j of t, of
// s_j(x)/s_j(2^j), with s_j the polynomial that vanishes on the field elements 0, …, 2^j − 1. In it the map
// is the transpose of a fast additive Fourier transform.
func Syndrome(columns, d int) [][]byte {
	h := make([][]byte, d)
	for t := range h {
		h[t] = make([]byte, columns)
		for i := range h[t] {
			h[t][i] = basis(t, byte(i))
		}
	}
	return h
}

func basis(t int, x byte) byte {
	v := byte(1)
	for j := range 8 {
		if t>>j&1 == 1 {
			v = Mul(v, Normal(j, x))
		}
	}
	return v
}

// Normal is s_j(x)/s_j(2^j).
func Normal(j int, x byte) byte { return Mul(vanishing(j, x), inv(vanishing(j, 1<<j))) }

// vanishing is s_j(x): linear over F_2, of degree 2^j.
func vanishing(j int, x byte) byte {
	v := byte(1)
	for e := range 1 << j {
		v = Mul(v, x^byte(e))
	}
	return v
}
