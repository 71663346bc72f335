package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/crosslight/crosslight/ledger/entry"
)

// The planted bugs in reading.

// stale reads from any node.
type stale struct{ Real }

func (s *stale) Read(_ context.Context, n *Node) (uint64, [32]byte, error) {
	return s.Glance(n.c.Nodes[0])
}

// faithful reads from the first leader that it met, for as long as that one runs.
type faithful struct {
	Real
	mu     sync.Mutex
	leader *Node
}

func (s *faithful) Read(_ context.Context, n *Node) (uint64, [32]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leader == nil || s.leader.c != n.c || s.leader.Replica() == nil {
		s.leader = n.c.Leader()
	}
	if s.leader == nil {
		return 0, [32]byte{}, errDown
	}
	return s.Glance(s.leader)
}

// early looks first and makes sure that it leads afterwards, of a node that did when it looked.
type early struct {
	Real
	mu   sync.Mutex
	last map[*Node]view
}

type view struct {
	size uint64
	root [32]byte
}

func (s *early) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	size, root, err := s.Glance(n)
	s.mu.Lock()
	before := s.last[n]
	if s.last == nil {
		s.last = map[*Node]view{}
	}
	s.last[n] = view{size, root}
	s.mu.Unlock()
	if err != nil || before.size == 0 {
		return 0, root, errLost
	}
	if _, err := s.Submit(ctx, n, []byte("a barrier")); !errors.Is(err, entry.ErrMalformed) {
		return 0, root, errors.Join(errLost, err)
	}
	return before.size, before.root, nil
}

// cached answers each node's tenth read afresh.
type cached struct {
	Real
	mu    sync.Mutex
	kept  view
	since int
}

func (s *cached) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	s.mu.Lock()
	kept, use := s.kept, s.since%10 != 0 && s.kept.size > 0
	s.since++
	s.mu.Unlock()
	if use {
		return kept.size, kept.root, nil
	}
	size, root, err := s.Real.Read(ctx, n)
	if err == nil {
		s.mu.Lock()
		s.kept = view{size, root}
		s.mu.Unlock()
	}
	return size, root, err
}

// altered gives the ledger with some other leaves than those that stand.
func altered(s System, ctx context.Context, n *Node, change func([][]byte) [][]byte) (uint64, [32]byte, error) {
	size, root, err := s.Read(ctx, n)
	if err != nil || size < 4 {
		return size, root, err
	}
	r := n.Replica()
	if r == nil {
		return 0, root, errDown
	}
	leaves, err := r.Leaves(0, size)
	if err != nil {
		return 0, root, err
	}
	leaves = change(append([][]byte(nil), leaves...))
	return uint64(len(leaves)), rootOf(leaves), nil
}

// backward shows the ledger as it was one entry ago, now and then.
type backward struct {
	Real
	sometimes
}

func (s *backward) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	if !s.one(20) {
		return s.Real.Read(ctx, n)
	}
	return altered(s.Real, ctx, n, func(l [][]byte) [][]byte { return l[:len(l)-2] })
}

// dirty shows an entry that was handed in and not confirmed.
type dirty struct {
	Real
	mu      sync.Mutex
	pending []byte
}

func (s *dirty) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	if len(raw) >= 64 {
		s.mu.Lock()
		s.pending = raw
		s.mu.Unlock()
	}
	return s.Real.Submit(ctx, n, raw)
}

func (s *dirty) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	s.mu.Lock()
	pending := s.pending
	s.mu.Unlock()
	return altered(s.Real, ctx, n, func(l [][]byte) [][]byte {
		for _, leaf := range l {
			if sha256.Sum256(leaf) == sha256.Sum256(pending) {
				return l
			}
		}
		return append(l, pending)
	})
}

// doubled, reordered and torn show leaves that are not the ledger's.
type doubled struct {
	Real
	sometimes
}

func (s *doubled) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	if !s.one(20) {
		return s.Real.Read(ctx, n)
	}
	return altered(s.Real, ctx, n, func(l [][]byte) [][]byte { return append(l, l[len(l)-1]) })
}

type reordered struct {
	Real
	sometimes
}

func (s *reordered) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	if !s.one(20) {
		return s.Real.Read(ctx, n)
	}
	return altered(s.Real, ctx, n, func(l [][]byte) [][]byte {
		l[len(l)-1], l[len(l)-2] = l[len(l)-2], l[len(l)-1]
		return l
	})
}

type torn struct {
	Real
	sometimes
}

func (s *torn) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	if !s.one(20) {
		return s.Real.Read(ctx, n)
	}
	size, root, err := altered(s.Real, ctx, n, func(l [][]byte) [][]byte { return l[:len(l)-1] })
	return size + 1, root, err
}

// skipping leaves one entry out on the first node.
type skipping struct{ Real }

func (s *skipping) Glance(n *Node) (uint64, [32]byte, error) {
	size, root, err := s.Real.Glance(n)
	if err != nil || n != n.c.Nodes[0] || size < 10 {
		return size, root, err
	}
	r := n.Replica()
	if r == nil {
		return size, root, errDown
	}
	leaves, err := r.Leaves(0, size)
	if err != nil {
		return size, root, err
	}
	return size - 1, rootOf(append(append([][]byte(nil), leaves[:5]...), leaves[6:]...)), nil
}
