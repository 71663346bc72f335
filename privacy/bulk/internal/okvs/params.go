// Package okvs is an oblivious key-value store over F_2: it finds a vector P of 16-byte slots such that
// the slots that a key selects sum to the key's value, for every key of a set. It is the construction of
// Raghuraman and Rindal (CCS 2022): keys fall into bins; in its bin a key selects three sparse slots, one
// of each third, and a random half of [Dense] dense slots. Sparse slots are solved by peeling, what cannot
// be peeled by elimination together with the dense ones.
//
// P hides nothing by itself: whoever sends it masks it. A vector that is a linear image of P, slot by
// slot, gives the image of a key's value at the same slots; that is what [Table.Decode] is for.
//
// Time depends on the keys (peeling, look-ups); keys are the caller's own.
package okvs

import "math/bits"

// Dense is the number of dense slots of a bin.
const Dense = 48

// SlotSize is the length of a slot and of a value in bytes.
const SlotSize = 16

// binLoad is how many keys a bin should have, such that its slots stay in a core's second cache.
const binLoad = 1 << 14

// Shape says where keys select: every party derives it from the number of keys.
type Shape struct {
	Bins  int
	Third int // sparse slots of a third of a bin
}

// ShapeOf returns the shape for n keys, computed in integers so that all machines agree. Where the figures
// come from is in specs/bulk-psi.md, "The store".
func ShapeOf(n int) Shape {
	bins := max(1, (n+binLoad-1)/binLoad)
	return Shape{Bins: bins, Third: thirdFor(boundFor(bins, (n+bins-1)/bins))}
}

// boundFor bounds the keys of a bin that has mean of them on average: 8.5 standard deviations above.
func boundFor(bins, mean int) int {
	if bins == 1 {
		return mean
	}
	return mean + (17*(isqrt(mean)+1)+1)/2
}

// BinSlots is the number of slots of a bin, Slots that of the store.
func (s Shape) BinSlots() int { return 3*s.Third + Dense }

// Slots is the length of the vector P.
func (s Shape) Slots() int { return s.Bins * s.BinSlots() }

// expansion gives slots for a key times 1024 at loads of 2^0, 2^1, …: 1.223 + (50 + 9.2)/slope(load), with
// slope the fit of Raghuraman and Rindal for weight 3, rounded up; below 2^5 the dense slots carry.
var expansion = [...]int{
	3072, 3072, 3072, 3072, 3072, 3049, 2476, 2088, 1824, 1642, 1518, 1434, 1377, 1338, 1311, 1293,
}

// thirdFor interpolates between powers of two.
func thirdFor(load int) int {
	k := min(bits.Len(uint(max(load, 1)))-1, len(expansion)-2)
	low := 1 << k
	e := expansion[k] - (expansion[k]-expansion[k+1])*(min(load, 2*low)-low)/low
	return max(8, (load*e+3*1024-1)/(3*1024))
}

func isqrt(n int) int {
	r := 0
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
