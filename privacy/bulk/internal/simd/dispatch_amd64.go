//go:build amd64 && !purego

package simd

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"golang.org/x/sys/cpu"
)

// best is what this processor, and the system on it, have.
func best() level {
	switch x := &cpu.X86; {
	case !x.HasAVX2 || !x.HasAES:
		return plain
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VBMI &&
		x.HasAVX512GFNI && x.HasAVX512VAES && hasSHA:
		return avx512
	}
	return avx2
}

// hasSHA reads bit 29 of what CPUID says under leaf 7, which golang.org/x/sys/cpu does not.
var hasSHA = cpu.X86.HasSSE41 && features()>>29&1 == 1

const scheduleSize = 11 * 16

// prepare expands the keys, with the nonce added to the first round key: blocks then begin as counters
// alone, the same for all leaves.
func (c *Columns) prepare(leaves []Leaf) bool {
	if inUse < avx2 || c.k != 4 && c.k != 8 {
		return false
	}
	c.schedule = make([]byte, len(leaves)*scheduleSize)
	for i := range leaves {
		s := c.schedule[i*scheduleSize:][:scheduleSize]
		expandKey(&s[0], &leaves[i].Key[0])
		xorInto(s, leaves[i].Nonce[:])
	}
	return true
}

// countersOf are the blocks of a block of rows, without nonces.
func countersOf(block int) (counters [PlaneSize]byte) {
	for i := range PlaneSize / 16 {
		binary.BigEndian.PutUint64(counters[16*i+8:], uint64(block)*(PlaneSize/16)+uint64(i))
	}
	return counters
}

// expand writes the streams of a column, leaf 0 among them, which means nothing where it is missing.
func (c *Columns) expand(dst []byte, column, block int) {
	_ = dst[:PlaneSize<<c.k]
	counters := countersOf(block)
	s := c.schedule[column<<c.k*scheduleSize:][:scheduleSize<<c.k]
	expandStreams(&dst[0], &s[0], &counters[0], 1<<c.k)
}

func (p *program) runFast(planes []byte) bool {
	if inUse < avx2 || len(p.sums) == 0 {
		return false
	}
	_ = planes[:p.planes*PlaneSize]
	sumPlanes(&planes[0], &p.sums[0].dst, uint64(len(p.sums)))
	return true
}

func (c *Columns) fold(planes, u []byte, column, block int) {
	counters := countersOf(block)
	s := c.schedule[column<<c.k*scheduleSize:][:scheduleSize<<c.k]
	if c.k == 4 {
		fold4(planes, u, s, &counters)
		return
	}
	c.fold8(planes, u, s, &counters)
}

func fold4(planes, u, schedules []byte, counters *[PlaneSize]byte) {
	_ = planes[:4*PlaneSize]
	if u == nil {
		fold15(&planes[0], &schedules[0], &counters[0])
		return
	}
	_ = u[:PlaneSize]
	fold16(&planes[0], &u[0], &schedules[0], &counters[0])
}

// fold8 folds sixteen times sixteen leaves: the low planes add up, and the sum of each sixteen goes into
// the high planes that its number says.
func (c *Columns) fold8(planes, u, schedules []byte, counters *[PlaneSize]byte) {
	clear(planes[:8*PlaneSize])
	clear(u)
	var part [4 * PlaneSize]byte
	var sum [PlaneSize]byte
	for h := range 16 {
		s := schedules[16*h*scheduleSize:][:16*scheduleSize]
		if h == 0 && u == nil {
			fold4(planes, nil, s, counters)
			continue
		}
		fold4(part[:], sum[:], s, counters)
		xorInto(planes, part[:])
		for b := range 4 {
			if h>>b&1 == 1 {
				xorInto(planes[(4+b)*PlaneSize:], sum[:])
			}
		}
		if u != nil {
			xorInto(u, sum[:])
		}
	}
}

// fastTables are matrices for VGF2P8AFFINEQB, in the order in which the assembly takes them.
type fastTables struct {
	parity   []byte
	syndrome []byte
}

// affine returns the matrix of a linear map of bytes, as the instruction wants it: byte 7-i says which
// bits of the argument make bit i.
func affine(f func(byte) byte) []byte {
	m := make([]byte, 8)
	for j := range 8 {
		v := f(1 << j)
		for i := range 8 {
			m[7-i] |= v >> i & 1 << j
		}
	}
	return m
}

func newFastTables(e *Encoder, columns [][2]uint64, matrix [][]byte, mul func(a, b byte) byte) *fastTables {
	if inUse < avx512 || !(e.k == 4 && e.row == 32 && len(columns) == 245 || e.k == 8 && e.row == 16 && len(columns) == 185) {
		return nil
	}
	t := &fastTables{}
	for b := range 16 {
		for o := range (len(columns) - 128 + 7) / 8 {
			t.parity = append(t.parity, affine(func(v byte) byte { return parityByte(columns[128:], b, o, v) })...)
		}
	}
	levels := 5
	if e.k == 8 {
		levels = 4
	}
	size := 1 << levels
	for coset := 0; coset < 256; coset += size {
		if e.k == 8 && coset >= 192 {
			break
		}
		for part := 0; part < size; part += 16 {
			level := 0
			if e.k == 4 {
				for i := 0; i < 16; i += 2 {
					l := lambda(1, coset+part+i, matrix)
					t.syndrome = append(t.syndrome, affine(func(v byte) byte { return v&15 ^ v>>4 })...)
					t.syndrome = append(t.syndrome, affine(func(v byte) byte { return mul(l, v&15^v>>4) ^ v>>4 })...)
				}
				level = 1
			}
			for ; level < 4; level++ {
				for i := range 16 {
					if i>>level&1 == 0 {
						l := lambda(1<<level, coset+part+i, matrix)
						t.syndrome = append(t.syndrome, affine(func(v byte) byte { return mul(l, v) })...)
					}
				}
			}
		}
		if levels == 5 {
			l := lambda(16, coset, matrix)
			t.syndrome = append(t.syndrome, affine(func(v byte) byte { return mul(l, v) })...)
		}
	}
	return t
}

