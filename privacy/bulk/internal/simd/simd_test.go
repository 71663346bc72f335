package simd

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/crosslight/crosslight/privacy/bulk/internal/code"
)

func random(seed uint64, n int) []byte {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	b := make([]byte, n)
	if _, err := rand.NewChaCha8(s).Read(b); err != nil {
		panic(err)
	}
	return b
}

func leavesOf(seed uint64, n int) []Leaf {
	b := random(seed, n*LeafSize)
	out := make([]Leaf, n)
	for i := range out {
		copy(out[i].Key[:], b[i*LeafSize:])
		copy(out[i].Nonce[:], b[i*LeafSize+16:])
	}
	return out
}

var kinds = []struct {
	k    int
	code *code.Code
}{{4, code.BCH245}, {8, code.BCH185}}

func encoderOf(k int, c *code.Code) *Encoder {
	columns := make([][2]uint64, c.Length)
	for j := range columns {
		columns[j] = c.Column(j)
	}
	return NewEncoder(k, columns, code.Syndrome(c.Length, c.Distance), code.Mul)
}

// atLevels calls f at every level that this processor has.
func atLevels(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer func() { inUse = best() }()
	for inUse = plain; inUse <= best(); inUse++ {
		t.Run([]string{"plain", "avx2", "avx512"}[inUse], f)
	}
}

// bit reads row j of a plane.
func bit(plane []byte, j int) byte { return plane[j>>3] >> (j & 7) & 1 }

// TestFold holds Fold against streams encrypted block by block and added bit by bit.
func TestFold(t *testing.T) { atLevels(t, testFold) }

func testFold(t *testing.T) {
	for _, kind := range kinds {
		k := kind.k
		leaves := leavesOf(1, 3<<k)
		c := NewColumns(k, leaves)
		for _, block := range []int{0, 1, 12345} {
			planes, u := random(2, k*PlaneSize), random(3, PlaneSize)
			c.Fold(planes, u, 2, block)
			wantPlanes, wantU := make([]byte, k*PlaneSize), make([]byte, PlaneSize)
			for x, leaf := range leaves[2<<k:] {
				a, err := aes.NewCipher(leaf.Key[:])
				if err != nil {
					t.Fatal(err)
				}
				var stream []byte
				for i := range PlaneSize / 16 {
					var in, out [16]byte
					copy(in[:], leaf.Nonce[:])
					binary.BigEndian.PutUint64(in[8:], uint64(block*PlaneSize/16+i))
					a.Encrypt(out[:], in[:])
					stream = append(stream, out[:]...)
				}
				for i, v := range stream {
					wantU[i] ^= v
					for b := range k {
						wantPlanes[b*PlaneSize+i] ^= v * byte(x>>b&1)
					}
				}
			}
			if !bytes.Equal(planes, wantPlanes) || !bytes.Equal(u, wantU) {
				t.Fatalf("k = %d, block %d differs", k, block)
			}
			c.Fold(planes, nil, 2, block)
			if !bytes.Equal(planes, wantPlanes) {
				t.Fatalf("k = %d, block %d differs without u", k, block)
			}
		}
	}
}

// TestEncode holds Encode against the code's columns, bit by bit.
func TestEncode(t *testing.T) { atLevels(t, testEncode) }

func testEncode(t *testing.T) {
	for _, kind := range kinds {
		e := encoderOf(kind.k, kind.code)
		slots, planes := random(4, Rows*16), random(5, kind.code.Length*PlaneSize)
		before := bytes.Clone(planes)
		e.Encode(planes, slots)
		for j := range Rows {
			low, high := binary.LittleEndian.Uint64(slots[16*j:]), binary.LittleEndian.Uint64(slots[16*j+8:])
			for i := range kind.code.Length {
				set := kind.code.Column(i)
				want := byte(bits.OnesCount64(set[0]&low)+bits.OnesCount64(set[1]&high)) & 1
				if bit(planes[i*PlaneSize:], j)^bit(before[i*PlaneSize:], j) != want {
					t.Fatalf("k = %d, column %d, row %d", kind.k, i, j)
				}
			}
		}
	}
}

// TestShorten holds Shorten against the matrix, symbol by symbol.
func TestShorten(t *testing.T) { atLevels(t, testShorten) }

func testShorten(t *testing.T) {
	for _, kind := range kinds {
		n := kind.code.Length
		e, h := encoderOf(kind.k, kind.code), code.Syndrome(n, kind.code.Distance)
		planes, rows := random(6, n*kind.k*PlaneSize), make([]byte, Rows*len(h))
		e.Shorten(rows, planes)
		for j := 0; j < Rows; j += 13 {
			symbols := make([]byte, n)
			for i := range symbols {
				for b := range kind.k {
					symbols[i] |= bit(planes[(i*kind.k+b)*PlaneSize:], j) << b
				}
			}
			for s, line := range h {
				var want byte
				for i, v := range symbols {
					want ^= code.Mul(line[i], v)
				}
				if got := rows[j*len(h)+s]; got != want {
					t.Fatalf("k = %d, row %d, symbol %d: %x, want %x", kind.k, j, s, got, want)
				}
			}
		}
	}
}

// TestDraw holds Draw against its definition, coin by coin.
func TestDraw(t *testing.T) { atLevels(t, testDraw) }

