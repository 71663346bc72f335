package okvs

import "math/bits"

// equation is a key that was set aside, over the slots of the bin.
type equation struct {
	sparse []uint64 // a bit a slot
	dense  uint64
	value  slot
}

// setAside takes out the key that leaves most slots with one key, so that peeling goes on. Its equation is solved
// by elimination, for which the slots remain that no peeled key sets. A bin that peels to the end has none; of
// others most have one, and bins with many more keys than the average some hundred.
func (e *Encoder) setAside() {
	if len(e.aside) == 0 {
		e.gone = append(e.gone[:0], make([]bool, len(e.rows))...)
	}
	for ; e.seen < len(e.stack); e.seen++ {
		e.gone[e.stack[e.seen].key] = true
	}
	best, most := 0, -1
	for key, row := range e.rows {
		if e.gone[key] {
			continue
		}
		frees := 0
		for _, at := range row {
			if e.slots[at].degree == 2 {
				frees++
			}
		}
		if frees > most {
			best, most = key, frees
		}
		if most == len(row) {
			break
		}
	}
	e.gone[best] = true
	e.aside = append(e.aside, uint16(best))
	e.take(uint16(best))
}

// solveAside sets slots such that the keys aside get their values, by Gaussian elimination. It fails where
// equations contradict one another; one that says nothing new, as of a key that comes twice, is left out.
func (e *Encoder) solveAside(dst []byte, keys []Key) error {
	equations := e.withoutPeeled(keys)
	pivots := make([]int, 0, len(equations))
	kept := equations[:0]
	for _, q := range equations {
		for j, p := range pivots {
			if q.has(p, e.dense()) {
				q.add(&kept[j])
			}
		}
		p := q.leading(e.dense())
		if p < 0 {
			if q.value != (slot{}) {
				return ErrEncode
			}
			continue
		}
		pivots, kept = append(pivots, p), append(kept, q)
	}
	// Each kept equation has its pivot, and only the pivots of later ones beside slots that stay zero.
	for j := len(kept) - 1; j >= 0; j-- {
		v := kept[j].value
		for l := j + 1; l < len(kept); l++ {
			if kept[j].has(pivots[l], e.dense()) {
				v.xor(dst[pivots[l]*SlotSize:])
			}
		}
		v.write(dst[pivots[j]*SlotSize:])
	}
	return nil
}

// dense is the bin's first dense slot.
func (e *Encoder) dense() int { return 3 * e.shape.Third }

// withoutPeeled returns the equations of the keys aside, with the equations of peeled keys added such that no slot
// is left that one of those sets. A peeled key's slot is in no key peeled after it, so that one pass does it.
func (e *Encoder) withoutPeeled(keys []Key) []equation {
	equations := make([]equation, 0, len(e.aside))
	for _, key := range e.aside {
		q := equation{sparse: make([]uint64, (e.dense()+63)/64)}
		q.addKey(e.rows[key], &keys[key])
		equations = append(equations, q)
	}
	for _, p := range e.stack {
		for i := range equations {
			if q := &equations[i]; q.sparse[p.slot>>6]>>(p.slot&63)&1 == 1 {
				q.addKey(e.rows[p.key], &keys[p.key])
			}
		}
	}
	return equations
}

func (q *equation) addKey(row sparseRow, k *Key) {
	for _, at := range row {
		q.sparse[at>>6] ^= 1 << (at & 63)
	}
	q.dense ^= k.dense()
	v := readSlot(k[:])
	q.value[0] ^= v[0]
	q.value[1] ^= v[1]
}

func (q *equation) add(o *equation) {
	for i, w := range o.sparse {
		q.sparse[i] ^= w
	}
	q.dense ^= o.dense
	q.value[0] ^= o.value[0]
	q.value[1] ^= o.value[1]
}

// has says whether the equation has a slot of the bin, of which those from dense on are dense.
func (q *equation) has(at, dense int) bool {
	if at >= dense {
		return q.dense>>(at-dense)&1 == 1
	}
	return q.sparse[at>>6]>>(at&63)&1 == 1
}

// leading returns a slot of the equation, or -1: sparse slots before dense ones, so that dense ones stay zero while
// they can.
func (q *equation) leading(dense int) int {
	for i, w := range q.sparse {
		if w != 0 {
			return i<<6 | bits.TrailingZeros64(w)
		}
	}
	if q.dense != 0 {
		return dense + bits.TrailingZeros64(q.dense)
	}
	return -1
}
