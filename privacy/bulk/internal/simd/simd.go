// Package simd is the arithmetic that the engine spends its time in: expanding leaves into columns,
// encoding, shortening rows, summing rows by look-up, hashing. Each function exists twice: in Go, which is
// the definition, and for processors with AVX-512, GFNI, VAES and SHA extensions in assembly that the
// generator under gen writes; build tag purego leaves the assembly out. Tests and fuzzing hold them equal.
//
// Bits of a plane are rows: row j is bit j%8 of byte j/8.
package simd

// Rows is the number of rows of a block, PlaneSize the bytes of a plane of it.
const (
	Rows      = 2048
	PlaneSize = Rows / 8
)
