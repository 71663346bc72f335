package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// decode sums, for each key, the slots that it selects. Its addresses depend on keys, which are those of
// the party itself: see package okvs.
func decode(size int, images bool) {
	name := fmt.Sprintf("decode%d", size)
	if images {
		name += "Images"
	}
	TEXT(name, NOSPLIT, "func(dst, keys, rows, dense, images *byte, bins, third, n uint64)")
	Doc(name + " is Decode for n keys.")
	dst, keys, rows, dense := pointer("dst"), pointer("keys"), pointer("rows"), pointer("dense")
	bins, third, n := pointer("bins"), pointer("third"), pointer("n")
	var image reg.Register
	if images {
		image = pointer("images")
	}
	sum := reg.Register(reg.Y0)
	if size == 16 {
		sum = reg.X0
	}
	shift := map[int]int{16: 4, 32: 5}[size]
	part, word := GP64(), GP64()
	thirds := GP64() // bytes of a third
	MOVQ(third, thirds)
	SHLQ(imm(shift), thirds)
	Label("key")
	MOVQ(mem(keys, 16), reg.RAX)
	MULQ(bins)
	base := GP64()
	MOVQ(rows, base)
	for i := range 3 {
		MULQ(third)
		SHLQ(imm(shift), reg.RDX)
		ADDQ(base, reg.RDX)
		if i == 0 {
			VMOVDQU(operand.Mem{Base: reg.RDX}, sum)
		} else {
			VPXOR(operand.Mem{Base: reg.RDX}, sum, sum)
		}
		ADDQ(thirds, base)
	}
	lookUp := func(table reg.Register, at int) {
		MOVBQZX(word.As8(), part)
		if at > 0 && at%8 != 7 || at == 0 {
			SHRQ(imm(8), word)
		}
		SHLQ(imm(shift), part)
		VPXOR(operand.Mem{Base: table, Index: part, Scale: 1, Disp: at * 256 * size}, sum, sum)
	}
	MOVQ(mem(keys, 24), word)
	for at := range 6 {
		lookUp(dense, at)
	}
	if images {
		for at := range 16 {
			if at%8 == 0 {
				MOVQ(mem(keys, at), word)
			}
			lookUp(image, at)
		}
	}
	VMOVDQU(sum, mem(dst, 0))
	VMOVDQU(mem(keys, 0), reg.X1)
	VMOVDQU(reg.X1, mem(dst, size))
	ADDQ(imm(32), keys)
	ADDQ(imm(size+16), dst)
	DECQ(n)
	JNZ(operand.LabelRef("key"))
	VZEROUPPER()
	RET()
}

// addMasked adds a plane to four planes, each with a mask of its own.
func addMasked() {
	TEXT("addMasked4", NOSPLIT, "func(planes, plane *byte, masks *uint64)")
	Doc("addMasked4 adds a plane to each of four, where its mask is all ones.")
	planes, plane, masks := pointer("planes"), pointer("plane"), pointer("masks")
	for i := range 4 {
		VMOVDQU64(mem(plane, 64*i), z[i])
	}
	for b := range 4 {
		VPBROADCASTQ(mem(masks, 8*b), z[4])
		for i := range 4 {
			VPANDQ(z[i], z[4], z[5+i])
			VPXORQ(mem(planes, b*planeSize+64*i), z[5+i], z[5+i])
			VMOVDQU64(z[5+i], mem(planes, b*planeSize+64*i))
		}
	}
	VZEROUPPER()
	RET()
}
