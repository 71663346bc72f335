package okvs

import (
	"encoding/binary"
	"errors"
)

// ErrEncode reports keys whose equations contradict one another.
var ErrEncode = errors.New("key-value store: no solution")

// maxLoad is how many keys a bin may have, so that numbers of keys and slots fit into 16 bits. Bins are
// meant for a quarter of it.
const maxLoad = 1<<16 - 1

// Encoder solves one bin after the other with memory of its own, kept small: it is all read at random.
type Encoder struct {
	shape Shape
	rows  []sparseRow
	slots []slotState
	stack []peeled
	ready []uint16 // slots that had one key left
	aside []uint16 // keys that were taken out where no slot had one key left
	gone  []bool   // keys on the stack or aside; kept only once a key is aside
	seen  int      // of the stack, what gone knows
}

type slot [2]uint64

type (
	sparseRow [3]uint16                    // slots that a key selects
	slotState struct{ degree, sum uint16 } // keys left that select a slot, and the xor of their numbers
	peeled    struct{ key, slot uint16 }
)

// NewEncoder returns an encoder for stores of this shape.
func NewEncoder(s Shape) *Encoder { return &Encoder{shape: s, slots: make([]slotState, 3*s.Third)} }

// EncodeBin writes the slots of a bin, BinSlots of 16 bytes, such that each of keys, all of that bin,
// selects its value. Keys that are equal count once. Slots that no equation fixes are zero. The error is
// [ErrEncode]: for random keys it depends on chance, and dst is then undefined.
func (e *Encoder) EncodeBin(dst []byte, keys []Key) error {
	if len(keys) > maxLoad {
		return ErrEncode
	}
	e.load(keys)
	for e.peel(); len(e.stack)+len(e.aside) < len(keys); e.peel() {
		e.setAside()
	}
	clear(dst)
	if len(e.aside) > 0 {
		if err := e.solveAside(dst, keys); err != nil {
			return err
		}
	}
	e.substitute(dst, keys)
	return nil
}

func (e *Encoder) load(keys []Key) {
	clear(e.slots)
	e.rows, e.stack, e.ready, e.aside, e.seen = e.rows[:0], e.stack[:0], e.ready[:0], e.aside[:0], 0
	for i := range keys {
		r := e.shape.Row(&keys[i])
		row := sparseRow{uint16(r.Sparse[0]), uint16(r.Sparse[1]), uint16(r.Sparse[2])}
		e.rows = append(e.rows, row)
		for _, at := range row {
			s := &e.slots[at]
			s.degree++
			s.sum ^= uint16(i)
		}
	}
	for at := range e.slots {
		if e.slots[at].degree == 1 {
			e.ready = append(e.ready, uint16(at))
		}
	}
}

// peel takes, again and again, a key that is alone at one of its slots: that slot can be set last, after
// all others that the key selects.
func (e *Encoder) peel() {
	for len(e.ready) > 0 {
		at := e.ready[len(e.ready)-1]
		e.ready = e.ready[:len(e.ready)-1]
		if e.slots[at].degree != 1 {
			continue
		}
		key := e.slots[at].sum
		e.stack = append(e.stack, peeled{key, at})
		e.take(key)
	}
}

// take removes a key from its slots.
func (e *Encoder) take(key uint16) {
	for _, at := range e.rows[key] {
		s := &e.slots[at]
		s.degree--
		s.sum ^= key
		if s.degree == 1 {
			e.ready = append(e.ready, at)
		}
	}
}

// substitute sets each peeled key's slot, the key peeled last first. The slot itself is still zero and may
// be added with the others.
func (e *Encoder) substitute(dst []byte, keys []Key) {
	dense := dst[3*e.shape.Third*SlotSize:]
	withDense := anyBit(dense)
	for i := len(e.stack) - 1; i >= 0; i-- {
		p := e.stack[i]
		v := readSlot(keys[p.key][:])
		for _, at := range e.rows[p.key] {
			v.xor(dst[int(at)*SlotSize:])
		}
		if withDense {
			selected := keys[p.key].dense()
			for d := range Dense {
				if selected>>d&1 == 1 {
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
