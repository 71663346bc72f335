package tlog_test

import (
	"fmt"
	"testing"

	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/crosslight/crosslight/ledger/tlog"
)

func leaf(i int) []byte { return fmt.Appendf(nil, "leaf %d", i) }

// TestTreeAgainstXMod: roots and proofs of every size up to 70 are those that x/mod/sumdb/tlog accepts,
// and every proof of ours with a flipped bit is refused by both.
func TestTreeAgainstXMod(t *testing.T) {
	const n = 70
	var tree tlog.Tree
	frontier := tlog.NewFrontier()
	roots := []tlog.Hash{tlog.EmptyRoot()}
	for i := range n {
		tree.Append(tlog.LeafHash(leaf(i)))
		frontier.Append(tlog.LeafHash(leaf(i)))
		roots = append(roots, tree.Root())
		if tree.Root() != frontier.Root() || frontier.Size() != tree.Size() {
			t.Fatalf("tree and frontier differ at %d", i+1)
		}
		resumed, err := tlog.ResumeFrontier(frontier.Size(), frontier.Hashes())
		if err != nil || resumed.Root() != tree.Root() {
			t.Fatalf("resume at %d: %v", i+1, err)
		}
	}
	for size := uint64(1); size <= n; size++ {
		if got, err := tree.RootAt(size); err != nil || got != roots[size] {
			t.Fatalf("root at %d: %v", size, err)
		}
		for index := range size {
			checkInclusion(t, &tree, index, size, roots[size])
		}
		for from := uint64(1); from <= size; from++ {
			checkConsistency(t, &tree, from, size, roots)
		}
	}
}

func checkInclusion(t *testing.T, tree *tlog.Tree, index, size uint64, root tlog.Hash) {
	t.Helper()
	path, err := tree.Inclusion(index, size)
	if err != nil {
		t.Fatal(err)
	}
	h := tlog.LeafHash(leaf(int(index)))
	verify := func() (ours, theirs error) {
		return tlog.VerifyInclusion(index, size, h, path, root),
			xtlog.CheckRecord(theirHashes(path), int64(size), xtlog.Hash(root), int64(index), xtlog.Hash(h))
	}
	if ours, theirs := verify(); ours != nil || theirs != nil {
		t.Fatalf("inclusion %d in %d: %v, %v", index, size, ours, theirs)
	}
	if len(path) > 0 {
		path[len(path)/2][3] ^= 1
		if ours, theirs := verify(); ours == nil || theirs == nil {
			t.Fatalf("a false inclusion of %d in %d passed", index, size)
		}
	}
}

func checkConsistency(t *testing.T, tree *tlog.Tree, from, to uint64, roots []tlog.Hash) {
	t.Helper()
	path, err := tree.Consistency(from, to)
	if err != nil {
		t.Fatal(err)
	}
	verify := func() (ours, theirs error) {
		return tlog.VerifyConsistency(from, to, path, roots[from], roots[to]),
			xtlog.CheckTree(theirHashes(path), int64(to), xtlog.Hash(roots[to]), int64(from), xtlog.Hash(roots[from]))
	}
	if ours, theirs := verify(); ours != nil || theirs != nil {
		t.Fatalf("consistency %d to %d: %v, %v", from, to, ours, theirs)
	}
	if len(path) > 0 {
		path[0][0] ^= 1
		if ours, theirs := verify(); ours == nil || theirs == nil {
			t.Fatalf("a false consistency %d to %d passed", from, to)
		}
	}
}

func theirHashes(path []tlog.Hash) []xtlog.Hash {
	out := make([]xtlog.Hash, len(path))
	for i, h := range path {
		out[i] = xtlog.Hash(h)
	}
	return out
}

func TestTreeRefuses(t *testing.T) {
	var tree tlog.Tree
	tree.Append(tlog.LeafHash(leaf(0)))
	for name, do := range map[string]func() error{
		"root beyond the tree":        func() error { _, err := tree.RootAt(2); return err },
		"inclusion beyond the tree":   func() error { _, err := tree.Inclusion(0, 2); return err },
		"inclusion beyond the size":   func() error { _, err := tree.Inclusion(1, 1); return err },
		"consistency beyond the tree": func() error { _, err := tree.Consistency(1, 2); return err },
		"consistency backwards":       func() error { _, err := tree.Consistency(1, 0); return err },
		"frontier with a hash missing": func() error {
			_, err := tlog.ResumeFrontier(3, make([]tlog.Hash, 1))
			return err
		},
	} {
		if do() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
