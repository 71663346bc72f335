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

// Columns holds the leaves of all columns, 2^k each, ready to be expanded.
type Columns struct {
	k        int
	nonces   []uint64
	ciphers  []cipher.Block // portable
	schedule []byte         // assembly: 11 round keys a leaf
}

// NewColumns takes 2^k leaves a column, column after column.
func NewColumns(k int, leaves []Leaf) *Columns {
	c := &Columns{k: k}
	if c.prepare(leaves) {
		return c
	}
	return portableColumns(k, leaves)
}

func portableColumns(k int, leaves []Leaf) *Columns {
	c := &Columns{k: k}
	c.nonces, c.ciphers = make([]uint64, len(leaves)), make([]cipher.Block, len(leaves))
	for i := range leaves {
		b, err := aes.NewCipher(leaves[i].Key[:])
		if err != nil {
			panic(err) // 16 bytes are a key
		}
		c.ciphers[i], c.nonces[i] = b, binary.BigEndian.Uint64(leaves[i].Nonce[:])
	}
	return c
}

// Fold expands the leaves of a column for one block of rows. With g_x the stream of leaf x, plane b of
// planes, k of PlaneSize bytes, becomes the sum of all g_x where bit b of x is set, and u the sum of all;
// where u is nil it is left out, and leaf 0 is not touched.
func (c *Columns) Fold(planes, u []byte, column, block int) {
	if c.schedule != nil {
		c.fold(planes, u, column, block)
		return
	}
	c.foldPortable(planes, u, column, block)
}

func (c *Columns) foldPortable(planes, u []byte, column, block int) {
	clear(planes[:c.k*PlaneSize])
	clear(u)
	var iv [16]byte
	var stream [PlaneSize]byte
	for x := range 1 << c.k {
		if x == 0 && u == nil {
			continue
		}
		i := column<<c.k + x
		binary.BigEndian.PutUint64(iv[:], c.nonces[i])
		binary.BigEndian.PutUint64(iv[8:], uint64(block)*(PlaneSize/aes.BlockSize))
		clear(stream[:])
		cipher.NewCTR(c.ciphers[i], iv[:]).XORKeyStream(stream[:], stream[:])
		for b := range c.k {
			if x>>b&1 == 1 {
				xorInto(planes[b*PlaneSize:], stream[:])
			}
		}
		if u != nil {
			xorInto(u, stream[:])
		}
	}
}
