package tlog

import (
	"crypto/sha256"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// HashSize is the length of a hash in bytes.
const HashSize = sha256.Size

// Hash is the RFC 6962 hash of a leaf, an inner node or a tree.
type Hash [HashSize]byte

// LeafHash is SHA-256 over a zero byte and the leaf.
func LeafHash(leaf []byte) Hash { return Hash(rfc6962.DefaultHasher.HashLeaf(leaf)) }

// EmptyRoot is the root of the tree without leaves.
func EmptyRoot() Hash { return Hash(rfc6962.DefaultHasher.EmptyRoot()) }

var ranges = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Frontier is the right edge of a tree: enough to append and to know the root, at most 64 hashes. It
// is not safe for concurrent writers; the zero value is no frontier, use [NewFrontier].
type Frontier struct{ r *compact.Range }

// NewFrontier returns the frontier of the empty tree.
func NewFrontier() Frontier { return Frontier{ranges.NewEmptyRange(0)} }

// ResumeFrontier returns the frontier of a tree of size leaves from its Hashes. That they belong to a
// particular tree shows in its Root alone.
func ResumeFrontier(size uint64, hashes []Hash) (Frontier, error) {
	list := make([][]byte, len(hashes))
	for i := range hashes {
		list[i] = hashes[i][:]
	}
	r, err := ranges.NewRange(0, size, list)
	if err != nil {
		return Frontier{}, fmt.Errorf("resume frontier of %d leaves: %w", size, err)
	}
	return Frontier{r}, nil
}

// Append adds a leaf by its hash.
func (f Frontier) Append(leaf Hash) {
	if err := f.r.Append(leaf[:], nil); err != nil {
		panic(err) // the range is our own and starts at 0: this is our own bug
	}
}

// Size is the number of leaves.
func (f Frontier) Size() uint64 { return f.r.End() }

// Root is the RFC 6962 tree hash.
func (f Frontier) Root() Hash {
	if f.r.End() == 0 {
		return EmptyRoot()
	}
	root, err := f.r.GetRootHash(nil)
	if err != nil {
		panic(err) // as in Append
	}
	return Hash(root)
}

// Hashes returns the roots of the perfect subtrees, left to right.
func (f Frontier) Hashes() []Hash {
	out := make([]Hash, 0, len(f.r.Hashes()))
	for _, h := range f.r.Hashes() {
		out = append(out, Hash(h))
	}
	return out
}
