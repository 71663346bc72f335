package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
)

// turnCheck is how often a node looks whether its epoch has been called to end, or one is over.
const turnCheck = time.Second

// turnEpochs opens the next epoch when the ledger calls the one in force to end, and erases those that are
// over:
//
//	called ─► master drawn ─► index built beside ─► EpochCommit ─► both serve ─► over ─► erased
//
// What has been done shows in the ring, in the store and on the ledger, and nowhere else: after a crash at
// any point the same steps are taken again, and those that were done cost nothing.
func (n *Node) turnEpochs() {
	pause, last := time.Duration(0), ""
	n.every(turnCheck, func() {
		if pause -= turnCheck; pause > 0 {
			return
		}
		err := n.turnOnce()
		switch {
		case err == nil:
			pause, last = 0, ""
		case n.ctx.Err() == nil && err.Error() != last:
			n.log.Warn("the epoch could not be turned; trying again", "error", err)
			fallthrough
		default:
			last, pause = err.Error(), 5*turnCheck
		}
	})
}

func (n *Node) turnOnce() error {
	m, ok := n.self()
	if !ok || !n.settled() || m.Epoch == 0 {
		return nil
	}
	var newest state.Epoch
	n.replica.View(func(s *state.State) { newest, _ = s.Epoch(m.Name) })
	var err error
	if newest.Cause != state.CauseNone && m.Status == state.Active {
		err = n.turn(newest)
	}
	return errors.Join(err, n.eraseEnded())
}

// turn opens the epoch after e. Its index is built first, so that nobody has to wait for it.
func (n *Node) turn(e state.Epoch) error {
	next := e.Commit.Epoch + 1
	n.log.Info("the epoch was called to end; building the next index", "epoch", e.Commit.Epoch, "cause", e.Cause,
		"ends", entry.Instant(e.Until))
	if err := n.drawEpoch(next); err != nil {
		return err
	}
	if err := n.holder.Indexer().Prepare(n.ctx, next); err != nil {
		return fmt.Errorf("build the index of epoch %d: %w", next, err)
	}
	ctx, cancel := context.WithTimeout(n.ctx, registerWithin)
	defer cancel()
	err := n.openEpoch(ctx, next)
	n.holder.Indexer().Kick() // the older one may have changed
	return err
}

// eraseEnded destroys what is left here of epochs that are over in the state that is final: an end that is
// not may yet be undone, and a key does not come back.
func (n *Node) eraseEnded() error {
	oldest := uint64(0) // that serves; none before it does
	n.replica.ViewBoth(func(final, _ *state.State, _ replica.FinalPoint) {
		if final == nil {
			return
		}
		newest, _ := final.Epoch(n.card.Card.Name)
		oldest = newest.Commit.Epoch
		for _, e := range final.Serving(n.card.Card.Name) {
			oldest = min(oldest, e.Commit.Epoch)
		}
	})
	ended, err := n.holder.Left(n.ctx, oldest)
	for _, epoch := range ended {
		if eerr := n.holder.Erase(n.ctx, epoch); eerr != nil {
			err = errors.Join(err, fmt.Errorf("erase epoch %d: %w", epoch, eerr))
			continue
		}
		n.log.Info("an epoch is over; its key and its index are erased", "epoch", epoch)
	}
	return err
}

// checkEpoch says why a member whose epoch was called to end is about to be asked no more.
func (n *Node) checkEpoch(m state.Member) string {
	var newest state.Epoch
	var now uint64
	n.replica.View(func(s *state.State) { newest, _ = s.Epoch(m.Name); now = s.Time() })
	if m.Epoch > 0 && !newest.ServesAt(now) {
		return fmt.Sprintf("epoch %d is over and the next one is not open yet: nobody can ask this member", newest.Commit.Epoch)
	}
	return ""
}
