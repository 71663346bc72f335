package okvs

import (
	"encoding/binary"
	"errors"
)

// ErrEncode reports keys whose equations contradict one another.
var ErrEncode = errors.New("key-value store: no solution")

// maxCore is how many keys may resist peeling in one bin. It bounds the work of elimination, which is
// quadratic; at the expansions of ShapeOf a core is a handful of keys, or a set of very few keys.
const maxCore = 1024

// Encoder solves one bin after the other with memory of its own.
type Encoder struct {
	shape  Shape
	rows   []Row
	values []slot
	degree []uint16 // of a sparse slot: keys left that select it
	sum    []uint32 // xor of their numbers
	stack  []peeled
	ready  []uint32 // slots of degree one
}

type slot [2]uint64

type peeled struct{ key, slot uint32 }

// NewEncoder returns an encoder for stores of this shape.
func NewEncoder(s Shape) *Encoder {
	return &Encoder{shape: s, degree: make([]uint16, 3*s.Third), sum: make([]uint32, 3*s.Third)}
}

// EncodeBin writes the slots of a bin, BinSlots of 16 bytes, such that each of keys, all of that bin,
// selects its value. Keys that are equal count once. Slots that no equation fixes are zero. The error is
// [ErrEncode]: for random keys it depends on chance, and dst is then undefined.
func (e *Encoder) EncodeBin(dst []byte, keys []Key) error {
	e.load(keys)
	e.peel()
	clear(dst)
	if len(e.stack) < len(keys) {
		if err := e.solveCore(dst, keys); err != nil {
			return err
		}
	}
	e.substitute(dst)
	return nil
}

func (e *Encoder) load(keys []Key) {
	clear(e.degree)
	clear(e.sum)
	e.rows, e.values, e.stack, e.ready = e.rows[:0], e.values[:0], e.stack[:0], e.ready[:0]
	for i := range keys {
		r := e.shape.Row(&keys[i])
		e.rows = append(e.rows, r)
		e.values = append(e.values, readSlot(keys[i][:]))
		for _, at := range r.Sparse {
			e.degree[at]++
			e.sum[at] ^= uint32(i)
		}
	}
}

// peel takes, again and again, a key that is alone at one of its slots: that slot can be set last, after
// all others that the key selects.
func (e *Encoder) peel() {
	for at, d := range e.degree {
		if d == 1 {
			e.ready = append(e.ready, uint32(at))
		}
	}
	for len(e.ready) > 0 {
		at := e.ready[len(e.ready)-1]
		e.ready = e.ready[:len(e.ready)-1]
		if e.degree[at] != 1 {
			continue
		}
		key := e.sum[at]
		e.stack = append(e.stack, peeled{key, at})
		for _, other := range e.rows[key].Sparse {
			e.degree[other]--
			e.sum[other] ^= key
			if e.degree[other] == 1 {
				e.ready = append(e.ready, uint32(other))
			}
		}
	}
}

// substitute sets each peeled key's slot, the key peeled last first.
func (e *Encoder) substitute(dst []byte) {
	dense := dst[3*e.shape.Third*SlotSize:]
	withDense := anyBit(dense)
	for i := len(e.stack) - 1; i >= 0; i-- {
		p := e.stack[i]
		r := &e.rows[p.key]
		v := e.values[p.key]
		for _, at := range r.Sparse {
			if uint32(at) != p.slot {
				v.xor(dst[at*SlotSize:])
			}
		}
		if withDense {
			for d := range Dense {
				if r.Dense>>d&1 == 1 {
					v.xor(dense[d*SlotSize:])
				}
			}
		}
		v.write(dst[int(p.slot)*SlotSize:])
	}
}

func readSlot(b []byte) slot {
	return slot{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func (s *slot) xor(b []byte) {
	s[0] ^= binary.LittleEndian.Uint64(b)
	s[1] ^= binary.LittleEndian.Uint64(b[8:])
}

func (s *slot) write(b []byte) {
	binary.LittleEndian.PutUint64(b, s[0])
	binary.LittleEndian.PutUint64(b[8:], s[1])
}

func anyBit(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return true
		}
	}
	return false
}
