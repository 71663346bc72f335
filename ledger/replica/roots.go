package replica

import (
	"sync"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// roots remembers the tree's root at every size that was reached, 32 bytes each, so that what another
// member says of the past can be compared. It is filled when asked.
type roots struct {
	mu   sync.Mutex
	tree tlog.Frontier
	at   [][32]byte // at[i] is the root at size i+1
}

// RootAt returns the ledger's root at an earlier size, from 1 to the present one.
func (r *Replica) RootAt(size uint64) (root [32]byte, ok bool) {
	var have uint64
	var now [32]byte
	r.View(func(s *state.State) { have, now = s.Size(), s.Root() })
	if size == 0 || size > have {
		return root, false
	}
	r.roots.mu.Lock()
	defer r.roots.mu.Unlock()
	if n := uint64(len(r.roots.at)); n == 0 || n >= have && r.roots.at[have-1] != now {
		r.roots.tree, r.roots.at = tlog.NewFrontier(), nil // a snapshot put another execution in place
	}
	leaves, err := r.history.between(uint64(len(r.roots.at)), max(have, uint64(len(r.roots.at))))
	if err != nil {
		return root, false
	}
	for _, leaf := range leaves {
		r.roots.tree.Append(tlog.LeafHash(leaf))
		r.roots.at = append(r.roots.at, r.roots.tree.Root())
	}
	return r.roots.at[size-1], true
}
