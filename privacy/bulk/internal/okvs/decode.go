package okvs

import (
	"encoding/binary"
	"unsafe"

	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

// Table decodes keys of one bin against a linear image of the store, slot by slot, whose slots are size
// bytes, 16 or 32. It sums the dense slots, and what else is given for each bit of a key's value, ahead of
// time for each byte of a selection.
type Table struct {
	shape Shape
	simd.Selection
}

const denseBytes = Dense / 8

// NewTable returns a table for stores of this shape. images, if not nil, is a linear map of a value, size
// bytes to each of its 128 bits; Decode adds it.
func NewTable(s Shape, size int, images []byte) *Table {
	t := &Table{shape: s, Selection: simd.Selection{Bins: s.Bins, Third: s.Third, Size: size, Dense: make([]byte, denseBytes*256*size)}}
	if images != nil {
		t.Images = make([]byte, SlotSize*256*size)
		subsets(t.Images, images, size, SlotSize)
	}
	return t
}

// Load sets the bin: its slots, BinSlots of size bytes, which are not copied.
func (t *Table) Load(slots []byte) {
	sparse := 3 * t.shape.Third * t.Size
	t.Rows = slots[:sparse]
	subsets(t.Dense, slots[sparse:], t.Size, denseBytes)
}

// subsets writes, for each of n bytes, the sums of all subsets of the eight vectors that its bits select.
func subsets(dst, vectors []byte, size, n int) {
	for at := range n {
		part := dst[at*256*size:]
		clear(part[:size])
		for b := range 8 {
			v := vectors[(at*8+b)*size:][:size]
			for s := range 1 << b {
				copy(part[(1<<b|s)*size:][:size], part[s*size:][:size])
				xor(part[(1<<b|s)*size:], v, size)
			}
		}
	}
}

// Decode writes, for each key, the sum of the slots that it selects, and of the image of its value if
// there is one, size bytes, and behind it the key's value.
func (t *Table) Decode(dst []byte, keys []Key) {
	if len(keys) == 0 || t.DecodeFast(dst, flat(keys)) {
		return
	}
	for i := range keys {
		t.decodeOne(dst[i*(t.Size+SlotSize):][:t.Size+SlotSize], &keys[i])
	}
}

// flat is the keys' bytes: arrays of bytes lie one after the other.
func flat(keys []Key) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&keys[0])), len(keys)*len(keys[0]))
}

func (t *Table) decodeOne(dst []byte, k *Key) {
	r := t.shape.Row(k)
	copy(dst, t.Rows[r.Sparse[0]*t.Size:])
	copy(dst[t.Size:], k[:SlotSize])
	xor(dst, t.Rows[r.Sparse[1]*t.Size:], t.Size)
	xor(dst, t.Rows[r.Sparse[2]*t.Size:], t.Size)
	for at := range denseBytes {
		xor(dst, t.Dense[(at<<8|int(byte(r.Dense>>(8*at))))*t.Size:], t.Size)
	}
	if t.Images == nil {
		return
	}
	for at, v := range k[:SlotSize] {
		xor(dst, t.Images[(at<<8|int(v))*t.Size:], t.Size)
	}
}

// xor adds n bytes, a multiple of 8, of src to dst.
func xor(dst, src []byte, n int) {
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(dst[i:])^binary.LittleEndian.Uint64(src[i:]))
	}
}
