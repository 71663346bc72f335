package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// hash is the compression of SHA-256 (FIPS 180-4, section 6.2.2) of one block from a given state, two
// blocks at a time: while one waits for its rounds, the other has its turn.
func hash(size int) {
	TEXT(fmt.Sprintf("hash%d", size), NOSPLIT, "func(dst, inputs, state, constants *byte, pairs uint64)")
	Doc(fmt.Sprintf("hash%d hashes pairs of inputs of %d bytes. State is F, E, B, A, H, G, D, C in words; constants are", size, size),
		"the padding, 32 bytes in words, the mask that turns words around, and the 64 constants of the rounds.")
	dst, inputs, state, constants, pairs := pointer("dst"), pointer("inputs"), pointer("state"), pointer("constants"), pointer("pairs")
	const mask, k = 32, 48
	wk := x[0] // SHA256RNDS2 reads it implicitly
	lane := func(l int) (s0, s1 reg.VecPhysical, w []reg.VecPhysical) { return x[1+l], x[3+l], x[5+4*l : 9+4*l] }
	t, turn := x[13], x[14]
	MOVOU(mem(constants, mask), turn)
	Label("pair")
	for l := range 2 {
		s0, s1, w := lane(l)
		MOVOU(mem(state, 0), s0)
		MOVOU(mem(state, 16), s1)
		for i := range 4 {
			if 16*i < size {
				MOVOU(mem(inputs, l*size+16*i), w[i])
				PSHUFB(turn, w[i])
			} else {
				MOVOU(mem(constants, 16*(i-2)), w[i])
			}
		}
	}
	for i := range 16 {
		for l := range 2 {
			s0, s1, w := lane(l)
			now, next, before := w[i%4], w[(i+1)%4], w[(i+3)%4]
			MOVOU(mem(constants, k+16*i), wk)
			PADDD(now, wk)
			SHA256RNDS2(wk, s0, s1)
			if i >= 3 && i < 15 {
				MOVO(now, t)
				PALIGNR(imm(4), before, t)
				PADDD(t, next)
				SHA256MSG2(now, next)
			}
			PSHUFD(imm(0x0e), wk, wk)
			SHA256RNDS2(wk, s1, s0)
			if i >= 1 && i <= 12 {
				SHA256MSG1(now, before)
			}
		}
	}
	for l := range 2 {
		s0, s1, _ := lane(l)
		MOVOU(mem(state, 0), t)
		PADDD(t, s0)
		MOVOU(mem(state, 16), t)
		PADDD(t, s1)
		MOVO(s1, t)
		PUNPCKHQDQ(s0, t) // D, C, B, A
		PUNPCKLQDQ(s0, s1)
		for i, v := range []reg.VecPhysical{t, s1} {
			PSHUFD(imm(0x1b), v, v)
			PSHUFB(turn, v)
			MOVOU(v, mem(dst, 32*l+16*i))
		}
	}
	ADDQ(operand.U32(uint32(2*size)), inputs)
	ADDQ(imm(64), dst)
	DECQ(pairs)
	JNZ(operand.LabelRef("pair"))
	RET()
}
