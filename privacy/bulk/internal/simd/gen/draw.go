package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// drawSlice turns eight rows into a byte for each of their bits.
func drawSlice(size int) {
	name := fmt.Sprintf("sliceEights%d", size)
	TEXT(name, NOSPLIT, "func(dst, rows *byte, n uint64)")
	Doc(name + " writes, for each of n times 8 rows, a byte for each bit of a row: that bit of the 8 rows.")
	dst, rows, n := pointer("dst"), pointer("rows"), pointer("n")
	VMOVDQU64(gatherReversed, z[31])
	VMOVDQU64(units, z[30])
	qwords := size / 8
	// Index vectors that bring qword a of the eight rows together.
	perRow := 64 / size // rows a register
	name = fmt.Sprintf("low%d", size)
	low := table(name, func(i int) byte { return interleave(i, size, 0) })
	high := table(fmt.Sprintf("high%d", size), func(i int) byte { return interleave(i, size, 2) })
	VMOVDQU64(low, z[29])
	if size == 32 {
		VMOVDQU64(high, z[28])
	}
	Label("eights")
	for i := range 8 / perRow {
		VMOVDQU64(mem(rows, 64*i), z[i])
	}
	if size == 32 {
		// z4: qword 0 of rows 0–3, qword 1 of rows 0–3; z5: qwords 2 and 3; z6, z7 the same of rows 4–7.
		VMOVDQA64(z[29], z[4])
		VPERMI2Q(z[1], z[0], z[4])
		VMOVDQA64(z[28], z[5])
		VPERMI2Q(z[1], z[0], z[5])
		VMOVDQA64(z[29], z[6])
		VPERMI2Q(z[3], z[2], z[6])
		VMOVDQA64(z[28], z[7])
		VPERMI2Q(z[3], z[2], z[7])
		VSHUFI64X2(imm(0x44), z[6], z[4], z[8])
		VSHUFI64X2(imm(0xee), z[6], z[4], z[9])
		VSHUFI64X2(imm(0x44), z[7], z[5], z[10])
		VSHUFI64X2(imm(0xee), z[7], z[5], z[11])
	} else {
		VPUNPCKLQDQ(z[1], z[0], z[4]) // rows 0, 4, 1, 5, …
		VPUNPCKHQDQ(z[1], z[0], z[5])
		VPERMQ(z[4], z[29], z[8])
		VPERMQ(z[5], z[29], z[9])
	}
	for a := range qwords {
		VPERMB(z[8+a], z[31], z[8+a])
		VGF2P8AFFINEQB(imm(0), z[8+a], z[30], z[8+a])
		VMOVDQU64(z[8+a], mem(dst, 64*a))
	}
	ADDQ(operand.U32(uint32(64*qwords)), dst)
	ADDQ(operand.U32(uint32(8*size)), rows)
	DECQ(n)
	JNZ(operand.LabelRef("eights"))
	VZEROUPPER()
	RET()
}

// interleave is byte i of a qword index vector: for rows of 32 bytes, qword first of four rows in two
// registers, then qword first+1; for rows of 16, the order that undoes the unpacking.
func interleave(i, size, first int) byte {
	if i%8 != 0 {
		return 0
	}
	at := i / 8
	if size == 32 {
		return byte(first + at/4 + 4*(at%4))
	}
	return byte(2*(at%4) + at/4)
}

// drawSums multiplies: 64 bytes of every eight rows by sixteen matrices of coins.
func drawSums() {
	TEXT("drawSums", NOSPLIT, "func(sums, eights, coins *byte, n, stride uint64)")
	Doc("drawSums writes 16 times 64 bytes: bit 7-i of byte p of line H is the sum with the coins of draw",
		"8·H+i at bit p of the 64 that eights has, stride bytes apart, for each of n times 8 rows.")
	sums, eights, coins, n, stride := pointer("sums"), pointer("eights"), pointer("coins"), pointer("n"), pointer("stride")
	for h := range 16 {
		VPXORQ(z[h], z[h], z[h])
	}
	Label("sum")
	VMOVDQU64(mem(eights, 0), z[31])
	for h := range 16 {
		t := z[16+h%15]
		VGF2P8AFFINEQB_BCST(imm(0), mem(coins, 8*h), z[31], t)
		VPXORQ(t, z[h], z[h])
	}
	ADDQ(stride, eights)
	ADDQ(operand.U32(128), coins)
	DECQ(n)
	JNZ(operand.LabelRef("sum"))
	for h := range 16 {
		VMOVDQU64(z[h], mem(sums, 64*h))
	}
	VZEROUPPER()
	RET()
}
