package sim

import (
	"os"

	"github.com/crosslight/crosslight/ledger/replica"
)

// illness is a disk that answers one kind of operation with an error.
type illness struct {
	op    replica.Op
	cause error
	late  bool // the operation happens all the same
}

// Sicken lets the node's disk fail every operation of a kind from now on. late: what failed happened,
// although the disk says that it did not.
func (n *Node) Sicken(op replica.Op, cause error, late bool) {
	n.c.Trace.Add("sick %s %s %v %v", n.Org.Name, op, cause, late)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sick = &illness{op, cause, late}
}

// Cure ends what Sicken began. A replica that has stopped stays so.
func (n *Node) Cure() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sick = nil
}

func (n *Node) before(op replica.Op) error { return n.fault(op, false) }
func (n *Node) after(op replica.Op) error  { return n.fault(op, true) }

func (n *Node) fault(op replica.Op, late bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sick == nil || n.sick.op != op || n.sick.late != late {
		return nil
	}
	return &os.PathError{Op: "write", Path: n.Dir, Err: n.sick.cause}
}
