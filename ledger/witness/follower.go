package witness

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// ErrBehind reports a ledger that has not been executed to where the follower cosigned it before: it has to
// catch up first.
var ErrBehind = errors.New("this node's ledger is shorter than what its cosigner key has signed")

// FollowerConfig is what a follower is made of.
type FollowerConfig struct {
	Key   ed25519.PrivateKey // signs cosignatures and nothing else
	Store Store
	// RootAt is the root of the ledger that this node has executed itself, at an earlier size.
	RootAt func(size uint64) (root [32]byte, ok bool)
	Now    func() time.Time
	Fork   func(held, shown tlog.Note) // as of [Config]
}

// Follower cosigns what is final with a member's own node that has no vote. It is a witness that needs no
// proof of growth, since the node holds every entry: what it cosigned before must be in the history that its
// node has executed. It is safe for concurrent use. A follower and a witness must not share a key or a store.
type Follower struct {
	cfg FollowerConfig
	mu  sync.Mutex // from the comparison with what is held until that is replaced
}

// NewFollower returns a follower.
func NewFollower(cfg FollowerConfig) *Follower { return &Follower{cfg: cfg} }

// Key is what its cosignatures verify with.
func (f *Follower) Key() tlog.Key { return tlog.CosignerKey(member.PublicOf(f.cfg.Key)) }

// Cosign signs a checkpoint that is final here, n with the voters' cosignatures, after n is on disk. What is
// larger or as large as n and was signed before stays what is held. Errors: [HeldError] for a checkpoint that
// is smaller, [ErrFork] for a history in which what was signed does not stand, [ErrBehind], [ErrStore].
func (f *Follower) Cosign(n tlog.Note) (tlog.Cosignature, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, ok, err := f.cfg.Store.Newest(n.Origin)
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if ok {
		if err := f.follows(held, n); err != nil {
			return tlog.Cosignature{}, err
		}
	}
	if root, ok := f.cfg.RootAt(n.Size); !ok || root != n.Root {
		return tlog.Cosignature{}, fmt.Errorf("%w: it is not the one executed here", ErrPath)
	}
	if !ok || held.Checkpoint != n.Checkpoint {
		if err := f.cfg.Store.Keep(n); err != nil {
			return tlog.Cosignature{}, fmt.Errorf("%w: %w", ErrStore, err)
		}
	}
	s, err := tlog.Cosign(n.Checkpoint, f.cfg.Key, uint64(max(0, f.cfg.Now().Unix())))
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s, nil
}

// follows says whether n extends what was signed before.
func (f *Follower) follows(held, n tlog.Note) error {
	if n.Size < held.Size {
		return &HeldError{held.Size, ErrHeld}
	}
	root, ok := f.cfg.RootAt(held.Size)
	if !ok {
		return fmt.Errorf("%w: %d entries", ErrBehind, held.Size)
	}
	if root != held.Root || n.Size == held.Size && n.Root != held.Root {
		if f.cfg.Fork != nil {
			f.cfg.Fork(held, n)
		}
		return &HeldError{held.Size, ErrFork}
	}
	return nil
}
