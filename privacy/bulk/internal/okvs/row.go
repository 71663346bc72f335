package okvs

import (
	"encoding/binary"
	"math/bits"
)

// Key is a key's hash, 32 bytes that must be those of a random oracle on the key: the value that the
// store is to give for it (16 bytes), and 16 bytes, little-endian words of 8, from which its slots follow.
type Key [32]byte

// Value is what the store holds for the key.
func (k *Key) Value() [SlotSize]byte { return [SlotSize]byte(k[:SlotSize]) }

// Row is what a key selects: sparse slots as offsets into its bin, and a set of dense ones.
type Row struct {
	Bin    int
	Sparse [3]int
	Dense  uint64 // bit i selects dense slot i
}

// Row derives the slots of a key. Bin and offsets are drawn one after the other from one word, each from
// what the one before left over of it (multiply, keep the low half); the bias of the last is below 2^-14.
func (s Shape) Row(k *Key) Row {
	word := binary.LittleEndian.Uint64(k[16:24])
	bin, word := bits.Mul64(word, uint64(s.Bins))
	a, word := bits.Mul64(word, uint64(s.Third))
	b, word := bits.Mul64(word, uint64(s.Third))
	c, _ := bits.Mul64(word, uint64(s.Third))
	return Row{
		Bin:    int(bin),
		Sparse: [3]int{int(a), s.Third + int(b), 2*s.Third + int(c)},
		Dense:  k.dense(),
	}
}

// BinOf is the bin alone.
func (s Shape) BinOf(k *Key) int {
	bin, _ := bits.Mul64(binary.LittleEndian.Uint64(k[16:24]), uint64(s.Bins))
	return int(bin)
}

// Groups holds keys by bin, each with its number.
type Groups struct {
	Keys    [][]Key
	Numbers [][]uint32
	shape   Shape
}

// NewGroups makes room for n keys: what a bin has by all likelihood, in one piece; a bin that gets more
// grows.
func NewGroups(s Shape, n int) *Groups {
	room := roomFor(s.Bins, (n+s.Bins-1)/s.Bins)
	g := &Groups{Keys: make([][]Key, s.Bins), Numbers: make([][]uint32, s.Bins), shape: s}
	keys, numbers := make([]Key, s.Bins*room), make([]uint32, s.Bins*room)
	for b := range s.Bins {
		g.Keys[b], g.Numbers[b] = keys[b*room:b*room:(b+1)*room], numbers[b*room:b*room:(b+1)*room]
	}
	return g
}

// Add puts a key into its bin.
func (g *Groups) Add(k *Key, number int) {
	b := g.shape.BinOf(k)
	g.Keys[b], g.Numbers[b] = append(g.Keys[b], *k), append(g.Numbers[b], uint32(number))
}

// dense is the set of dense slots alone.
func (k *Key) dense() uint64 { return binary.LittleEndian.Uint64(k[24:32]) & (1<<Dense - 1) }
