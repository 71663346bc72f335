package tlog

import (
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Tree holds the hashes of a whole tree, 64 bytes a leaf, and makes proofs from them. The zero value is
// the empty tree. It is safe for concurrent readers while nobody appends.
type Tree struct{ levels [][]Hash }

// Append adds a leaf by its hash.
func (t *Tree) Append(leaf Hash) {
	for level := 0; ; level++ {
		if level == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		t.levels[level] = append(t.levels[level], leaf)
		n := len(t.levels[level])
		if n%2 == 1 {
			return
		}
		leaf = nodeHash(t.levels[level][n-2], t.levels[level][n-1])
	}
}

func nodeHash(left, right Hash) Hash {
	return Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
}

// Size is the number of leaves.
func (t *Tree) Size() uint64 {
	if len(t.levels) == 0 {
		return 0
	}
	return uint64(len(t.levels[0]))
}

// Root is the tree hash over all leaves.
func (t *Tree) Root() Hash {
	root, err := t.RootAt(t.Size())
	if err != nil {
		panic(err) // the size is our own: this is our own bug
	}
	return root
}

// RootAt is the tree hash over the first size leaves.
func (t *Tree) RootAt(size uint64) (Hash, error) {
	if size > t.Size() {
		return Hash{}, fmt.Errorf("tree of %d leaves has no root at %d", t.Size(), size)
	}
	f, err := ResumeFrontier(size, t.hashes(compact.RangeNodes(0, size, nil)))
	if err != nil {
		return Hash{}, err
	}
	return f.Root(), nil
}

// Inclusion proves that the leaf at index is in the tree of size leaves (RFC 6962 §2.1.1).
func (t *Tree) Inclusion(index, size uint64) ([]Hash, error) {
	if size > t.Size() {
		return nil, fmt.Errorf("tree has %d leaves, not %d", t.Size(), size)
	}
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, err
	}
	return t.prove(nodes)
}

// Consistency proves that the tree of from leaves is a prefix of the tree of to leaves (RFC 6962
// §2.1.2).
func (t *Tree) Consistency(from, to uint64) ([]Hash, error) {
	if to > t.Size() {
		return nil, fmt.Errorf("tree has %d leaves, not %d", t.Size(), to)
	}
	nodes, err := proof.Consistency(from, to)
	if err != nil {
		return nil, err
	}
	return t.prove(nodes)
}

func (t *Tree) prove(nodes proof.Nodes) ([]Hash, error) {
	rehashed, err := nodes.Rehash(slicesOf(t.hashes(nodes.IDs)), rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, err
	}
	out := make([]Hash, len(rehashed))
	for i, h := range rehashed {
		out[i] = Hash(h)
	}
	return out, nil
}

func (t *Tree) hashes(ids []compact.NodeID) []Hash {
	out := make([]Hash, len(ids))
	for i, id := range ids {
		out[i] = t.levels[id.Level][id.Index]
	}
	return out
}

func slicesOf(hashes []Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// VerifyInclusion checks that the leaf with that hash is at index in the tree of size leaves and root.
func VerifyInclusion(index, size uint64, leaf Hash, path []Hash, root Hash) error {
	return proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf[:], slicesOf(path), root[:])
}

// VerifyConsistency checks that the tree of size from and root old is a prefix of the tree of size to
// and root next.
func VerifyConsistency(from, to uint64, path []Hash, old, next Hash) error {
	return proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, slicesOf(path), old[:], next[:])
}
