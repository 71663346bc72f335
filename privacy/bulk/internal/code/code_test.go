package code

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// word encodes a message with the columns, as coefficients: the rest's bits first, then the message's, and
// the overall parity apart.
func word(c *Code, m [2]uint64) (poly []byte, overall byte) {
	bit := func(j int) byte {
		set := c.Column(j)
		return byte((bits.OnesCount64(set[0]&m[0]) + bits.OnesCount64(set[1]&m[1])) & 1)
	}
	for j := MessageBits; j < c.Length-1; j++ {
		poly = append(poly, bit(j))
	}
	for j := range MessageBits {
		poly = append(poly, bit(j))
	}
	return poly, bit(c.Length - 1)
}

func evaluate(poly []byte, x byte) (v byte) {
	for i := len(poly) - 1; i >= 0; i-- {
		v = Mul(v, x) ^ poly[i]
	}
	return v
}

// TestBCH proves, word by word, membership in the extended BCH code, whose distance follows from its roots:
// 30 consecutive roots give 31, and even weights 32.
func TestBCH(t *testing.T) {
	for _, c := range []struct {
		code                    *Code
		length, distance, roots int
	}{{BCH245, 245, 32, 30}, {BCH185, 185, 16, 14}} {
		if c.code.Length != c.length || c.code.Distance != c.distance {
			t.Fatalf("[%d,128,%d], want [%d,128,%d]", c.code.Length, c.code.Distance, c.length, c.distance)
		}
		for i := range MessageBits + 200 {
			m := [2]uint64{rand.Uint64(), rand.Uint64()}
			if i < MessageBits {
				m = [2]uint64{}
				m[i>>6] = 1 << (i & 63)
			}
			poly, overall := word(c.code, m)
			weight := overall
			for _, b := range poly {
				weight += b
			}
			if weight%2 != 0 || int(weight) < c.distance {
				t.Fatalf("word of weight %d", weight)
			}
			for r := 1; r <= c.roots; r++ {
				if evaluate(poly, exp[r]) != 0 {
					t.Fatalf("message bit %d: x^%d is no root", i, r)
				}
			}
		}
	}
}

// TestSyndromeIndependent takes many sets of d columns, and all that are neighbours, and finds each
// independent.
func TestSyndromeIndependent(t *testing.T) {
	for _, c := range []struct{ columns, d int }{{245, 32}, {185, 16}} {
		h := Syndrome(c.columns, c.d)
		for i := range 600 {
			set := rand.Perm(c.columns)[:c.d]
			if i+c.d <= c.columns {
				for j := range set {
					set[j] = i + j
				}
			}
			if r := rank(h, set); r != c.d {
				t.Fatalf("columns %v have rank %d", set, r)
			}
		}
	}
}

func rank(h [][]byte, columns []int) int {
	var m [][]byte
	for _, line := range h {
		var l []byte
		for _, i := range columns {
			l = append(l, line[i])
		}
		m = append(m, l)
	}
	r := 0
	for col := range columns {
		at := r
		for at < len(m) && m[at][col] == 0 {
			at++
		}
		if at == len(m) {
			continue
		}
		m[r], m[at] = m[at], m[r]
		scale := inv(m[r][col])
		for i := range m {
			if i == r || m[i][col] == 0 {
				continue
			}
			f := Mul(m[i][col], scale)
			for j := range m[i] {
				m[i][j] ^= Mul(f, m[r][j])
			}
		}
		r++
	}
	return r
}

func TestField(t *testing.T) {
	slow := func(a, b int) (p int) {
		for ; b > 0; b >>= 1 {
			if b&1 == 1 {
				p ^= a
			}
			if a <<= 1; a&0x100 != 0 {
				a ^= modulus
			}
		}
		return p
	}
	for a := range 256 {
		for b := range 256 {
			if int(Mul(byte(a), byte(b))) != slow(a, b) {
				t.Fatalf("%d·%d", a, b)
			}
		}
	}
}