// parityByte is byte o of the parity of a word whose message is zero but for byte at.
func parityByte(columns [][2]uint64, at, o int, v byte) (out byte) {
	for j := 8 * o; j < min(8*o+8, len(columns)); j++ {
		set := byte(columns[j][at>>3] >> (8 * (at & 7)))
		out |= byte(bits.OnesCount8(set&v)&1) << (j & 7)
	}
	return out
}

// workspace is memory for one call. What is left in it is secret and stays in this process.
type workspace struct {
	sliced  [8 * 64 * 192]byte
	eights  [Rows * 32]byte
	sums    [64 * 32]byte
	scratch [16 * 64]byte
	tail    [8 * PlaneSize]byte
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// encodeFast works on 512 rows at a time: sliced bytes of slots, of parity, then planes.
func (e *Encoder) encodeFast(planes, slots []byte) {
	_, _ = planes[:e.columns*PlaneSize], slots[:Rows*16]
	n := 16 + (e.columns-128+7)/8
	stride := 64 * n
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	sliced, tail := w.sliced[:8*stride], w.tail[:]
	clear(tail)
	for at := 0; at < PlaneSize; at += 64 {
		for g := range 8 {
			part := sliced[g*stride:]
			sliceSlots(&part[0], &slots[(at*8+64*g)*16])
			if e.k == 4 {
				parity15(&part[0], &e.fast.parity[0])
			} else {
				parity8(&part[0], &e.fast.parity[0])
			}
		}
		whole := e.columns / 8
		for b := range whole {
			addSliced(&planes[8*b*PlaneSize+at], &sliced[64*b], uint64(stride))
		}
		addSliced(&tail[at], &sliced[64*whole], uint64(stride))
	}
	for i := e.columns &^ 7; i < e.columns; i++ {
		xorInto(planes[i*PlaneSize:], tail[i%8*PlaneSize:][:PlaneSize])
	}
}

// shortenFast works on 512 rows at a time: sliced bytes of planes, of syndromes, then rows.
func (e *Encoder) shortenFast(rows, planes []byte) {
	n := e.columns * e.k
	_, _ = planes[:n*PlaneSize], rows[:Rows*e.row]
	slots := 128 // sliced bytes that the assembly reads, those beyond the last plane zero
	if e.k == 8 {
		slots = 192
	}
	stride := 64 * slots
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	sliced, sums, scratch, tail := w.sliced[:8*stride], w.sums[:], w.scratch[:], w.tail[:]
	whole := n / 8
	clear(tail[copy(tail, planes[whole*8*PlaneSize:n*PlaneSize]):])
	for g := range 8 {
		clear(sliced[g*stride+64*whole:][:stride-64*whole])
	}
	for at := 0; at < PlaneSize; at += 64 {
		slicePlanes(&sliced[0], &planes[at], uint64(whole), uint64(stride))
		if n%8 != 0 {
			slicePlanes(&sliced[64*whole], &tail[at], 1, uint64(stride))
		}
		for g := range 8 {
			out := &rows[(at*8+64*g)*e.row]
			if e.k == 4 {
				syndrome32(&sums[0], &sliced[g*stride], &e.fast.syndrome[0], &scratch[0])
				unslice32(out, &sums[0])
			} else {
				syndrome16(&sums[0], &sliced[g*stride], &e.fast.syndrome[0], &scratch[0])
				unslice16(out, &sums[0])
			}
		}
	}
}

// drawFast works on up to Rows rows at a time.
func drawFast(sums, rows, coins []byte, size int) bool {
	if inUse < avx512 || size != 16 && size != 32 {
		return false
	}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	eights, part := w.eights[:], w.scratch[:]
	for at := 0; at < len(coins); at += DrawSize(Rows) {
		n := min(DrawSize(Rows), len(coins)-at) / Draws
		from := rows[at/Draws*8*size:][:8*n*size]
		if size == 16 {
			sliceEights16(&eights[0], &from[0], uint64(n))
		} else {
			sliceEights32(&eights[0], &from[0], uint64(n))
		}
		for a := range size / 8 {
			drawSums(&part[0], &eights[64*a], &coins[at], uint64(n), uint64(8*size))
			addSums(sums, part, a, size)
		}
	}
	return true
}

// addSums adds to 8 bytes of each sum, from a·8 on, what drawSums left.
func addSums(sums, part []byte, a, size int) {
	for h := range 16 {
		for p := range 8 {
			x := transpose8(binary.LittleEndian.Uint64(part[64*h+8*p:]))
			for i := range 8 {
				sums[(8*h+7-i)*size+8*a+p] ^= byte(x >> (8 * i))
			}
		}
	}
}
