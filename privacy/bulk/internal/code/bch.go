package code

// MessageBits is the dimension of both codes: a slot of the key-value store.
const MessageBits = 128

// Code is a systematic binary linear code [Length, 128, Distance]: 128 message bits, then the parity bits.
type Code struct {
	Length   int
	Distance int
	columns  [][2]uint64 // parity bit -> the message bits that it sums
}

// The codes of the two modes: BCH codes of length 255 with designed distance 31 and 15 (dimension 139 and
// 199), extended by a bit of parity and shortened to dimension 128 (MacWilliams and Sloane, ch. 7).
var (
	BCH245 = newBCH(30)
	BCH185 = newBCH(14)
)

// newBCH makes the code whose words, as polynomials, have the roots x^1, …, x^roots. Shortening takes away
// message bits and can only raise the distance; the overall parity makes an odd distance even.
func newBCH(roots int) *Code {
	g := generator(roots)
	degree := len(g) - 1
	c := &Code{Length: MessageBits + degree + 1, Distance: roots + 2, columns: make([][2]uint64, degree+1)}
	// Message bit i stands for x^(degree+i); its parity is that monomial's rest modulo g, and one more bit
	// for the parity of message bit and rest together.
	rest := make([]byte, degree)
	copy(rest, g[:degree]) // x^degree modulo g
	for i := range MessageBits {
		overall := byte(1)
		for j, b := range rest {
			overall ^= b
			c.columns[j][i>>6] |= uint64(b) << (i & 63)
		}
		c.columns[degree][i>>6] |= uint64(overall) << (i & 63)
		carry := rest[degree-1]
		copy(rest[1:], rest[:degree-1])
		rest[0] = 0
		if carry == 1 {
			for j := range rest {
				rest[j] ^= g[j]
			}
		}
	}
	return c
}

// generator returns the coefficients of the product of the minimal polynomials of x^1, …, x^roots.
func generator(roots int) []byte {
	g := []byte{1}
	var done [255]bool
	for r := 1; r <= roots; r++ {
		for e := r; !done[e]; e = 2 * e % 255 { // the conjugates of x^r
			done[e] = true
			next := make([]byte, len(g)+1) // g·(z + x^e)
			for i, a := range g {
				next[i+1] ^= a
				next[i] ^= Mul(a, exp[e])
			}
			g = next
		}
	}
	return g
}

// Column returns the set of message bits, bit i of word i/64, whose sum is bit j of a word.
func (c *Code) Column(j int) [2]uint64 {
	if j < MessageBits {
		var m [2]uint64
		m[j>>6] = 1 << (j & 63)
		return m
	}
	return c.columns[j-MessageBits]
}
