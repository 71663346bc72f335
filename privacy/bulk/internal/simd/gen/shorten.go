package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A sliced byte is 64 bytes: the same byte of 64 rows. VGF2P8AFFINEQB with the bytes 1, 2, 4, … for a
// vector and eight bytes in reverse for a matrix transposes those eight bytes as bits.
var units, gatherReversed, gather, reverse operand.Mem

func constants() {
	if units.Symbol.Name != "" {
		return
	}
	units = table("units", func(i int) byte { return 1 << (i & 7) })
	gather = table("gather", func(i int) byte { return byte(8*(i&7) + i>>3) })
	gatherReversed = table("gatherReversed", func(i int) byte { return byte(8*(7-i&7) + i>>3) })
	reverse = table("reverse", func(i int) byte { return byte(i&8 | 7 - i&7) }) // of each qword, within 16 bytes
}

// slice turns planes into sliced bytes.
func slice() {
	constants()
	TEXT("slicePlanes", NOSPLIT, "func(dst, planes *byte, n, stride uint64)")
	Doc("slicePlanes takes 64 bytes, 512 rows, of each of 8·n planes, and writes sliced byte b of the g-th",
		"64 rows at g·stride + 64·b.")
	dst, planes, n, stride := pointer("dst"), pointer("planes"), pointer("n"), pointer("stride")
	index, one := z[31], z[30]
	VMOVDQU64(gatherReversed, index)
	VMOVDQU64(units, one)
	at := GP64()
	Label("slice")
	for i := range 8 {
		VMOVDQU64(mem(planes, i*planeSize), z[i])
	}
	transposeQwords(z[0:8], z[8:16])
	MOVQ(dst, at)
	for g := range 8 {
		VPERMB(z[8+g], index, z[g])
		VGF2P8AFFINEQB(imm(0), z[g], one, z[g])
		VMOVDQU64(z[g], mem(at, 0))
		ADDQ(stride, at)
	}
	ADDQ(imm(64), dst)
	ADDQ(operand.U32(8*planeSize), planes)
	DECQ(n)
	JNZ(operand.LabelRef("slice"))
	VZEROUPPER()
	RET()
}

// syndrome sums over cosets of 2^levels columns the transpose of the additive Fourier transform: at level
// j, (p, q) becomes (p + q, λ·(p + q) + q). Matrices come in the order of use.
func syndrome(name string, levels, cosets int, packed bool) {
	TEXT(name, NOSPLIT, "func(sums, sliced, matrices, scratch *byte)")
	Doc(name + " is Shorten for 64 rows: from sliced bytes to sliced sums.")
	sums, sliced, matrices, scratch := pointer("sums"), pointer("sliced"), pointer("matrices"), pointer("scratch")
	size := 1 << levels
	VPXORQ(z[16], z[16], z[16])
	for t := range size {
		VMOVDQU64(z[16], mem(sums, 64*t))
	}
	count := GP64()
	MOVQ(operand.U32(uint32(cosets)), count)
	Label("coset")
	used := 0
	matrix := func() operand.Mem { used++; return mem(matrices, 8*(used-1)) }
	temporary := 16
	scaled := func(v reg.VecPhysical) reg.VecPhysical {
		t := z[temporary]
		if temporary++; temporary == 30 {
			temporary = 16
		}
		VGF2P8AFFINEQB_BCST(imm(0), matrix(), v, t)
		return t
	}
	for part := 0; part < size; part += 16 {
		level := 0
		if packed { // two columns to a byte: both outputs of level 0 are linear in it
			for i := range 8 {
				VMOVDQU64(mem(sliced, 64*(part/2+i)), z[30])
				VGF2P8AFFINEQB_BCST(imm(0), matrix(), z[30], z[2*i])
				VGF2P8AFFINEQB_BCST(imm(0), matrix(), z[30], z[2*i+1])
			}
			level = 1
		} else {
			for i := range 16 {
				VMOVDQU64(mem(sliced, 64*(part+i)), z[i])
			}
		}
		for ; level < 4; level++ {
			for i := range 16 {
				if i>>level&1 == 1 {
					continue
				}
				p, q := z[i], z[i|1<<level]
				VPXORQ(q, p, p)
				VPXORQ(scaled(p), q, q)
			}
		}
		if size == 32 && part == 0 {
			for i := range 16 {
				VMOVDQU64(z[i], mem(scratch, 64*i))
			}
		}
	}
	if size == 32 {
		lambda := matrix()
		VPBROADCASTQ(lambda, z[31])
		for i := range 16 {
			p, q, t := z[16+i%12], z[i], z[28+i%2]
			VPXORQ(mem(scratch, 64*i), q, p)
			VGF2P8AFFINEQB(imm(0), z[31], p, t)
			VPXORQ(t, q, q)
			VPXORQ(mem(sums, 64*i), p, p)
			VMOVDQU64(p, mem(sums, 64*i))
			VPXORQ(mem(sums, 64*(16+i)), q, q)
			VMOVDQU64(q, mem(sums, 64*(16+i)))
		}
	} else {
		for i := range 16 {
			VPXORQ(mem(sums, 64*i), z[i], z[i])
			VMOVDQU64(z[i], mem(sums, 64*i))
		}
	}
	ADDQ(operand.U32(uint32(8*used)), matrices)
	step := 64 * size
	if packed {
		step /= 2
	}
	ADDQ(operand.U32(uint32(step)), sliced)
	DECQ(count)
	JNZ(operand.LabelRef("coset"))
	VZEROUPPER()
	RET()
}

// unslice writes rows from sliced bytes.
func unslice(size int) {
	name := map[int]string{16: "unslice16", 32: "unslice32"}[size]
	TEXT(name, NOSPLIT, "func(rows, sliced *byte)")
	Doc(name + " writes 64 rows from their sliced bytes.")
	rows, sliced := pointer("rows"), pointer("sliced")
	index := z[31]
	VMOVDQU64(gather, index)
	for a := 0; a < size/8; a += 2 { // 16 bytes of each row at a time
		for half := range 2 {
			for i := range 8 {
				VMOVDQU64(mem(sliced, 64*(8*(a+half)+i)), z[i])
			}
			transposeQwords(z[0:8], z[8+8*half:16+8*half])
		}
		for g := range 8 {
			VPERMB(z[8+g], index, z[0])
			VPERMB(z[16+g], index, z[1])
			VPUNPCKLQDQ(z[1], z[0], z[2])
			VPUNPCKHQDQ(z[1], z[0], z[3])
			for lane := range 4 {
				VEXTRACTI32X4(imm(lane), z[2], mem(rows, (8*g+2*lane)*size+8*a))
				VEXTRACTI32X4(imm(lane), z[3], mem(rows, (8*g+2*lane+1)*size+8*a))
			}
		}
	}
	VZEROUPPER()
	RET()
}
