package simd

// slicedPrograms are encoding and shortening as sums of planes, in constant time on every processor. The buffer that they
// work on is a sliced one.
type slicedPrograms struct {
	parity  program   // planes 0…127 message bits; from 128 on, to be zero before, the code's parity
	shorten []program // one to a coset of columns: planes 0… the columns' symbols, 8 each, from sums on the syndrome
	coset   int       // columns of a coset
	sums    int
	planes  int // of the buffer
}

// newSlicedPrograms takes what NewEncoder does.
func newSlicedPrograms(k int, columns [][2]uint64, matrix [][]byte, mul func(a, b byte) byte) *slicedPrograms {
	p := &slicedPrograms{coset: len(matrix), sums: 8 * len(matrix)}
	p.parity.addMatrix(128, 0, uint16(len(columns)), columns[128:])
	for from := 0; from < len(columns); from += p.coset {
		p.shorten = append(p.shorten, p.syndrome(from, k, matrix, mul))
	}
	for _, q := range append(p.shorten, p.parity) {
		p.planes = max(p.planes, q.planes)
	}
	return p
}

// syndrome sums the columns from a coset's first on into the syndrome. It is the transpose of the additive Fourier
// transform of Lin, Chung and Han (FOCS 2014): at level j, p and q, 2^j columns apart, become p + q and
// q + λ·(p + q), with λ the value of X_{2^j} at p.
func (s *slicedPrograms) syndrome(from, k int, matrix [][]byte, mul func(a, b byte) byte) (p program) {
	spare := uint16(2 * s.sums)
	var level func(at, size int)
	level = func(at, size int) {
		half := size / 2
		width := 8 // planes of a symbol that are not zero
		if half == 1 {
			width = k
		} else {
			level(at, half)
			level(at+half, half)
		}
		for i := at; i < at+half; i++ {
			for b := range width {
				p.add(uint16(8*i+b), uint16(8*(i+half)+b))
			}
			if l := lambda(half, from+i, matrix); l != 0 {
				p.addMap(uint16(8*(i+half)), uint16(8*i), spare, product(l, width, mul))
			}
		}
	}
	level(0, s.coset)
	for i := range s.sums {
		p.add(uint16(s.sums+i), uint16(i))
	}
	return p
}

// lambda is X_size at column x, linear in x; columns beyond the matrix have it, too.
func lambda(size, x int, matrix [][]byte) (l byte) {
	for b := 1; b < len(matrix[size]); b <<= 1 {
		if x&b != 0 {
			l ^= matrix[size][b]
		}
	}
	return l
}

// product gives the lines of multiplication by l, of symbols of width bits.
func product(l byte, width int, mul func(a, b byte) byte) []uint64 {
	lines := make([]uint64, 8)
	for j := range width {
		v := mul(l, 1<<j)
		for i := range lines {
			lines[i] |= uint64(v>>i&1) << j
		}
	}
	return lines
}

// foldProgram sums the streams of 2^k leaves, planes 0…, by bits of the leaves' numbers to k planes behind them, zero
// before, and all of them in plane 0, which is left alone without leaf 0. It begins with the highest bit: the upper half of the streams is
// what has the bit, and is then added to the lower half.
func foldProgram(k int, first bool) (p program) {
	for b := k - 1; b >= 0; b-- {
		out, half := uint16(1<<k+b), 1<<b
		for x := half; x < 2*half; x++ {
			p.add(out, uint16(x))
		}
		for x := range half {
			if x > 0 || first {
				p.add(uint16(x), uint16(half+x))
			}
		}
	}
	return p
}
