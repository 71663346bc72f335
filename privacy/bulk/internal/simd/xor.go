package simd

import (
	"crypto/subtle"
	"encoding/binary"
)

// xorInto adds src to the bytes of dst that src covers.
func xorInto(dst, src []byte) { subtle.XORBytes(dst, dst[:len(src)], src) }

// XorMasked adds src to dst where mask is all ones, and nothing where it is zero, in the same time.
func XorMasked(dst, src []byte, mask uint64) {
	for len(src) >= 8 {
		w := binary.LittleEndian.Uint64(src) & mask
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)^w)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] ^= src[i] & byte(mask)
	}
}

// transpose8 transposes the 8×8 bits of x: bit j of byte i goes to bit i of byte j.
func transpose8(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}
