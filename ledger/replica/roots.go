package replica

import (
	"sync"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// roots remembers the tree's root at every size that was reached, 32 bytes each, so that what another
// member says of the past can be compared. It is filled when asked.
type roots struct {
	mu    sync.Mutex
	epoch uint64 // of the history that the rest is about
	tree  tlog.Frontier
	at    [][32]byte // at[i] is the root at size i+1
}

// RootAt returns the ledger's root at an earlier size, from 1 to the present one.
func (r *Replica) RootAt(size uint64) (root [32]byte, ok bool) {
	r.roots.mu.Lock()
	defer r.roots.mu.Unlock()
	leaves, epoch := r.history.all()
	if size == 0 || size > uint64(len(leaves)) {
		return root, false
	}
	if r.roots.at == nil || r.roots.epoch != epoch {
		r.roots.tree, r.roots.at, r.roots.epoch = tlog.NewFrontier(), nil, epoch
	}
	for _, leaf := range leaves[min(len(r.roots.at), len(leaves)):] {
		r.roots.tree.Append(tlog.LeafHash(leaf))
		r.roots.at = append(r.roots.at, r.roots.tree.Root())
	}
	return r.roots.at[size-1], true
}
