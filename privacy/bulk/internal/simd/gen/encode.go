package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// sliceSlots turns rows of 16 bytes into sliced bytes.
func sliceSlots() {
	even := table("evenQwords", func(i int) byte { return map[bool]byte{true: byte(2 * (i / 8)), false: 0}[i%8 == 0] })
	odd := table("oddQwords", func(i int) byte { return map[bool]byte{true: byte(2*(i/8) + 1), false: 0}[i%8 == 0] })
	TEXT("sliceSlots", NOSPLIT, "func(dst, slots *byte)")
	Doc("sliceSlots writes the 16 sliced bytes of 64 slots.")
	dst, slots := pointer("dst"), pointer("slots")
	index := z[31]
	VMOVDQU64(gather, index)
	for a := range 2 {
		for g := range 8 {
			VMOVDQU64(map[int]operand.Mem{0: even, 1: odd}[a], z[g])
			VMOVDQU64(mem(slots, 128*g), z[16])
			VMOVDQU64(mem(slots, 128*g+64), z[17])
			VPERMI2Q(z[17], z[16], z[g])
			VPERMB(z[g], index, z[g])
		}
		transposeQwords(z[0:8], z[8:16])
		for i := range 8 {
			VMOVDQU64(z[8+i], mem(dst, 64*(8*a+i)))
		}
	}
	VZEROUPPER()
	RET()
}

// parity appends to 16 sliced bytes those of the code's parity.
func parity(n int) {
	name := fmt.Sprintf("parity%d", n)
	TEXT(name, NOSPLIT, "func(sliced, matrices *byte)")
	Doc(fmt.Sprintf("%s writes %d sliced bytes of parity behind 16 of message, by 16·%d matrices.", name, n, n))
	sliced, matrices := pointer("sliced"), pointer("matrices")
	for o := range n {
		VPXORQ(z[o], z[o], z[o])
	}
	for b := range 16 {
		VMOVDQU64(mem(sliced, 64*b), z[31])
		for o := range n {
			t := z[16+o%15]
			VGF2P8AFFINEQB_BCST(imm(0), mem(matrices, 8*(b*n+o)), z[31], t)
			VPXORQ(t, z[o], z[o])
		}
	}
	for o := range n {
		VMOVDQU64(z[o], mem(sliced, 64*(16+o)))
	}
	VZEROUPPER()
	RET()
}

// addPlanes adds a sliced byte of eight times 64 rows to eight planes.
func addPlanes() {
	TEXT("addSliced", NOSPLIT, "func(planes, sliced *byte, stride uint64)")
	Doc("addSliced adds sliced bytes, that of the g-th 64 rows at g·stride, to 64 bytes of each of 8 planes.")
	planes, sliced, stride := pointer("planes"), pointer("sliced"), pointer("stride")
	VMOVDQU64(gather, z[31])
	VMOVDQU64(units, z[30])
	VMOVDQU64(reverse, z[29])
	for g := range 8 {
		VMOVDQU64(mem(sliced, 0), z[g])
		ADDQ(stride, sliced)
		VPSHUFB(z[29], z[g], z[g])
		VGF2P8AFFINEQB(imm(0), z[g], z[30], z[g])
		VPERMB(z[g], z[31], z[g])
	}
	transposeQwords(z[0:8], z[8:16])
	for i := range 8 {
		VPXORQ(mem(planes, i*planeSize), z[8+i], z[8+i])
		VMOVDQU64(z[8+i], mem(planes, i*planeSize))
	}
	VZEROUPPER()
	RET()
}
