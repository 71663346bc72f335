package bulk

import (
	"encoding/binary"
	"math/bits"

	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
	"github.com/crosslight/crosslight/privacy/bulk/internal/vole"
)

// entry is a tag, as two big-endian words, with the number of its digest.
type entry struct {
	high, low uint64
	index     uint32
}

func (e *entry) less(o *entry) bool {
	if e.high != o.high {
		return e.high < o.high
	}
	if e.low != o.low {
		return e.low < o.low
	}
	return e.index < o.index
}

func (e *entry) same(o *entry) bool { return e.high == o.high && e.low == o.low }

// evaluation is F at all digests of a party: tags sorted, and keys for labels.
type evaluation struct {
	entries []entry
	seals   [][16]byte // by digest; nil without labels
}

// hashItems hashes digests to keys of the store.
func hashItems(row [32]byte, items []byte) []okvs.Key {
	keys := make([]okvs.Key, len(items)/DigestSize)
	sums := make([][32]byte, min(len(keys), 1024))
	h := family(row, itemName)
	for at := 0; at < len(keys); at += len(sums) {
		n := min(len(sums), len(keys)-at)
		h.Sum(sums[:n], items[at*DigestSize:], DigestSize)
		for i := range n {
			keys[at+i] = sums[i]
		}
	}
	return keys
}

// evaluate computes F(x) = H(the row that x selects, plus Φ of its value for the verifier; the value) for
// all keys, from the party's rows. images is nil for the prover.
func evaluate(row [32]byte, k *vole.Kind, shape okvs.Shape, rows, images []byte, keys []okvs.Key, labels bool) evaluation {
	const batch = 256
	order, start := shape.Group(keys)
	out := evaluation{entries: make([]entry, 0, len(keys))}
	if labels {
		out.seals = make([][16]byte, len(keys))
	}
	table, h := okvs.NewTable(shape, k.RowSize, images), family(row, tagName)
	var (
		some  [batch]okvs.Key
		sums  [batch][32]byte
		rowed = make([]byte, batch*k.RowSize)
		in    = make([]byte, batch*(k.RowSize+okvs.SlotSize))
	)
	size := k.RowSize + okvs.SlotSize
	for b := range shape.Bins {
		table.Load(rows[b*shape.BinSlots()*k.RowSize:][:shape.BinSlots()*k.RowSize])
		for members := order[start[b]:start[b+1]]; len(members) > 0; {
			n := min(batch, len(members))
			for i, x := range members[:n] {
				some[i] = keys[x]
			}
			table.Decode(rowed, some[:n])
			for i := range n {
				copy(in[i*size:], rowed[i*k.RowSize:][:k.RowSize])
				copy(in[i*size+k.RowSize:], some[i][:okvs.SlotSize])
			}
			h.Sum(sums[:n], in, size)
			for i, x := range members[:n] {
				out.entries = append(out.entries, entry{binary.BigEndian.Uint64(sums[i][:]), binary.BigEndian.Uint64(sums[i][8:]), x})
				if labels {
					copy(out.seals[x][:], sums[i][TagSize:])
				}
			}
			members = members[n:]
		}
	}
	sortEntries(&out.entries)
	return out
}

// sortEntries sorts by tag, then by number. Tags are outputs of a hash, so that a bucket for their first
// bits has a handful.
func sortEntries(entries *[]entry) {
	shift := 64 - max(0, bits.Len(uint(len(*entries)))-2)
	start := make([]uint32, 1<<(64-shift)+1)
	for i := range *entries {
		start[(*entries)[i].high>>shift+1]++
	}
	for b := range len(start) - 1 {
		start[b+1] += start[b]
	}
	next := append([]uint32(nil), start...)
	sorted := make([]entry, len(*entries))
	for _, e := range *entries {
		b := e.high >> shift
		sorted[next[b]] = e
		next[b]++
	}
	for b := range len(start) - 1 {
		insertionSort(sorted[start[b]:start[b+1]])
	}
	*entries = sorted
}

func insertionSort(e []entry) {
	for i := 1; i < len(e); i++ {
		for j := i; j > 0 && e[j].less(&e[j-1]); j-- {
			e[j], e[j-1] = e[j-1], e[j]
		}
	}
}

func (e *entry) appendTag(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, e.high), e.low)
}

// replaceRepeated gives digests that come again a tag and a key that nobody else has, so that the number of
// tags is that of digests and all tags differ.
func (s *Sender) replaceRepeated(t *evaluation) {
	repeated := false
	for i := len(t.entries) - 1; i > 0; i-- {
		e := &t.entries[i]
		if !e.same(&t.entries[i-1]) {
			continue
		}
		repeated = true
		sum := digest(fillerDomain, s.filler, binary.BigEndian.AppendUint32(nil, e.index))
		e.high, e.low = binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])
		if t.seals != nil {
			copy(t.seals[e.index][:], sum[TagSize:])
		}
	}
	if repeated {
		sortEntries(&t.entries)
	}
}
