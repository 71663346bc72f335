package bulk

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// seeded is a reproducible source of "secrets".
func seeded(name string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

// digests returns the digests of the numbers from … to-1.
func digests(from, to int) []byte {
	var out []byte
	for i := from; i < to; i++ {
		d := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("digest"), uint64(i)))
		out = append(out, d[:]...)
	}
	return out
}

func labelsOf(items []byte, size int) []byte {
	var out []byte
	for i := 0; i < len(items); i += DigestSize {
		l := sha256.Sum256(items[i : i+DigestSize])
		out = append(out, bytes.Repeat(l[:], size/32+1)[:size]...)
	}
	return out
}

// pair returns both machines of a session.
func pair(t testing.TB, c Config, x, y []byte) (*Receiver, *Sender) {
	t.Helper()
	c.Rand = seeded(t.Name() + " receiver")
	r, err := NewReceiver(c, x)
	if err != nil {
		t.Fatal(err)
	}
	c.Rand = seeded(t.Name() + " sender")
	s, err := NewSender(c, y, labelsOf(y, c.LabelSize))
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// run carries messages until both wait, changed by tamper if that is not nil, and returns the first error
// with who found it.
func run(a, b Machine, tamper func(from Machine, number uint32, m []byte) []byte) (Machine, error) {
	for moved := true; moved; {
		moved = false
		for _, side := range [][2]Machine{{a, b}, {b, a}} {
			for {
				m, err := side[0].Next()
				if err != nil {
					return side[0], err
				}
				if m == nil {
					break
				}
				moved = true
				sent, _ := side[0].Position()
				if tamper != nil {
					if m = tamper(side[0], sent-1, m); m == nil {
						continue
					}
				}
				if err := side[1].Receive(m); err != nil {
					return side[1], err
				}
			}
		}
	}
	return nil, nil
}

func matchesOf(r *Receiver) []int {
	var out []int
	for _, m := range r.Matches() {
		out = append(out, m.Index)
	}
	slices.Sort(out)
	return out
}

// intersect is the slow, obvious reference.
func intersect(x, y []byte) []int {
	has := map[[32]byte]bool{}
	for i := 0; i < len(y); i += DigestSize {
		has[[32]byte(y[i:])] = true
	}
	var out []int
	for i := 0; i < len(x); i += DigestSize {
		if has[[32]byte(x[i:])] {
			out = append(out, i/DigestSize)
		}
	}
	return out
}

func TestIntersection(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []byte
		mode Mode
		size int
	}{
		{"equal sizes", digests(0, 3000), digests(1500, 4500), Fast, 0},
		{"labels", digests(0, 300), digests(200, 500), Fast, 40},
		{"compact", digests(0, 700), digests(600, 900), Compact, 16},
		{"one against many", digests(77, 78), digests(0, 5000), Fast, 0},
		{"many against one", digests(0, 5000), digests(77, 78), Fast, 3},
		{"several bins", digests(0, 40000), digests(39990, 40010), Fast, 0},
		{"receiver empty", nil, digests(0, 100), Fast, 8},
		{"sender empty", digests(0, 100), nil, Fast, 8},
		{"both empty", nil, nil, Fast, 0},
		{"nothing in common", digests(0, 100), digests(100, 200), Fast, 1},
		{"the same", digests(0, 100), digests(0, 100), Fast, 1024},
		{"duplicates", append(digests(0, 50), digests(0, 50)...), append(digests(25, 75), digests(25, 75)...), Fast, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, s := pair(t, Config{Context: []byte("test"), Mode: c.mode, LabelSize: c.size}, c.x, c.y)
			if who, err := run(r, s, nil); err != nil {
				t.Fatalf("%T: %v", who, err)
			}
			if !r.Done() || !s.Done() {
				t.Fatalf("not done: %+v, %+v", r.Progress(), s.Progress())
			}
			if got, want := matchesOf(r), intersect(c.x, c.y); !slices.Equal(got, want) {
				t.Fatalf("%d matches, want %d", len(got), len(want))
			}
			for _, m := range r.Matches() {
				want := labelsOf(c.x[m.Index*DigestSize:][:DigestSize], c.size)
				if !bytes.Equal(m.Label, want) {
					t.Fatalf("label of %d is %x", m.Index, m.Label)
				}
			}
		})
	}
}

// TestOverwrite: a session in its digests' memory gives the same bytes.
func TestOverwrite(t *testing.T) {
	x, y := digests(0, 20000), append(digests(15000, 40000), digests(15000, 15010)...)
	var want []byte
	for _, overwrite := range []bool{false, true} {
		r, s := pair(t, Config{LabelSize: 3, Overwrite: overwrite}, bytes.Clone(x), bytes.Clone(y))
		all := sha256.New()
		if _, err := run(r, s, func(_ Machine, _ uint32, m []byte) []byte { all.Write(m); return m }); err != nil {
			t.Fatal(err)
		}
		if got := matchesOf(r); !slices.Equal(got, intersect(x, y)) {
			t.Fatalf("%d matches", len(got))
		}
		if overwrite && !bytes.Equal(all.Sum(nil), want) {
			t.Error("other bytes")
		}
		want = all.Sum(nil)
	}
}

// TestItems holds putting items in order against sorting, with tags that begin alike and tags that come again.
func TestItems(t *testing.T) {
	rng := rand.New(seeded("items").(rand.Source))
	for _, n := range []int{0, 1, 2, 100, 5000, 20000} {
		in := make([]byte, n*DigestSize)
		for i := range in {
			in[i] = byte(rng.Uint32N(256))
		}
		for i := 1; i < n; i += 3 {
			copy(in[i*DigestSize:], in[(i-1)*DigestSize:][:rng.IntN(DigestSize+1)])
		}
		items := newItems(bytes.Clone(in), true)
		items.sort()
		want := make([]uint32, n)
		for i := range want {
			want[i] = uint32(i)
		}
		slices.SortFunc(want, func(a, b uint32) int {
			return cmp.Or(bytes.Compare(in[a*DigestSize:][:TagSize], in[b*DigestSize:][:TagSize]), cmp.Compare(a, b))
		})
		if !slices.Equal(items.numbers, want) {
			t.Fatalf("%d items are not in order", n)
		}
		for i, k := range items.sums {
			if !bytes.Equal(k[:], in[want[i]*DigestSize:][:DigestSize]) {
				t.Fatalf("item %d of %d is another", i, n)
			}
		}
	}
}

func BenchmarkSession(b *testing.B) {
	for _, n := range []int{1, 1 << 16, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := digests(0, n), digests(n/2, n+n/2)
			for b.Loop() {
				r, s := pair(b, Config{}, x, y)
				if _, err := run(r, s, nil); err != nil || len(r.Matches()) != n-n/2 {
					b.Fatal(err, len(r.Matches()))
				}
			}
		})
	}
}
