package sim

import (
	"context"
	"errors"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// Action is what a client does.
type Action uint8

// The actions.
const (
	Append Action = iota // submit an entry
	Read                 // size and root of a ledger that holds all that was confirmed before
	Glance               // size and root of what some node has executed
)

// Outcome is what came of it.
type Outcome uint8

// The outcomes. Reads are Done or left out.
const (
	Done     Outcome = iota
	Rejected         // by the ledger's rules: Code says why
	Refused          // no node took it; it is to leave no trace
	Unknown          // it may stand or not, now or later
)

// Op is one action of a client with its outcome. Call and Return are places in one order of all events
// of a history, not times.
type Op struct {
	Client       int
	Action       Action
	Call, Return int64
	Outcome      Outcome

	Key  int      // Append: whose operator key
	Seq  uint64   // its sequence number
	Hash [32]byte // of the entry
	Code uint16   // entry.Rejection

	Index uint64   // Append: of the leaf
	Size  uint64   // Read, Glance
	Root  [32]byte //
}

// System is what the clients of a history talk to. A planted bug is another System.
type System interface {
	// Submit has a node order an entry; errors are those of replica.Submit.
	Submit(ctx context.Context, n *Node, raw []byte) (uint64, error)
	// Read returns size and root of a ledger that holds all that was confirmed before the call.
	Read(ctx context.Context, n *Node) (uint64, [32]byte, error)
	// Glance returns size and root of what the node has executed.
	Glance(n *Node) (uint64, [32]byte, error)
}

// Real is the ledger as it is.
type Real struct{}

var errDown = errors.New("the node is down")

// Submit implements System.
func (Real) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	r := n.Replica()
	if r == nil {
		return 0, errDown
	}
	result, err := r.Submit(ctx, raw)
	return result.Index, err
}

// Read implements System. A verdict of the ledger is given behind a barrier, on a state that holds all
// that was ordered before: an entry that nothing can make acceptable asks for no more than that.
func (s Real) Read(ctx context.Context, n *Node) (uint64, [32]byte, error) {
	_, err := s.Submit(ctx, n, []byte("a barrier"))
	if !errors.Is(err, entry.ErrMalformed) {
		return 0, [32]byte{}, errors.Join(errors.New("no barrier"), err)
	}
	return s.Glance(n)
}

// Glance implements System.
func (Real) Glance(n *Node) (size uint64, root [32]byte, err error) {
	r := n.Replica()
	if r == nil {
		return 0, root, errDown
	}
	r.View(func(s *state.State) { size, root = s.Size(), s.Root() })
	return size, root, nil
}
