package simd

import "crypto/sha256"

// Prefix is what a family of hashes begins with: one block of SHA-256.
type Prefix [64]byte

// Hasher computes SHA-256 of its prefix and a short input.
type Hasher struct {
	prefix Prefix
	state  [8]uint32 // after the prefix; assembly starts here
}

// NewHasher takes the prefix.
func NewHasher(p Prefix) *Hasher {
	h := &Hasher{prefix: p}
	h.prepare()
	return h
}

// Sum writes, for each input of size bytes, 32 or 48, the 32 bytes of SHA-256(prefix || input).
func (h *Hasher) Sum(dst [][32]byte, inputs []byte, size int) {
	if h.sumFast(dst, inputs, size) {
		return
	}
	h.sumPortable(dst, inputs, size)
}

func (h *Hasher) sumPortable(dst [][32]byte, inputs []byte, size int) {
	var in [64 + 48]byte
	copy(in[:], h.prefix[:])
	for i := range dst {
		copy(in[64:], inputs[i*size:][:size])
		dst[i] = sha256.Sum256(in[:64+size])
	}
}
