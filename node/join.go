package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/invite"
)

// ErrForked reports a ledger whose history does not pass through the point that the invitation pins:
// the node was led to another one than the inviter's.
var ErrForked = errors.New("the ledger found is not the one of the invitation: compare the ledger id with the member that invited you, and report this to it")

// Join binds a home to the ledger of an invitation. The node can then be started; it is let in once
// the members have voted for its admission, and checks the pinned history before it is ready.
func Join(dir string, invitation []byte) error {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	if _, err := ownCard(h); err != nil {
		return err
	}
	_, genesis, err := invite.Parse(invitation)
	if err != nil {
		return err
	}
	// The invitation first: a home that has the genesis alone would start without the pin.
	if err := bindable(h, genesis); err != nil {
		return err
	}
	if err := home.WriteFile(h.Invitation(), invitation, 0o600); err != nil {
		return err
	}
	return bind(h, genesis)
}

// pin is the point of history that a newcomer was promised.
type pin struct {
	size uint64
	root [32]byte
	peer map[string][]string // where members' nodes were
}

// readPin returns the pin of a home, or nil for a founder's.
func readPin(h home.Home) (*pin, error) {
	raw, err := os.ReadFile(h.Invitation())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the invitation: %w", err)
	}
	i, _, err := invite.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("the home's invitation is damaged: %w", err)
	}
	p := &pin{size: i.Size, root: i.Root, peer: map[string][]string{}}
	for _, peer := range i.Peers {
		p.peer[peer.ID] = peer.Addresses
	}
	return p, nil
}

// check compares the pin with the replica: reached is false until the history is that long.
func (p *pin) check(r *replica.Replica) (reached bool, err error) {
	if p == nil {
		return true, nil
	}
	var size uint64
	r.View(func(s *state.State) { size = s.Size() })
	if size < p.size {
		return false, nil
	}
	root, ok := r.RootAt(p.size)
	if !ok || root != p.root {
		return false, ErrForked
	}
	return true, nil
}
