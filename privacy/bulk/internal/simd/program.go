package simd

import (
	"crypto/subtle"
	"math/bits"
)

// program is a linear map of planes as the sums that make it up, in order. It is computed once from public
// constants: what it reads and writes does not depend on what the planes hold.
type program struct {
	sums   []sum
	planes int // of the buffer, at least
}

// sum makes plane dst of a buffer the sum of planes a and b of it.
type sum struct{ dst, a, b uint16 }

// run carries the program out on a buffer of planes.
func (p *program) run(planes []byte) {
	if p.runFast(planes) {
		return
	}
	plane := func(i uint16) []byte { return planes[int(i)*PlaneSize:][:PlaneSize] }
	for _, s := range p.sums {
		subtle.XORBytes(plane(s.dst), plane(s.a), plane(s.b))
	}
}

func (p *program) set(dst, a, b uint16) {
	p.sums = append(p.sums, sum{dst, a, b})
	p.planes = max(p.planes, int(dst)+1, int(a)+1, int(b)+1)
}

func (p *program) add(dst, src uint16) { p.set(dst, dst, src) }

// addMap adds to planes dst, dst+1, … a linear map of planes src, src+1, …: bit j of lines[i] says that plane src+j
// goes into plane dst+i. Sums that several lines have in common are made once, in planes from spare on, the most
// common first (Paar, ISIT 1997).
func (p *program) addMap(dst, src, spare uint16, lines []uint64) {
	planes := make([]uint16, 64)
	n := 0
	for _, l := range lines {
		n = max(n, bits.Len64(l))
	}
	for j := range n {
		planes[j] = src + uint16(j)
	}
	lines = append([]uint64(nil), lines...)
	for n < len(planes) {
		pair, often := uint64(0), 1
		for a := range n {
			for b := range a {
				both, count := uint64(1)<<a|uint64(1)<<b, 0
				for _, l := range lines {
					if l&both == both {
						count++
					}
				}
				if count > often {
					pair, often = both, count
				}
			}
		}
		if often == 1 {
			break
		}
		a, b := bits.Len64(pair)-1, bits.TrailingZeros64(pair)
		p.set(spare, planes[a], planes[b])
		for i := range lines {
			if lines[i]&pair == pair {
				lines[i] = lines[i]&^pair | 1<<n
			}
		}
		planes[n] = spare
		n, spare = n+1, spare+1
	}
	for i, l := range lines {
		for ; l != 0; l &= l - 1 {
			p.add(dst+uint16(i), planes[bits.TrailingZeros64(l)])
		}
	}
}

// addMatrix is addMap for many planes: it sums all subsets of each five of them, in 32 planes from spare on, and
// takes of those what each line wants (Arlazarov and others, 1970). Line i has bit j%64 of word j/64.
func (p *program) addMatrix(dst, src, spare uint16, lines [][2]uint64) {
	const group, words = 5, 128
	for from := 0; from < words; from += group {
		n := min(group, words-from)
		subset := func(v int) uint16 {
			if v&(v-1) == 0 {
				return src + uint16(from+bits.TrailingZeros(uint(v)))
			}
			return spare + uint16(v)
		}
		for v := 3; v < 1<<n; v++ {
			if rest := v & (v - 1); rest != 0 {
				p.set(subset(v), subset(rest), subset(v&-v))
			}
		}
		for i, l := range lines {
			v := 0
			for b := range n {
				j := from + b
				v |= int(l[j>>6]>>(j&63)&1) << b
			}
			if v != 0 {
				p.add(dst+uint16(i), subset(v))
			}
		}
	}
}
