//go:build amd64 && !purego

package simd

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"sync"
)

// midstate is the state after the prefix, with which the assembly begins.
type midstate struct{ state [8]uint32 }

// hashConstants is what the assembly reads: padding, a mask, the constants of the rounds.
type hashConstants [48 + 256]byte

var hashTables = sync.OnceValue(func() *[2]hashConstants {
	return &[2]hashConstants{newHashConstants(32), newHashConstants(48)}
})

func newHashConstants(size int) (c hashConstants) {
	// Words of the padding of a message of 64 + size bytes, from byte 32 of its second block on.
	binary.LittleEndian.PutUint32(c[size-32:], 0x80000000)
	binary.LittleEndian.PutUint32(c[28:], uint32(64+size)*8)
	for i := range 16 {
		c[32+i] = byte(i ^ 3)
	}
	for i, k := range roundConstants() {
		binary.LittleEndian.PutUint32(c[48+4*i:], k)
	}
	return c
}

// roundConstants are the first 32 bits of the fractional parts of the cube roots of the first 64 primes
// (FIPS 180-4, section 4.2.2), found as the integer part of cbrt(p)·2^32.
func roundConstants() (k [64]uint32) {
	for i, p := 0, uint64(2); i < len(k); p++ {
		prime := true
		for d := uint64(2); d*d <= p; d++ {
			prime = prime && p%d != 0
		}
		if prime {
			k[i] = uint32(cubeRoot(p))
			i++
		}
	}
	return k
}

// prepare computes the state after the prefix, by way of the encoding that the standard library gives of a
// digest that is under way: four bytes, then the state.
func (h *Hasher) prepare() {
	d := sha256.New()
	d.Write(h.prefix[:])
	b, err := d.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(err) // SHA-256 always has one
	}
	for i, w := range []int{5, 4, 1, 0, 7, 6, 3, 2} { // F, E, B, A, H, G, D, C
		h.state[i] = binary.BigEndian.Uint32(b[4+4*w:])
	}
}

func (h *Hasher) sumFast(dst [][32]byte, inputs []byte, size int) bool {
	if inUse < avx2 || !hasSHA || size != 32 && size != 48 {
		return false
	}
	_ = inputs[:len(dst)*size]
	var state [32]byte
	for i, w := range h.state {
		binary.LittleEndian.PutUint32(state[4*i:], w)
	}
	if pairs := len(dst) / 2; pairs > 0 {
		if size == 32 {
			hash32(&dst[0][0], &inputs[0], &state[0], &hashTables()[0][0], uint64(pairs))
		} else {
			hash48(&dst[0][0], &inputs[0], &state[0], &hashTables()[1][0], uint64(pairs))
		}
	}
	if n := len(dst); n%2 == 1 {
		h.sumPortable(dst[n-1:], inputs[(n-1)*size:], size)
	}
	return true
}
