package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// expandKey is the key schedule of AES-128 (FIPS 197, section 5.2).
func expandKey() {
	TEXT("expandKey", NOSPLIT, "func(schedule, key *byte)")
	Doc("expandKey writes the 11 round keys of an AES-128 key.")
	out, in := pointer("schedule"), pointer("key")
	k, t, s := x[0], x[1], x[2]
	MOVOU(mem(in, 0), k)
	MOVOU(k, mem(out, 0))
	rcon := 1
	for round := 1; round <= 10; round++ {
		AESKEYGENASSIST(imm(rcon), k, t)
		PSHUFD(imm(0xff), t, t)
		MOVO(k, s)
		PSLLDQ(imm(4), s)
		PXOR(s, k)
		MOVO(k, s)
		PSLLDQ(imm(8), s)
		PXOR(s, k)
		PXOR(t, k)
		MOVOU(k, mem(out, 16*round))
		if rcon <<= 1; rcon > 0xff {
			rcon ^= 0x11b
		}
	}
	RET()
}

// fold expands sixteen leaves, or fifteen without the first, and sums their streams.
func fold(withU bool) {
	if withU {
		TEXT("fold16", NOSPLIT, "func(planes, u, schedules, counters *byte)")
		Doc("fold16 is foldPortable for k = 4 with u.")
	} else {
		TEXT("fold15", NOSPLIT, "func(planes, schedules, counters *byte)")
		Doc("fold15 is foldPortable for k = 4 without u.")
	}
	planes, schedules, counters := pointer("planes"), pointer("schedules"), pointer("counters")
	state, key := z[0:4], z[4]
	plane := func(b, i int) reg.VecPhysical { return z[8+4*b+i] }
	sum := z[24:28]
	for b := range 4 {
		for i := range 4 {
			VPXORQ(plane(b, i), plane(b, i), plane(b, i))
		}
	}
	first := 1
	if withU {
		first = 0
		for i := range 4 {
			VPXORQ(sum[i], sum[i], sum[i])
		}
	}
	for leaf := first; leaf < 16; leaf++ {
		Comment(fmt.Sprintf("leaf %d", leaf))
		for round := 0; round <= 10; round++ {
			VBROADCASTI32X4(mem(schedules, leaf*176+16*round), key)
			for i, s := range state {
				switch round {
				case 0:
					VPXORQ(mem(counters, 64*i), key, s)
				case 10:
					VAESENCLAST(key, s, s)
				default:
					VAESENC(key, s, s)
				}
			}
		}
		for b := range 4 {
			if leaf>>b&1 == 1 {
				for i, s := range state {
					VPXORQ(s, plane(b, i), plane(b, i))
				}
			}
		}
		if withU {
			for i, s := range state {
				VPXORQ(s, sum[i], sum[i])
			}
		}
	}
	for b := range 4 {
		for i := range 4 {
			VMOVDQU64(plane(b, i), mem(planes, b*planeSize+64*i))
		}
	}
	if withU {
		u := pointer("u")
		for i := range 4 {
			VMOVDQU64(sum[i], mem(u, 64*i))
		}
	}
	VZEROUPPER()
	RET()
}
