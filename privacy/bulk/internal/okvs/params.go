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

// ShapeOf returns the shape for n keys, computed in integers so that all machines agree. A bin has 1.2236·mean +
// 2·√mean sparse slots: peeling asks for 1.222 to a key, and the root is room for loads and peeling that are not
// average. What is beyond costs time, not the solution. The bound on failures is in specs/bulk-psi.md, "The store";
// the tests compute it.
func ShapeOf(n int) Shape {
	bins := max(1, (n+binLoad-1)/binLoad)
	mean := (n + bins - 1) / bins
	slots := (1253*mean+1023)/1024 + 2*rootOf(mean)
	return Shape{Bins: bins, Third: max(1, (slots+2)/3)}
}

// roomFor is how many keys a bin has by all likelihood, of mean.
func roomFor(bins, mean int) int {
	if bins == 1 {
		return mean
	}
	return mean + 6*rootOf(mean)
}

// BinSlots is the number of slots of a bin, Slots that of the store.
func (s Shape) BinSlots() int { return 3*s.Third + Dense }

// Slots is the length of the vector P.
func (s Shape) Slots() int { return s.Bins * s.BinSlots() }

// rootOf is the square root, rounded up.
func rootOf(n int) int {
	r := 0
	for r*r < n {
		r++
	}
	return r
}
