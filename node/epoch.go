package node

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
)

// registerEpoch opens the member's first epoch, or the next one when the key of the one in force is not
// here any more: without it nobody could be answered.
func (n *Node) registerEpoch(ctx context.Context, m state.Member) error {
	if m.Epoch > 0 {
		same, err := n.holdsEpoch(m)
		if same || err != nil {
			return err
		}
		n.log.Warn("the key of the epoch in force is not here; opening the next one", "epoch", m.Epoch)
	}
	next := m.Epoch + 1
	if err := n.drawEpoch(next); err != nil {
		return err
	}
	return n.openEpoch(ctx, next)
}

// drawEpoch makes the master of an epoch, unless an earlier attempt has.
func (n *Node) drawEpoch(epoch uint64) error {
	if err := n.ring.NewEpoch(epoch); err != nil && !errors.Is(err, keys.ErrEpochExists) {
		return err
	}
	return nil
}

// openEpoch puts the keys of the next epoch on the ledger. From there on it serves.
func (n *Node) openEpoch(ctx context.Context, next uint64) error {
	commit, err := n.epochKeys(next)
	if err != nil {
		return err
	}
	_, _, err = n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewEpochCommit(s, seq, next, commit)
	})
	if err == nil {
		n.log.Info("epoch opened", "epoch", next)
	}
	return err
}

// holdsEpoch compares the key derived here with the one on the ledger, not the number of a file: a
// master drawn for an epoch that was never entered must not pass for the one that was.
func (n *Node) holdsEpoch(m state.Member) (bool, error) {
	var on state.Epoch
	n.replica.View(func(s *state.State) { on, _ = s.Epoch(m.Name) })
	if len(on.Commit.Keys) == 0 {
		return false, nil
	}
	first := on.Commit.Keys[0] // all keys of an epoch follow from one master
	key, err := n.ring.OPRFKey(n.genesis.ID(), m.Name, m.Epoch, first.Type)
	if errors.Is(err, keys.ErrNoEpoch) {
		return false, nil
	}
	return err == nil && key.Public() == first.Public, err
}

// epochKeys derives the public keys of an epoch with proofs that this member holds them.
func (n *Node) epochKeys(epoch uint64) ([]entry.EpochKey, error) {
	var out []entry.EpochKey
	for _, t := range indicator.Types() {
		key, err := n.ring.OPRFKey(n.genesis.ID(), n.card.Card.Name, epoch, string(t))
		if err != nil {
			return nil, err
		}
		proof, err := keys.Possession(key, n.genesis.ID(), n.card.Card.Name, epoch, string(t), rand.Reader)
		if err != nil {
			return nil, err
		}
		out = append(out, entry.EpochKey{Type: string(t), Public: key.Public(), Possession: [64]byte(proof)})
	}
	return out, nil
}
