package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sumPlanes carries out a program: three numbers of planes a line. Numbers are public.
func sumPlanes() {
	TEXT("sumPlanes", NOSPLIT, "func(planes *byte, sums *uint16, n uint64)")
	Pragma("noescape")
	Doc("sumPlanes makes, for each of n times three numbers, the first plane the sum of the other two.")
	planes, sums, n := pointer("planes"), pointer("sums"), pointer("n")
	dst, a, b := GP64(), GP64(), GP64()
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}
	Label("sum")
	for i, r := range []reg.GPVirtual{dst, a, b} {
		MOVWQZX(mem(sums, 2*i), r)
		SHLQ(imm(8), r) // planeSize
		ADDQ(planes, r)
	}
	for i := range y {
		VMOVDQU(mem(a, 32*i), y[i])
	}
	for i := range y {
		VPXOR(mem(b, 32*i), y[i], y[i])
	}
	for i := range y {
		VMOVDQU(y[i], mem(dst, 32*i))
	}
	ADDQ(imm(6), sums)
	DECQ(n)
	JNZ(operand.LabelRef("sum"))
	VZEROUPPER()
	RET()
}

// expandStreams encrypts the same counters under each leaf's round keys, eight blocks at a time.
func expandStreams() {
	TEXT("expandStreams", NOSPLIT, "func(dst, schedules, counters *byte, leaves uint64)")
	Pragma("noescape")
	Doc("expandStreams writes a plane for each leaf: the encryption of 256 bytes of counters.")
	dst, schedules, counters, leaves := pointer("dst"), pointer("schedules"), pointer("counters"), pointer("leaves")
	key := x[8]
	Label("leaf")
	for half := range 2 {
		for round := range 11 {
			MOVOU(mem(schedules, 16*round), key)
			for i, s := range x[:8] {
				switch round {
				case 0:
					MOVOU(mem(counters, 128*half+16*i), s)
					PXOR(key, s)
				case 10:
					AESENCLAST(key, s)
				default:
					AESENC(key, s)
				}
			}
		}
		for i, s := range x[:8] {
			MOVOU(s, mem(dst, 128*half+16*i))
		}
	}
	ADDQ(operand.U32(11*16), schedules)
	ADDQ(operand.U32(planeSize), dst)
	DECQ(leaves)
	JNZ(operand.LabelRef("leaf"))
	RET()
}
