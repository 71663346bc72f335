// Package simd is the arithmetic that the engine spends its time in: expanding leaves into columns,
// encoding, shortening rows, summing rows by look-up, hashing. Each function exists in Go, which is the definition
// and serves every processor, and in assembly that the generator under gen writes: for processors with AVX2 and AES,
// and once more for those with AVX-512, GFNI, VAES and SHA. Build tag purego leaves the assembly out. Tests and
// fuzzing hold all levels equal.
//
// No branch and no address depends on what planes, slots, leaves and rows hold, at any level, but for decoding, whose
// addresses are those of the party's own keys.
//
// Bits of a plane are rows: row j is bit j%8 of byte j/8.
package simd

// Rows is the number of rows of a block, PlaneSize the bytes of a plane of it.
const (
	Rows      = 2048
	PlaneSize = Rows / 8
)

// level is how much assembly there is.
type level int

const (
	plain  level = iota // none
	avx2                // sums of planes, AES by the block, decoding, and hashing where there is SHA
	avx512              // everything
)

// inUse is the level of this processor. Only tests lower it.
var inUse = best()
