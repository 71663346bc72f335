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

func (e *entry) appendTag(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, e.high), e.low)
}

// bucketSize is how many tags a bucket has on average: as many as stay in a core's second cache while they
// are sorted.
const bucketSize = 4096

// entries are tags in buckets by their first bits. Each bucket is sorted when it is first read.
type entries struct {
	buckets [][]entry
	sorted  []bool
	shift   int // of the first word, to the number of the bucket
	spare   []entry
}

func newEntries(n int) *entries {
	count := 1
	for count*bucketSize < n {
		count *= 2
	}
	e := &entries{buckets: make([][]entry, count), sorted: make([]bool, count), shift: 64 - bits.Len(uint(count)) + 1}
	mean := n / count
	room := mean + mean/8 + 64 // 8 standard deviations at 4096; what is beyond grows
	all := make([]entry, count*room)
	for b := range e.buckets {
		e.buckets[b] = all[b*room : b*room : (b+1)*room]
	}
	return e
}

func (t *entries) bucketOf(high uint64) int { return int(high >> t.shift) } // a shift by 64 gives 0

func (t *entries) add(e entry) {
	b := t.bucketOf(e.high)
	t.buckets[b] = append(t.buckets[b], e)
	t.sorted[b] = false
}

// bucket returns a bucket, sorted by tag, then by number.
func (t *entries) bucket(b int) []entry {
	if !t.sorted[b] {
		t.sort(t.buckets[b])
		t.sorted[b] = true
	}
	return t.buckets[b]
}

// sort distributes by the bits below those of the bucket, so that each place gets one or two, and puts
// neighbours in order. Tags are outputs of a hash; what somebody could do to one place by searching for
// tags that begin alike is bounded by the bits that a search can find.
func (t *entries) sort(e []entry) {
	const places = 4096
	var start [places + 1]uint16
	if len(e) >= 1<<16 {
		insertionSort(e) // never by chance
		return
	}
	place := func(high uint64) uint64 { return high << (64 - t.shift) >> 52 }
	for i := range e {
		start[place(e[i].high)+1]++
	}
	for p := range places {
		start[p+1] += start[p]
	}
	if cap(t.spare) < len(e) {
		t.spare = make([]entry, len(e)+len(e)/8)
	}
	spare := t.spare[:len(e)]
	for i := range e {
		p := place(e[i].high)
		spare[start[p]] = e[i]
		start[p]++
	}
	copy(e, spare)
	insertionSort(e)
}

func insertionSort(e []entry) {
	for i := 1; i < len(e); i++ {
		if !e[i].less(&e[i-1]) {
			continue
		}
		moved, j := e[i], i
		for ; j > 0 && moved.less(&e[j-1]); j-- {
			e[j] = e[j-1]
		}
		e[j] = moved
	}
}

// evaluation is F at all digests of a party: tags, and keys for labels.
type evaluation struct {
	*entries
	seals [][16]byte // by digest; nil without labels
}

// hashItems hashes digests to keys of the store, by bin.
func hashItems(row [32]byte, shape okvs.Shape, items []byte) *okvs.Groups {
	const batch = 512
	n := len(items) / DigestSize
	groups, h := okvs.NewGroups(shape, n), family(row, itemName)
	var sums [batch][32]byte
	for at := 0; at < n; at += batch {
		some := sums[:min(batch, n-at)]
		h.Sum(some, items[at*DigestSize:], DigestSize)
		for i := range some {
			groups.Add((*okvs.Key)(&some[i]), at+i)
		}
	}
	return groups
}

// evaluate computes F(x) = H(the row that x selects, plus Φ of its value for the verifier; the value) for
// all keys, from the party's rows. images is nil for the prover.
func evaluate(row [32]byte, k *vole.Kind, shape okvs.Shape, rows, images []byte, groups *okvs.Groups, n int, labels bool) evaluation {
	const batch = 256
	out := evaluation{entries: newEntries(n)}
	if labels {
		out.seals = make([][16]byte, n)
	}
	table, h := okvs.NewTable(shape, k.RowSize, images), family(row, tagName)
	size := k.RowSize + okvs.SlotSize
	var sums [batch][32]byte
	in := make([]byte, batch*size)
	for b, keys := range groups.Keys {
		table.Load(rows[b*shape.BinSlots()*k.RowSize:][:shape.BinSlots()*k.RowSize])
		for at := 0; at < len(keys); at += batch {
			some, numbers := keys[at:min(at+batch, len(keys))], groups.Numbers[b][at:]
			table.Decode(in, some)
			h.Sum(sums[:len(some)], in, size)
			for i := range some {
				out.add(entry{binary.BigEndian.Uint64(sums[i][:]), binary.BigEndian.Uint64(sums[i][8:]), numbers[i]})
				if labels {
					copy(out.seals[numbers[i]][:], sums[i][TagSize:])
				}
			}
		}
	}
	return out
}

// replaceRepeated gives digests that come again a tag and a key that nobody else has, so that the number of
// tags is that of digests and all tags differ. It leaves all buckets sorted.
func (s *Sender) replaceRepeated(t *evaluation) {
	var again []entry
	for b := range t.buckets {
		bucket := t.bucket(b)
		kept := bucket[:0]
		for i := range bucket {
			if i > 0 && len(kept) > 0 && bucket[i].same(&kept[len(kept)-1]) {
				again = append(again, bucket[i])
				continue
			}
			kept = append(kept, bucket[i])
		}
		t.buckets[b] = kept
	}
	for _, e := range again {
		sum := digest(fillerDomain, s.filler, binary.BigEndian.AppendUint32(nil, e.index))
		e.high, e.low = binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])
		if t.seals != nil {
			copy(t.seals[e.index][:], sum[TagSize:])
		}
		t.add(e)
	}
	for b := range t.buckets {
		t.bucket(b)
	}
}

// window calls f for entries from to to, counted over all buckets, which are sorted.
func (t *entries) window(from, to int, f func(*entry)) {
	for b := 0; b < len(t.buckets) && from < to; b++ {
		n := len(t.buckets[b])
		if from >= n {
			from, to = from-n, to-n
			continue
		}
		for ; from < min(n, to); from++ {
			f(&t.buckets[b][from])
		}
		from, to = 0, to-n
	}
}
