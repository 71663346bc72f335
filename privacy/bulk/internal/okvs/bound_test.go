package okvs

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// covers bounds, as a power of two, how many sets of keys a bin has on average whose sparse slots cancel: the sum
// over even s of C(load, s)·P(s)^3, with P(s) the chance that s balls in third places leave an even number in each.
// P(s) = s!/third^s · [x^s] cosh(x)^third, of which no coefficient is negative, so that any x > 0 bounds it. A bin
// has no solution only if the dense slots of such a set cancel, too: 2^-Dense each. That is the whole proof.
func covers(load, third int) float64 {
	total, t, x := math.Inf(-1), float64(third), 0.01
	gamma := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	for s := 2; s <= load; s += 2 {
		p := -math.Log(t) // s = 2: both in one place
		if s > 2 {
			x = saddle(float64(s), t, x)
			p = min(0, gamma(s)+t*math.Log(math.Cosh(x))-float64(s)*math.Log(t*x))
		}
		term := gamma(load) - gamma(s) - gamma(load-s) + 3*p
		total = max(total, term) + math.Log1p(math.Exp(-math.Abs(total-term)))
	}
	return total / math.Ln2
}

// saddle returns about the x where t·x·tanh(x) = s. Any x gives a bound, this one the best.
func saddle(s, t, from float64) float64 {
	low, high := from/2, max(2*from, 2*s/t+2)
	for range 60 {
		if x := (low + high) / 2; t*x*math.Tanh(x) < s {
			low = x
		} else {
			high = x
		}
	}
	return low
}

// above bounds, as a power of two, the chance that a bin of mean keys on average gets more than load (Chernoff).
func above(load, mean float64) float64 {
	r := load / mean
	return -mean * (r*math.Log(r) - r + 1) / math.Ln2
}

// TestBound computes what specs/bulk-psi.md claims: no set up to 2^25 digests fails with more than 2^-45.
func TestBound(t *testing.T) {
	const most = 0.88 // keys a sparse slot up to which covers are few; at 0.89 they are 2^30
	sizes := []int{1 << 14, 1<<14 + 1, 20000, 1 << 15, 1<<15 + 1, 3 << 14, 1 << 20, 1<<20 + 1, 1 << 25}
	for n := 0; n < 600; n++ {
		sizes = append(sizes, n)
	}
	for n := 600; n < 1<<14; n += n / 7 {
		sizes = append(sizes, n)
	}
	worst := math.Inf(-1)
	for _, n := range sizes {
		s := ShapeOf(n)
		load, tail := n, math.Inf(-1)
		if s.Bins > 1 {
			load = int(most * float64(3*s.Third))
			tail = above(float64(load+1), float64(n)/float64(s.Bins))
		}
		// Rows are not quite even: each has at most 1 + bias times its share of the 2^64 words (Row).
		bias := float64(s.Bins) * math.Pow(float64(s.Third), 3) / math.Pow(2, 64)
		bin := covers(load, s.Third) - Dense + float64(load)*math.Log2(1+bias)
		fails := math.Log2(float64(s.Bins)) + math.Log2(math.Exp2(bin)+math.Exp2(tail))
		if fails > worst {
			worst = fails
			t.Logf("%d digests, %d bins: 2^%.1f (loads above %d: 2^%.0f a bin)", n, s.Bins, fails, load, tail)
		}
	}
	if !(worst < -45) {
		t.Errorf("a set fails with 2^%.1f", worst)
	}
}

// TestCovers holds the bound against counting: P(4) is exactly (3·third − 2)/third^3.
func TestCovers(t *testing.T) {
	for _, third := range []int{2, 10, 500} {
		x := float64(third)
		exact := math.Log2(6*math.Pow(1/x, 3) + math.Pow((3*x-2)/(x*x*x), 3)) // C(4,2) pairs and one four
		if got := covers(4, third); got < exact || got > exact+6 {
			t.Errorf("4 keys in thirds of %d: 2^%.2f, counted 2^%.2f", third, got, exact)
		}
	}
}

// TestFullBins encodes bins that are fuller than any set of a bounded chance makes them: what peeling leaves is
// solved by elimination.
func TestFullBins(t *testing.T) {
	s := Shape{Bins: 1, Third: ShapeOf(1<<14).Third / 8}
	for _, full := range []float64{0.81, 0.82, 0.83, 0.85, 0.88} {
		keys := keysOf(3, int(full*float64(3*s.Third)))
		e, store := NewEncoder(s), make([]byte, s.Slots()*SlotSize)
		if err := e.EncodeBin(store, keys); err != nil {
			t.Fatalf("%v: %v", full, err)
		}
		for i := range keys {
			if lookup(s, store, &keys[i]) != keys[i].Value() {
				t.Fatalf("%v: key %d has another value", full, i)
			}
		}
		t.Logf("%v keys a sparse slot: %d of %d keys set aside", full, len(e.aside), len(keys))
	}
}

// TestSolvable holds the encoder against elimination without any peeling, where about half of the sets have a
// solution: about as many keys as slots.
func TestSolvable(t *testing.T) {
	solved := 0
	for seed := range uint64(200) {
		s := Shape{Bins: 1, Third: 2 + int(seed%5)}
		keys := keysOf(seed, s.Slots()-4+int(seed/5%8))
		err := NewEncoder(s).EncodeBin(make([]byte, s.Slots()*SlotSize), keys)
		if want := solvable(s, keys); (err == nil) != want || err != nil && !errors.Is(err, ErrEncode) {
			t.Fatalf("%d keys in %d slots: %v, solvable %v", len(keys), s.Slots(), err, want)
		}
		if err == nil {
			solved++
		}
	}
	if solved < 20 || solved > 180 {
		t.Errorf("%d of 200 have a solution: nothing was compared", solved)
	}
}

// solvable is elimination of rows of all slots, at most 128, with their values behind.
func solvable(s Shape, keys []Key) bool {
	type row [4]uint64
	var pivots []int
	var kept []row
	for i := range keys {
		r, at := row{2: binary.LittleEndian.Uint64(keys[i][:]), 3: binary.LittleEndian.Uint64(keys[i][8:])}, s.Row(&keys[i])
		for _, j := range at.Sparse {
			r[j>>6] ^= 1 << (j & 63)
		}
		for d := range Dense {
			j := 3*s.Third + d
			r[j>>6] ^= at.Dense >> d & 1 << (j & 63)
		}
		for k, p := range pivots {
			if r[p>>6]>>(p&63)&1 == 1 {
				for w := range r {
					r[w] ^= kept[k][w]
				}
			}
		}
		first := -1
		for j := range s.Slots() {
			if r[j>>6]>>(j&63)&1 == 1 {
				first = j
				break
			}
		}
		if first < 0 {
			if r[2]|r[3] != 0 {
				return false
			}
			continue
		}
		pivots, kept = append(pivots, first), append(kept, r)
	}
	return true
}
