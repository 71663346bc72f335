package node

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/protocol/member"
)

// keyWatch brings the key files after the ledger: which of a member's keys is in use is the ledger's
// word, also where a crash came between drawing a key and entering it.
type keyWatch struct {
	failed  func(error)
	failing telemetry.Check
	restart bool // written and read by watchLedger alone
}

// errRestart reports keys that this node uses from its next start on.
var errRestart = restartError{}

type restartError struct{}

func (restartError) Error() string {
	return "the ledger has another node, log or cosigner key for this member: restart this node, which then uses it"
}

func newKeyWatch() *keyWatch {
	w := &keyWatch{}
	w.failed, w.failing = telemetry.Failing()
	return w
}

// followKeys takes into use the keys that the ledger has for this member.
func (n *Node) followKeys() {
	m, ok := n.self()
	if !ok {
		return
	}
	restart, err := n.ring.Follow(n.notBehind(m.Keys))
	switch {
	case err != nil:
		n.log.Error("a key of this member on the ledger cannot be used", "error", err)
	case restart && !n.keys.restart:
		n.log.Warn(errRestart.Error())
		err = errRestart
	case restart:
		err = errRestart
	}
	n.keys.restart = restart
	n.keys.failed(err)
}

// notBehind keeps, of the keys of this replica's state, what is newer here: just started, it may not have
// caught up with a rotation that this node has followed before, and knows nothing of the key that it
// brought.
func (n *Node) notBehind(onLedger member.KeySet) member.KeySet {
	chosen := n.ring.Chosen()
	n.replica.View(func(s *state.State) {
		for _, role := range member.Roles() {
			if _, _, _, _, known := s.KeyByID(chosen.Of(role).ID()); !known {
				onLedger = onLedger.With(role, chosen.Of(role))
			}
		}
	})
	return onLedger
}

// otherNodeKey says what to do where this node may be a stranger to the others: it drew another node key, and
// stopped before it heard that the ledger has it.
func (n *Node) otherNodeKey() string {
	for _, key := range n.ring.Kept(member.Node) {
		unknown := false
		n.replica.View(func(s *state.State) { _, _, _, _, ok := s.KeyByID(key.ID()); unknown = !ok })
		if unknown {
			return fmt.Sprintf("; if the rotation to the node key %s was entered, stop this node and run `crosslight key adopt %s`", key.ID(), key.ID())
		}
	}
	return ""
}

// owns says whether the member of this node's name is this node's: an applicant may find its name taken.
func (n *Node) owns(s *state.State) bool {
	m, _, ok := s.MemberByKey(n.card.Card.Keys.Node.ID())
	return ok && m.Name == n.card.Card.Name
}
