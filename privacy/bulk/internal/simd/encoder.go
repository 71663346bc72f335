package simd

import "encoding/binary"

// Encoder encodes slots of 16 bytes with a systematic binary code, and shortens rows by a linear map.
// It holds tables only, and may be shared.
type Encoder struct {
	columns int // of the code
	k       int
	row     int // bytes of a shortened row
	parity  [][16]byte
	short   []byte // column, symbol -> row bytes
	fast    *fastTables
}

// NewEncoder takes the code as the set of message bits, bit i of word i/64, that each column sums, and
// the map as a matrix over GF(2^8), a line to each byte of a shortened row, with the field's product. A
// column's symbol is k bits.
func NewEncoder(k int, columns [][2]uint64, matrix [][]byte, mul func(a, b byte) byte) *Encoder {
	e := &Encoder{columns: len(columns), k: k, row: len(matrix)}
	e.parity = make([][16]byte, 16*256) // message byte and its place -> parity bits
	for at := range 16 {
		for v := range 256 {
			for j, set := range columns[128:] {
				bits := set[at>>3] >> (8 * (at & 7)) & uint64(v)
				e.parity[at<<8|v][j>>3] |= odd(bits) << (j & 7)
			}
		}
	}
	e.short = make([]byte, len(columns)<<k*e.row)
	for i := range columns {
		for v := range 1 << k {
			for t := range e.row {
				e.short[(i<<k|v)*e.row+t] = mul(matrix[t][i], byte(v))
			}
		}
	}
	e.fast = newFastTables(e, columns, matrix, mul)
	return e
}

func odd(x uint64) byte {
	x ^= x >> 32
	x ^= x >> 16
	x ^= x >> 8
	x ^= x >> 4
	return byte(uint16(0x6996) >> (x & 15) & 1)
}

// RowSize is the length of a shortened row in bytes.
func (e *Encoder) RowSize() int { return e.row }

// Encode adds to each column's plane the code's bits for a block of slots, Rows of 16 bytes.
func (e *Encoder) Encode(planes, slots []byte) {
	if e.fast != nil {
		e.encodeFast(planes, slots)
		return
	}
	e.encodePortable(planes, slots)
}

func (e *Encoder) encodePortable(planes, slots []byte) {
	parity := make([]byte, Rows*16)
	for j := range Rows {
		s, p := slots[16*j:16*j+16], parity[16*j:16*j+16]
		for at, v := range s {
			xorInto(p, e.parity[at<<8|int(v)][:])
		}
	}
	addPlanes(planes, slots, 16, 128)
	addPlanes(planes[128*PlaneSize:], parity, 16, e.columns-128)
}

// addPlanes adds the first n bits of each row, size bytes long, to n planes.
func addPlanes(planes, rows []byte, size, n int) {
	for at := range (n + 7) / 8 {
		for j := 0; j < Rows; j += 8 {
			var x uint64
			for r := range 8 {
				x |= uint64(rows[(j+r)*size+at]) << (8 * r)
			}
			x = transpose8(x)
			for b := range min(8, n-8*at) {
				planes[(8*at+b)*PlaneSize+j>>3] ^= byte(x >> (8 * b))
			}
		}
	}
}

// Shorten maps a block of rows, given as k planes to a column, to Rows of RowSize bytes.
func (e *Encoder) Shorten(rows, planes []byte) {
	if e.fast != nil {
		e.shortenFast(rows, planes)
		return
	}
	e.shortenPortable(rows, planes)
}

func (e *Encoder) shortenPortable(rows, planes []byte) {
	clear(rows[:Rows*e.row])
	for i := range e.columns {
		table := e.short[i<<e.k*e.row:]
		for j := 0; j < Rows; j += 8 {
			var x uint64
			for b := range e.k {
				x |= uint64(planes[(i*e.k+b)*PlaneSize+j>>3]) << (8 * b)
			}
			x = transpose8(x)
			for r := range 8 {
				xorWords(rows[(j+r)*e.row:], table[int(byte(x>>(8*r)))*e.row:], e.row)
			}
		}
	}
}

// ShortenOne maps a single row, a symbol to a column.
func (e *Encoder) ShortenOne(row, symbols []byte) {
	clear(row[:e.row])
	for i, v := range symbols {
		xorWords(row, e.short[(i<<e.k|int(v))*e.row:], e.row)
	}
}

// xorWords adds n bytes, a multiple of 8, of src to dst.
func xorWords(dst, src []byte, n int) {
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(dst[i:])^binary.LittleEndian.Uint64(src[i:]))
	}
}
