package simd

import "encoding/binary"

// transpose64 transposes the 64×64 bits of x: bit j of word i goes to bit i of word j.
func transpose64(x *[64]uint64) {
	mask := uint64(0x00000000ffffffff)
	for half := 32; half > 0; half >>= 1 {
		for i := 0; i < 64; i = (i + half + 1) &^ half {
			t := (x[i]>>half ^ x[i+half]) & mask
			x[i] ^= t << half
			x[i+half] ^= t
		}
		mask ^= mask << (half >> 1)
	}
}

// toPlanes writes the planes of Rows rows of size bytes, a multiple of 8: as many as a row has bits.
func toPlanes(planes, rows []byte, size int) {
	var x [64]uint64
	for at := 0; at < Rows; at += 64 {
		for word := 0; word < size; word += 8 {
			for j := range x {
				x[j] = binary.LittleEndian.Uint64(rows[(at+j)*size+word:])
			}
			transpose64(&x)
			for i := range x {
				binary.LittleEndian.PutUint64(planes[(word*8+i)*PlaneSize+at/8:], x[i])
			}
		}
	}
}

// fromPlanes is the inverse of toPlanes.
func fromPlanes(rows, planes []byte, size int) {
	var x [64]uint64
	for at := 0; at < Rows; at += 64 {
		for word := 0; word < size; word += 8 {
			for i := range x {
				x[i] = binary.LittleEndian.Uint64(planes[(word*8+i)*PlaneSize+at/8:])
			}
			transpose64(&x)
			for j := range x {
				binary.LittleEndian.PutUint64(rows[(at+j)*size+word:], x[j])
			}
		}
	}
}
