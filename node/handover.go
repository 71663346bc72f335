package node

import (
	"context"
	"errors"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

const (
	// handOverCheck is how often a node looks whether a hand-over waits for its certificate.
	handOverCheck = 500 * time.Millisecond
	// handOverTurn is how long other nodes leave it to the leader's.
	handOverTurn = 3 * time.Second
)

// handOver enters on the ledger that the voters of before have made final the entry that replaced them:
// until then no other change of the voters is accepted. Any voter's node does it, the leader's first.
func (n *Node) handOver() {
	var since time.Time
	n.every(handOverCheck, func() {
		open, ok := n.openHandOver()
		if !ok {
			since = time.Time{}
			return
		}
		if since.IsZero() {
			since = time.Now()
		}
		if leader, _ := n.replica.Leader(); leader == n.host.ID() || time.Since(since) >= handOverTurn {
			n.enterHandOver(open)
		}
	})
}

// openHandOver returns the hand-over that waits for its certificate, if this member's node is a voter's.
func (n *Node) openHandOver() (open state.HandOver, ok bool) {
	n.replica.View(func(s *state.State) {
		if m, on := s.Member(n.card.Card.Name); on && m.Voter {
			open, ok = s.HandOver()
		}
	})
	return open, ok
}

func (n *Node) enterHandOver(open state.HandOver) {
	p, ok := n.replica.FinalAt(open.Size)
	if !ok || p.Size != open.Size {
		return // not final yet
	}
	ctx, cancel := context.WithTimeout(n.ctx, attestWithin)
	defer cancel()
	_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewHandOver(s, seq, p.Certificate)
	})
	if err != nil && !errors.Is(err, entry.ErrNoHandOver) && n.ctx.Err() == nil {
		n.log.Warn("could not enter on the ledger that the voters have changed; trying again", "error", err)
	}
}