func testDraw(t *testing.T) {
	for _, size := range []int{16, 32} {
		for _, n := range []int{8, 64, 72, Rows} {
			rows, coins := random(7, n*size), random(8, DrawSize(n))
			sums := random(9, Draws*size)
			want := bytes.Clone(sums)
			Draw(sums, rows, coins, size)
			for j := range n {
				for h := range Draws {
					if coins[j/8*Draws+h]>>(j%8)&1 == 1 {
						xorInto(want[h*size:], rows[j*size:][:size])
					}
				}
			}
			if !bytes.Equal(sums, want) {
				t.Fatalf("%d rows of %d bytes differ", n, size)
			}
		}
	}
}

func TestHash(t *testing.T) { atLevels(t, testHash) }

func testHash(t *testing.T) {
	var p Prefix
	copy(p[:], random(10, 64))
	h := NewHasher(p)
	for _, size := range []int{32, 48} {
		for n := range 9 {
			in, got := random(uint64(n), n*size), make([][32]byte, n)
			h.Sum(got, in, size)
			for i := range got {
				if want := sha256.Sum256(append(append([]byte(nil), p[:]...), in[i*size:][:size]...)); got[i] != want {
					t.Fatalf("input %d of %d, %d bytes", i, n, size)
				}
			}
		}
	}
}

// FuzzTwins: whatever is expanded, encoded, shortened, drawn and hashed, every level does the same.
func FuzzTwins(f *testing.F) {
	f.Add(uint64(1), uint16(8), uint32(0))
	f.Add(uint64(2), uint16(Rows/8), uint32(1<<20))
	encoders := map[level][]*Encoder{}
	for inUse = plain; inUse <= best(); inUse++ {
		for _, kind := range kinds {
			encoders[inUse] = append(encoders[inUse], encoderOf(kind.k, kind.code))
		}
	}
	inUse = best()
	f.Fuzz(func(t *testing.T, seed uint64, eights uint16, block uint32) {
		defer func() { inUse = best() }()
		var want [][]byte
		for inUse = plain; inUse <= best(); inUse++ {
			var got [][]byte
			for _, e := range encoders[inUse] {
				got = append(got, everything(e, seed, eights, int(block))...)
			}
			if inUse == plain {
				want = got
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("level %d: result %d differs", inUse, i)
				}
			}
		}
	})
}

// everything is what a level computes from a seed.
func everything(e *Encoder, seed uint64, eights uint16, block int) (all [][]byte) {
	c := NewColumns(e.k, leavesOf(seed, 1<<e.k))
	for _, withU := range []bool{true, false} {
		planes, u := make([]byte, e.k*PlaneSize), make([]byte, PlaneSize)
		if withU {
			c.Fold(planes, u, 0, block)
		} else {
			c.Fold(planes, nil, 0, block)
		}
		all = append(all, planes, u)
	}
	encoded, rows := random(seed, e.columns*PlaneSize), make([]byte, Rows*e.row)
	e.Encode(encoded, random(seed, Rows*16))
	e.Shorten(rows, random(seed, e.columns*e.k*PlaneSize))
	masked := random(seed, e.k*PlaneSize)
	XorMasks(masked, encoded[:PlaneSize], byte(seed)&(1<<e.k-1), e.k)

	n := (int(eights)%(Rows/8) + 1) * 8
	drawn := random(seed, Draws*e.row)
	Draw(drawn, random(seed, n*e.row), random(seed+1, DrawSize(n)), e.row)

	size := e.row + 16
	sums := make([][32]byte, n/8)
	NewHasher(Prefix(random(seed, 64))).Sum(sums, random(seed, n/8*size), size)
	all = append(all, encoded, rows, masked, drawn)
	for i := range sums {
		all = append(all, sums[i][:])
	}
	return all
}

func BenchmarkKernels(b *testing.B) {
	for _, kind := range kinds {
		e, c := encoderOf(kind.k, kind.code), NewColumns(kind.k, leavesOf(1, kind.code.Length<<kind.k))
		planes, masked := make([]byte, e.columns*e.k*PlaneSize), make([]byte, e.columns*PlaneSize)
		slots, rows, coins := make([]byte, Rows*16), make([]byte, Rows*e.row), make([]byte, DrawSize(Rows))
		sums, block := make([]byte, Draws*e.row), 0
		for _, f := range []struct {
			name string
			do   func()
		}{
			{"fold", func() {
				for i := range e.columns {
					c.Fold(planes[i*e.k*PlaneSize:][:e.k*PlaneSize], masked[i*PlaneSize:][:PlaneSize], i, block)
				}
				block++
			}},
			{"encode", func() { e.Encode(masked, slots) }},
			{"shorten", func() { e.Shorten(rows, planes) }},
			{"draw", func() { Draw(sums, rows, coins, e.row) }},
		} {
			b.Run(fmt.Sprintf("%s-%d", f.name, e.k), func(b *testing.B) {
				for b.Loop() {
					f.do()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Rows, "ns/row")
			})
		}
	}
}

func BenchmarkHash(b *testing.B) {
	h, in, out := NewHasher(Prefix{}), make([]byte, 1024*48), make([][32]byte, 1024)
	for b.Loop() {
		h.Sum(out, in, 48)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/hash")
}
