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

// bit reads row j of a plane.
func bit(plane []byte, j int) byte { return plane[j>>3] >> (j & 7) & 1 }

// TestFold holds Fold against streams encrypted block by block and added bit by bit.
func TestFold(t *testing.T) {
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
func TestEncode(t *testing.T) {
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
func TestShorten(t *testing.T) {
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
func TestDraw(t *testing.T) {
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

func TestHash(t *testing.T) {
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

// FuzzTwins: whatever is expanded, encoded, shortened, drawn and hashed, the portable functions do the same.
func FuzzTwins(f *testing.F) {
	f.Add(uint64(1), uint16(8), uint32(0))
	f.Add(uint64(2), uint16(Rows/8), uint32(1<<20))
	e4, e8 := encoderOf(4, code.BCH245), encoderOf(8, code.BCH185)
	f.Fuzz(func(t *testing.T, seed uint64, eights uint16, block uint32) {
		for _, e := range []*Encoder{e4, e8} {
			leaves := leavesOf(seed, 1<<e.k)
			c := NewColumns(e.k, leaves)
			p := portableColumns(e.k, leaves)
			got, want := make([]byte, (e.k+1)*PlaneSize), make([]byte, (e.k+1)*PlaneSize)
			c.Fold(got, got[e.k*PlaneSize:], 0, int(block))
			p.foldPortable(want, want[e.k*PlaneSize:], 0, int(block))
			same(t, "fold", got, want)

			slots := random(seed, Rows*16)
			got, want = make([]byte, e.columns*PlaneSize), make([]byte, e.columns*PlaneSize)
			e.Encode(got, slots)
			e.encodePortable(want, slots)
			same(t, "encode", got, want)

			planes := random(seed, e.columns*e.k*PlaneSize)
			got, want = make([]byte, Rows*e.row), make([]byte, Rows*e.row)
			e.Shorten(got, planes)
			e.shortenPortable(want, planes)
			same(t, "shorten", got, want)

			n := (int(eights)%(Rows/8) + 1) * 8
			rows, coins := random(seed, n*e.row), random(seed+1, DrawSize(n))
			got, want = make([]byte, Draws*e.row), make([]byte, Draws*e.row)
			Draw(got, rows, coins, e.row)
			drawPortable(want, rows, coins, e.row)
			same(t, "draw", got, want)

			h, size := NewHasher(Prefix(random(seed, 64))), e.row+16
			sums, wanted := make([][32]byte, n/8), make([][32]byte, n/8)
			in := random(seed, n/8*size)
			h.Sum(sums, in, size)
			h.sumPortable(wanted, in, size)
			for i := range sums {
				same(t, "hash", sums[i][:], wanted[i][:])
			}
		}
	})
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: twins differ", what)
	}
}

func BenchmarkKernels(b *testing.B) {
	for _, kind := range kinds {
		e, c := encoderOf(kind.k, kind.code), NewColumns(kind.k, leavesOf(1, kind.code.Length<<kind.k))
		planes, masked := make([]byte, e.columns*e.k*PlaneSize), make([]byte, e.columns*PlaneSize)
		slots, rows, coins := make([]byte, Rows*16), make([]byte, Rows*e.row), make([]byte, DrawSize(Rows))
		sums := make([]byte, Draws*e.row)
		for _, f := range []struct {
			name string
			do   func()
		}{
			{"fold", func() {
				for i := range e.columns {
					c.Fold(planes[i*e.k*PlaneSize:][:e.k*PlaneSize], masked[i*PlaneSize:][:PlaneSize], i, 0)
				}
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
