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
	vouchCheck  = time.Second
	vouchWithin = 10 * time.Second
	// sealEvery is how many leaves lie between a voter's seals; each is a leaf itself.
	sealEvery = 4096
)

// vouch enters, as a voter, what is final and what state that is: a seal is proof against whoever makes
// two that contradict one another, and an anchor lets a snapshot be checked before it is executed. A
// refusal is tried again: the leader was away.
func (n *Node) vouch() {
	var anchored uint64
	n.every(vouchCheck, func() {
		m, ok := n.self()
		if !ok || !m.Voter || !n.settled() || !n.replica.Decides() {
			return
		}
		err := n.seal(m)
		if a, ok := n.replica.Anchor(); ok && a.Size > anchored {
			failed := n.enter(func(s entry.Signer, seq uint64) (entry.Raw, error) { return entry.NewStateAnchor(s, seq, a) })
			if failed == nil {
				anchored = a.Size
			}
			err = errors.Join(err, failed)
		}
		if err != nil && n.ctx.Err() == nil {
			n.log.Debug("could not vouch on the ledger; trying again", "error", err)
		}
	})
}

// seal states what is final, every so many leaves: only what a quorum has locked.
func (n *Node) seal(m state.Member) error {
	p := n.replica.Final()
	var last entry.Seal
	n.replica.View(func(s *state.State) { last, _ = s.Seal(m.Name) })
	if p.Height == 0 || p.Size < last.Size+sealEvery {
		return nil
	}
	return n.enter(func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewSeal(s, seq, entry.Seal{Height: p.Height, Size: p.Size, Root: p.Root})
	})
}

// enter enters what the log key signs. That it stands already is as good.
func (n *Node) enter(build func(s entry.Signer, seq uint64) (entry.Raw, error)) error {
	ctx, cancel := context.WithTimeout(n.ctx, vouchWithin)
	defer cancel()
	_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Log), build)
	if errors.Is(err, entry.ErrNoChange) {
		return nil
	}
	return err
}
