package bulk

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// items are a party's digests on their way to tags, each with its number: first hashed to keys of the store, then F of
// them. They are put in order where they lie, since they are a good part of a party's memory.
type items struct {
	sums    []okvs.Key // a key, later F: tag and label key
	numbers []uint32
	ends    []int // of the groups
}

// newItems makes room for n digests, or takes theirs if they may be overwritten.
func newItems(digests []byte, overwrite bool) *items {
	n := len(digests) / DigestSize
	t := &items{numbers: make([]uint32, n)}
	for i := range t.numbers {
		t.numbers[i] = uint32(i)
	}
	if overwrite && n > 0 {
		t.sums = unsafe.Slice((*okvs.Key)(unsafe.Pointer(&digests[0])), n) // arrays of bytes lie one after the other
	} else {
		t.sums = make([]okvs.Key, n)
	}
	return t
}

// group returns the items of a group.
func (t *items) group(g int) (sums []okvs.Key, numbers []uint32) {
	from := 0
	if g > 0 {
		from = t.ends[g-1]
	}
	return t.sums[from:t.ends[g]], t.numbers[from:t.ends[g]]
}

// arrange puts items into n groups in place: what lies in the way goes where it belongs (McIlroy, Bostic and McIlroy,
// "Engineering radix sort", 1993). Some places are filled at a time, so that memory is waited for at once and not one
// item after the other.
func (t *items) arrange(n int, of func(*okvs.Key) int) {
	t.ends = make([]int, n)
	for i := range t.sums {
		t.ends[of(&t.sums[i])]++
	}
	next, total := make([]int, n), 0
	for g := range n {
		next[g] = total
		total += t.ends[g]
		t.ends[g] = total
	}
	const some = 64
	var wrong, target [some]int
	for g := range n {
		for ; next[g] < t.ends[g]; next[g] = min(next[g]+some, t.ends[g]) {
			places := wrong[:min(some, t.ends[g]-next[g])]
			for i := range places {
				places[i] = next[g] + i
			}
			for len(places) > 0 {
				left := 0
				for _, i := range places {
					if to := of(&t.sums[i]); to != g {
						places[left], target[left] = i, next[to]
						next[to]++
						left++
					}
				}
				places = places[:left]
				for k, i := range places {
					j := target[k]
					t.sums[i], t.sums[j] = t.sums[j], t.sums[i]
					t.numbers[i], t.numbers[j] = t.numbers[j], t.numbers[i]
				}
			}
		}
	}
}

// tag is a tag as two big-endian words.
type tag struct{ high, low uint64 }

func tagOf(b []byte) tag { return tag{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])} }

func (a tag) less(b tag) bool { return a.high < b.high || a.high == b.high && a.low < b.low }

// bucketSize is how many tags are sorted at a time: as many as stay in a core's second cache.
const bucketSize = 4096

// sort puts tags in ascending order, equal ones by number.
func (t *items) sort() {
	buckets := 1
	for buckets*bucketSize < len(t.sums) {
		buckets *= 2
	}
	width := bits.Len(uint(buckets)) - 1
	t.arrange(buckets, func(k *okvs.Key) int { return int(binary.BigEndian.Uint64(k[:]) >> (64 - width)) }) // a shift by 64 gives 0
	var s sorter
	for g := range buckets {
		s.sums, s.numbers = t.group(g)
		s.sort(width)
	}
}

// sorter sorts one bucket.
type sorter struct {
	sums         []okvs.Key
	numbers      []uint32
	spareSums    []okvs.Key
	spareNumbers []uint32
}

// sort distributes by the bits below those of the bucket, so that each place gets one or two, and puts
// neighbours in order. Tags are outputs of a hash; what somebody could do to one place by searching for
// tags that begin alike is bounded by the bits that a search can find.
func (s *sorter) sort(width int) {
	const places = 4096
	if len(s.sums) >= 1<<16 { // never by chance
		s.neighbours()
		return
	}
	var start [places + 1]uint16
	place := func(k *okvs.Key) uint64 { return binary.BigEndian.Uint64(k[:]) << width >> 52 }
	for i := range s.sums {
		start[place(&s.sums[i])+1]++
	}
	for p := range places {
		start[p+1] += start[p]
	}
	s.spareSums = append(s.spareSums[:0], s.sums...)
	s.spareNumbers = append(s.spareNumbers[:0], s.numbers...)
	for i := range s.spareSums {
		p := place(&s.spareSums[i])
		s.sums[start[p]], s.numbers[start[p]] = s.spareSums[i], s.spareNumbers[i]
		start[p]++
	}
	s.neighbours()
}

// neighbours sorts by insertion.
func (s *sorter) neighbours() {
	for i := 1; i < len(s.sums); i++ {
		for j := i; j > 0 && s.less(j, j-1); j-- {
			s.sums[j], s.sums[j-1] = s.sums[j-1], s.sums[j]
			s.numbers[j], s.numbers[j-1] = s.numbers[j-1], s.numbers[j]
		}
	}
}

func (s *sorter) less(i, j int) bool {
	a, b := tagOf(s.sums[i][:]), tagOf(s.sums[j][:])
	return a.less(b) || a == b && s.numbers[i] < s.numbers[j]
}
