package simd

import (
	"crypto/subtle"
	"sync"
)

// Encoder encodes slots of 16 bytes with a systematic binary code, and shortens rows by a linear map.
// It holds tables only, and may be shared.
type Encoder struct {
	columns int // of the code
	k       int
	row     int // bytes of a shortened row
	sliced  func() *slicedPrograms
	fast    *fastTables
}

// NewEncoder takes the code as the set of message bits, bit i of word i/64, that each column sums, and
// the map as a matrix over GF(2^8), a line to each byte of a shortened row, with the field's product: that of
// code.Syndrome, of 16 or 32 lines. A column's symbol is k bits.
func NewEncoder(k int, columns [][2]uint64, matrix [][]byte, mul func(a, b byte) byte) *Encoder {
	e := &Encoder{columns: len(columns), k: k, row: len(matrix)}
	e.sliced = sync.OnceValue(func() *slicedPrograms { return newSlicedPrograms(k, columns, matrix, mul) })
	e.fast = newFastTables(e, columns, matrix, mul)
	return e
}

// RowSize is the length of a shortened row in bytes.
func (e *Encoder) RowSize() int { return e.row }

// Encode adds to each column's plane the code's bits for a block of slots, Rows of 16 bytes.
func (e *Encoder) Encode(planes, slots []byte) {
	if e.fast != nil {
		e.encodeFast(planes, slots)
		return
	}
	e.encodeSliced(planes, slots)
}

func (e *Encoder) encodeSliced(planes, slots []byte) {
	p := e.sliced()
	w := p.buffer()
	defer buffers.Put(w)
	work, n := *w, e.columns*PlaneSize
	toPlanes(work, slots, 16)
	clear(work[128*PlaneSize : n])
	p.parity.run(work)
	subtle.XORBytes(planes, planes[:n], work[:n])
}

// Shorten maps a block of rows, given as k planes to a column, to Rows of RowSize bytes.
func (e *Encoder) Shorten(rows, planes []byte) {
	if e.fast != nil {
		e.shortenFast(rows, planes)
		return
	}
	e.shortenSliced(rows, planes)
}

func (e *Encoder) shortenSliced(rows, planes []byte) {
	p := e.sliced()
	w := p.buffer()
	defer buffers.Put(w)
	work := *w
	sums := work[p.sums*PlaneSize:][:p.sums*PlaneSize]
	clear(sums)
	for coset := range p.shorten {
		clear(work[:p.sums*PlaneSize])
		first := coset * p.coset
		for i := range min(p.coset, e.columns-first) {
			copy(work[8*i*PlaneSize:], planes[(first+i)*e.k*PlaneSize:][:e.k*PlaneSize])
		}
		p.shorten[coset].run(work)
	}
	fromPlanes(rows, sums, e.row)
}

// buffers holds memory for one call. What is left in it is secret and stays in this process.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (p *slicedPrograms) buffer() *[]byte {
	w := buffers.Get().(*[]byte)
	if len(*w) < p.planes*PlaneSize {
		*w = make([]byte, p.planes*PlaneSize)
	}
	return w
}
