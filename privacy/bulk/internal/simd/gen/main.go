// Command gen writes the assembly of package simd and its declarations:
//
//	go run ./privacy/bulk/internal/simd/gen -out privacy/bulk/internal/simd/kernels_amd64.s -stubs privacy/bulk/internal/simd/kernels_amd64.go -pkg simd
//
// Every function is the twin of one in Go; what it computes is said there. Loops run over public sizes
// only, and no address but those depends on data, so that time does not either.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	z = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	x = []reg.VecPhysical{
		reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7, reg.X8, reg.X9, reg.X10, reg.X11, reg.X12, reg.X13, reg.X14, reg.X15,
	}
)

// planeSize and rows are those of package simd, and must stay so.
const planeSize = 256

func main() {
	ConstraintExpr("amd64,!purego")
	features()
	expandKey()
	fold(true)
	fold(false)
	slice()
	syndrome("syndrome32", 5, 8, true)
	syndrome("syndrome16", 4, 12, false)
	unslice(32)
	unslice(16)
	sliceSlots()
	parity(15)
	parity(8)
	addPlanes()
	drawSlice(32)
	drawSlice(16)
	drawSums()
	decode(32, false)
	decode(32, true)
	decode(16, false)
	decode(16, true)
	addMasked()
	sumPlanes()
	expandStreams()
	hash(32)
	hash(48)
	Generate()
}

func mem(base reg.Register, offset int) operand.Mem {
	return operand.Mem{Base: base, Disp: offset}
}

func imm(n int) operand.Constant { return operand.Imm(uint64(n)) }

func pointer(name string) reg.Register { return Load(Param(name), GP64()) }

func features() {
	TEXT("features", NOSPLIT, "func() uint32")
	Doc("features returns EBX of CPUID leaf 7.")
	MOVL(operand.U32(7), reg.EAX)
	XORL(reg.ECX, reg.ECX)
	CPUID()
	Store(reg.EBX, ReturnIndex(0))
	RET()
}

// table makes a constant of 64 bytes.
func table(name string, b func(i int) byte) operand.Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 64; i += 8 {
		var q uint64
		for j := 7; j >= 0; j-- {
			q = q<<8 | uint64(b(i+j))
		}
		DATA(i, operand.U64(q))
	}
	return m
}

// transposeQwords transposes the 8×8 qwords of in to out, with sixteen registers that do not overlap.
func transposeQwords(in, out []reg.VecPhysical) {
	for i := 0; i < 8; i += 2 {
		VPUNPCKLQDQ(in[i+1], in[i], out[i])
		VPUNPCKHQDQ(in[i+1], in[i], out[i+1])
	}
	for half := range 2 { // even qwords, then odd ones
		t := []reg.VecPhysical{out[half], out[2+half], out[4+half], out[6+half]}
		u := []reg.VecPhysical{in[4*half], in[4*half+1], in[4*half+2], in[4*half+3]}
		VSHUFI64X2(imm(0x88), t[1], t[0], u[0])
		VSHUFI64X2(imm(0xdd), t[1], t[0], u[1])
		VSHUFI64X2(imm(0x88), t[3], t[2], u[2])
		VSHUFI64X2(imm(0xdd), t[3], t[2], u[3])
	}
	for half := range 2 {
		u := in[4*half:]
		VSHUFI64X2(imm(0x88), u[2], u[0], out[half])
		VSHUFI64X2(imm(0x88), u[3], u[1], out[2+half])
		VSHUFI64X2(imm(0xdd), u[2], u[0], out[4+half])
		VSHUFI64X2(imm(0xdd), u[3], u[1], out[6+half])
	}
}
