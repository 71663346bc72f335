package okvs

import (
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
)

var trials = flag.Int("okvs.trials", 0, "encodings to try at small sizes; 0 is a slice")

func keysOf(seed uint64, n int) []Key {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	rng := rand.NewChaCha8(s)
	keys := make([]Key, n)
	for i := range keys {
		if _, err := rng.Read(keys[i][:]); err != nil {
			panic(err)
		}
	}
	return keys
}

// encode makes the whole store.
func encode(s Shape, keys []Key) ([]byte, error) {
	g := NewGroups(s, len(keys))
	for i := range keys {
		g.Add(&keys[i], i)
	}
	e, out := NewEncoder(s), make([]byte, s.Slots()*SlotSize)
	for b, members := range g.Keys {
		if err := e.EncodeBin(out[b*s.BinSlots()*SlotSize:][:s.BinSlots()*SlotSize], members); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lookup is the definition: the sum of the slots that a key selects.
func lookup(s Shape, store []byte, k *Key) (v [SlotSize]byte) {
	r := s.Row(k)
	bin := store[r.Bin*s.BinSlots()*SlotSize:]
	add := func(at int) {
		for i := range v {
			v[i] ^= bin[at*SlotSize+i]
		}
	}
	for _, at := range r.Sparse {
		add(at)
	}
	for d := range Dense {
		if r.Dense>>d&1 == 1 {
			add(3*s.Third + d)
		}
	}
	return v
}

func TestStore(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 48, 100, 1000, 5000, 16384, 40000} {
		for seed := range uint64(3) {
			s, keys := ShapeOf(n), keysOf(seed, n)
			store, err := encode(s, keys)
			if err != nil {
				t.Fatalf("%d keys: %v", n, err)
			}
			for i := range keys {
				if lookup(s, store, &keys[i]) != keys[i].Value() {
					t.Fatalf("%d keys: key %d has another value", n, i)
				}
			}
		}
	}
}

// TestTable holds the tables against the definition.
func TestTable(t *testing.T) {
	s := ShapeOf(1000)
	var seed [32]byte
	rng := rand.NewChaCha8(seed)
	for _, size := range []int{16, 32} {
		slots, images := make([]byte, s.BinSlots()*size), make([]byte, 128*size)
		_, _ = rng.Read(slots)
		_, _ = rng.Read(images)
		keys := keysOf(9, 50)
		for _, with := range [][]byte{nil, images} {
			table, out := NewTable(s, size, with), make([]byte, 50*(size+SlotSize))
			table.Load(slots)
			table.Decode(out, keys)
			for i := range keys {
				r, want := s.Row(&keys[i]), make([]byte, size)
				for _, at := range r.Sparse {
					xor(want, slots[at*size:], size)
				}
				for d := range Dense {
					if r.Dense>>d&1 == 1 {
						xor(want, slots[(3*s.Third+d)*size:], size)
					}
				}
				for b := range 128 * min(1, len(with)) {
					if keys[i][b>>3]>>(b&7)&1 == 1 {
						xor(want, with[b*size:], size)
					}
				}
				want = append(want, keys[i][:SlotSize]...)
				if string(out[i*(size+SlotSize):][:size+SlotSize]) != string(want) {
					t.Fatalf("size %d, key %d", size, i)
				}
			}
		}
	}
}

func TestEqualKeys(t *testing.T) {
	keys := keysOf(1, 100)
	keys = append(keys, keys...)
	s := ShapeOf(len(keys))
	store, err := encode(s, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		if lookup(s, store, &keys[i]) != keys[i].Value() {
			t.Fatalf("key %d has another value", i)
		}
	}
	// The same slots with another value contradict.
	keys[150][0] ^= 1
	if _, err := encode(s, keys); !errors.Is(err, ErrEncode) {
		t.Fatalf("contradicting keys: %v", err)
	}
}

// TestTooManyKeys: whoever puts more keys in than there are slots fails, as there is no solution.
func TestTooManyKeys(t *testing.T) {
	s := ShapeOf(1000)
	if _, err := encode(s, keysOf(1, s.Slots()+20)); !errors.Is(err, ErrEncode) {
		t.Fatalf("%d keys in %d slots: %v", s.Slots()+20, s.Slots(), err)
	}
}

// TestFailures encodes many small random sets: none may fail, as the bound is 2^-40. A run of
// -okvs.trials 1000000 does a million; by default it is a slice. Larger sets than these are argued for in
// specs/bulk-psi.md.
func TestFailures(t *testing.T) {
	sizes := []int{1, 8, 16, 24, 32, 48, 64, 100, 128, 200, 256, 400, 512}
	n := *trials
	if n == 0 {
		n = 13_000
	}
	core, largest := 0, 0
	for at, size := range sizes {
		s := ShapeOf(size)
		e, dst := NewEncoder(s), make([]byte, s.BinSlots()*SlotSize)
		for i := range n / len(sizes) {
			if err := e.EncodeBin(dst, keysOf(uint64(at)<<40|uint64(i), size)); err != nil {
				t.Fatalf("set %d of %d keys: %v", i, size, err)
			}
			if left := len(e.aside); left > 0 {
				core++
				largest = max(largest, left)
			}
		}
	}
	t.Logf("%d sets, %d with keys set aside, %d at most", n, core, largest)
	if core == 0 {
		t.Error("no set had a key set aside: elimination was not tried")
	}
}

func BenchmarkEncode(b *testing.B) {
	s, keys := ShapeOf(16384), keysOf(1, 16384)
	e, dst := NewEncoder(s), make([]byte, s.BinSlots()*SlotSize)
	for b.Loop() {
		if err := e.EncodeBin(dst, keys); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16384, "ns/key")
}

func BenchmarkDecode(b *testing.B) {
	s, keys := ShapeOf(16384), keysOf(1, 16384)
	slots, out := make([]byte, s.BinSlots()*32), make([]byte, len(keys)*48)
	table := NewTable(s, 32, make([]byte, 128*32))
	for b.Loop() {
		table.Load(slots)
		table.Decode(out, keys)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16384, "ns/key")
}
