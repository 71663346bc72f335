package bulk

import (
	"encoding/binary"

	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
	"github.com/crosslight/crosslight/privacy/bulk/internal/vole"
)

// hashItems hashes digests to keys of the store, by bin.
func hashItems(row [32]byte, shape okvs.Shape, digests []byte, overwrite bool) *items {
	const batch = 512
	t, h := newItems(digests, overwrite), family(row, itemName)
	var sums [batch][32]byte
	for at := 0; at < len(t.sums); at += batch {
		some := sums[:min(batch, len(t.sums)-at)]
		h.Sum(some, digests[at*DigestSize:], DigestSize)
		for i := range some {
			t.sums[at+i] = some[i]
		}
	}
	t.arrange(shape.Bins, shape.BinOf)
	return t
}

// evaluate replaces keys by F(x) = H(the row that x selects, plus Φ of its value for the verifier; the value), from
// the party's rows, and puts tags in order. images is nil for the prover.
func (t *items) evaluate(row [32]byte, k *vole.Kind, shape okvs.Shape, rows, images []byte) {
	const batch = 256
	table, h := okvs.NewTable(shape, k.RowSize, images), family(row, tagName)
	size := k.RowSize + okvs.SlotSize
	var sums [batch][32]byte
	in := make([]byte, batch*size)
	for b := range shape.Bins {
		keys, _ := t.group(b)
		table.Load(rows[b*shape.BinSlots()*k.RowSize:][:shape.BinSlots()*k.RowSize])
		for at := 0; at < len(keys); at += batch {
			some := keys[at:min(at+batch, len(keys))]
			table.Decode(in, some)
			h.Sum(sums[:len(some)], in, size)
			for i := range some {
				some[i] = sums[i]
			}
		}
	}
	t.sort()
}

// replaceRepeated gives digests that come again a tag and a key that nobody else has, so that the number of
// tags is that of digests and all tags differ.
func (t *items) replaceRepeated(filler []byte) {
	again := false
	for i, first := 1, 0; i < len(t.sums); i++ {
		if tagOf(t.sums[i][:]) != tagOf(t.sums[first][:]) {
			first = i
			continue
		}
		t.sums[i] = digest(fillerDomain, filler, binary.BigEndian.AppendUint32(nil, t.numbers[i]))
		again = true
	}
	if again {
		t.sort()
	}
}
