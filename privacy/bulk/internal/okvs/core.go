package okvs

// equation is a key of the core over the unknowns that are left: the core's sparse slots and the bin's
// dense ones.
type equation struct {
	bits  []uint64
	value slot
}

// solveCore sets the sparse slots of the keys that could not be peeled, and the dense slots, by Gaussian
// elimination. It fails where equations contradict one another, or are too many; an equation that says
// nothing new, as of a key that comes twice, is left out.
func (e *Encoder) solveCore(dst []byte, keys []Key) error {
	equations, unknowns, err := e.coreEquations(len(keys))
	if err != nil {
		return err
	}
	pivots := make([]int, 0, len(equations))
	kept := equations[:0]
	for _, q := range equations {
		for j, p := range pivots {
			if q.bits[p>>6]>>(p&63)&1 == 1 {
				q.add(&kept[j])
			}
		}
		p := q.leading()
		if p < 0 {
			if q.value != (slot{}) {
				return ErrEncode
			}
			continue
		}
		pivots, kept = append(pivots, p), append(kept, q)
	}
	// Each kept equation has its pivot, and only the pivots of later ones beside unknowns that stay zero.
	for j := len(kept) - 1; j >= 0; j-- {
		v := kept[j].value
		for l := j + 1; l < len(kept); l++ {
			if p := pivots[l]; kept[j].bits[p>>6]>>(p&63)&1 == 1 {
				v.xor(dst[unknowns[p]*SlotSize:])
			}
		}
		v.write(dst[unknowns[pivots[j]]*SlotSize:])
	}
	return nil
}

// coreEquations returns the core's equations, and for each unknown the slot of the bin that it is.
func (e *Encoder) coreEquations(keys int) ([]equation, []int, error) {
	core := keys - len(e.stack)
	if core > maxCore {
		return nil, nil, ErrEncode
	}
	done := make([]bool, keys)
	for _, p := range e.stack {
		done[p.key] = true
	}
	unknowns := make([]int, Dense, Dense+3*core)
	for d := range unknowns {
		unknowns[d] = 3*e.shape.Third + d
	}
	number := make(map[int]int, 3*core)
	words := (Dense + 3*core + 63) / 64
	equations := make([]equation, 0, core)
	for key, r := range e.rows {
		if done[key] {
			continue
		}
		q := equation{make([]uint64, words), e.values[key]}
		q.bits[0] = r.Dense
		for _, at := range r.Sparse {
			n, ok := number[at]
			if !ok {
				n = len(unknowns)
				number[at], unknowns = n, append(unknowns, at)
			}
			q.bits[n>>6] ^= 1 << (n & 63)
		}
		equations = append(equations, q)
	}
	return equations, unknowns, nil
}

func (q *equation) add(o *equation) {
	for i, w := range o.bits {
		q.bits[i] ^= w
	}
	q.value[0] ^= o.value[0]
	q.value[1] ^= o.value[1]
}

// leading returns the highest-numbered unknown of the equation, or -1: sparse slots before dense ones, so that dense
// ones stay zero while they can.
func (q *equation) leading() int {
	for i := len(q.bits) - 1; i >= 0; i-- {
		for b := 63; b >= 0; b-- {
			if q.bits[i]>>b&1 == 1 {
				return i<<6 | b
			}
		}
	}
	return -1
}
