package simd

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// Leaf is the seed of a pseudo-random stream: AES-128 in counter mode. Block c of it is the encryption of
// the nonce, 8 bytes, and c in 8 bytes, big-endian. Nonces are as random as keys: without them one
// precomputation would serve to search for the keys of all leaves at once.
type Leaf struct {
	Key   [16]byte
	Nonce [8]byte
}

// LeafSize is the length of a leaf in bytes.
const LeafSize = 24

// Columns holds the leaves of all columns, 2^k each, ready to be expanded, by one goroutine.
type Columns struct {
	k        int
	schedule []byte // assembly: 11 round keys a leaf
	portable *streams
	folding
}

// folding sums the streams of a column's leaves.
type folding struct {
	all, without program // with and without leaf 0
	work         []byte  // 2^k streams, then k planes
}

// NewColumns takes 2^k leaves a column, column after column.
func NewColumns(k int, leaves []Leaf) *Columns {
	c := &Columns{k: k}
	if !c.prepare(leaves) {
		c.portable = &streams{leaves: leaves, at: make([]cursor, len(leaves))}
	}
	if inUse < avx512 {
		c.folding = folding{foldProgram(k, true), foldProgram(k, false), make([]byte, (1<<k+k)*PlaneSize)}
	}
	return c
}

// Fold expands the leaves of a column for one block of rows. With g_x the stream of leaf x, plane b of
// planes, k of PlaneSize bytes, becomes the sum of all g_x where bit b of x is set, and u the sum of all;
// where u is nil it is left out, and leaf 0 is not touched.
func (c *Columns) Fold(planes, u []byte, column, block int) {
	if c.folding.work == nil {
		c.fold(planes, u, column, block)
		return
	}
	work := c.folding.work
	streams, sums := work[:PlaneSize<<c.k], work[PlaneSize<<c.k:]
	program, first := &c.all, 0
	if u == nil {
		program, first = &c.without, 1
	}
	if c.schedule != nil {
		c.expand(streams, column, block)
	} else {
		clear(streams)
		for x := first; x < 1<<c.k; x++ {
			c.portable.expand(streams[x*PlaneSize:][:PlaneSize], column<<c.k+x, block)
		}
	}
	clear(sums)
	program.run(work)
	copy(planes, sums)
	copy(u, streams)
}

// streams are leaves of which each goes on where it was: blocks are asked for in order, but after a rewind.
type streams struct {
	leaves []Leaf
	at     []cursor
}

type cursor struct {
	stream cipher.Stream
	block  int // that it gives next
}

// expand adds a leaf's stream for a block.
func (s *streams) expand(dst []byte, leaf, block int) {
	c, l := &s.at[leaf], &s.leaves[leaf]
	if c.stream == nil || c.block != block {
		b, err := aes.NewCipher(l.Key[:])
		if err != nil {
			panic(err) // 16 bytes are a key
		}
		var iv [aes.BlockSize]byte
		copy(iv[:], l.Nonce[:])
		binary.BigEndian.PutUint64(iv[8:], uint64(block)*(PlaneSize/aes.BlockSize))
		c.stream = cipher.NewCTR(b, iv[:])
	}
	c.stream.XORKeyStream(dst, dst)
	c.block = block + 1
}
