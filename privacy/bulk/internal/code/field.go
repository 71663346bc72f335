// Package code holds the two linear codes of the correlation: the binary code in which the receiver's
// vector is encoded (an extended, shortened BCH code), and the Reed–Solomon syndrome by which rows of the
// correlation are shortened. Tables are computed, not listed, so that a reader can check them.
package code

// The field GF(2^8), as polynomials over F_2 modulo x^8 + x^4 + x^3 + x^2 + 1, of which x generates the
// multiplicative group.
const modulus = 0x11d

var exp, log = powers()

// powers returns x^i for i up to 509, and the logarithm of what is not zero.
func powers() (exp [510]byte, log [256]int) {
	v := 1
	for i := range 255 {
		exp[i], exp[i+255] = byte(v), byte(v)
		log[v] = i
		v <<= 1
		if v&0x100 != 0 {
			v ^= modulus
		}
	}
	return exp, log
}

// Mul is the product in GF(2^8).
func Mul(a, b byte) byte {
	if a == 0 || b == 0 {
		return 0
	}
	return exp[log[a]+log[b]]
}

// inv is the inverse of a, which is not zero.
func inv(a byte) byte { return exp[(255-log[a])%255] }
