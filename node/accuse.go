package node

import (
	"context"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/protocol/member"
)

// accusations is how much evidence may wait to be written down. More is counted and logged only.
const accusations = 64

// accuse takes evidence from the replica, whose goroutines it must not keep.
func (n *Node) accuse(e replica.Evidence) {
	select {
	case n.accused <- e:
	default:
	}
}

// keepEvidence writes down what other members did to the ledger, until the node stops, and then what
// is still waiting.
func (n *Node) keepEvidence() {
	for {
		select {
		case e := <-n.accused:
			n.keep(e)
			continue
		default:
		}
		select {
		case e := <-n.accused:
			n.keep(e)
		case <-n.ctx.Done():
			return
		}
	}
}

func (n *Node) keep(e replica.Evidence) {
	ledger := n.genesis.ID()
	path, err := evidence.Save(n.home.Evidence(), evidence.Record{
		Kind: e.Kind, Accused: e.Peer, Ledger: ledger[:], Key: n.keyOf(e), Request: e.Held, Response: e.Said,
	}, n.cfg.Now())
	if err != nil {
		n.log.Warn("evidence against a member was not kept", "peer", e.Peer, "kind", e.Kind, "error", err)
		return
	}
	n.log.Warn("evidence against a member was kept", "peer", e.Peer, "kind", e.Kind, "file", path)
}

// keyOf is the public key that evidence is to be checked against, where one key signed all of it.
func (n *Node) keyOf(e replica.Evidence) []byte {
	var id member.KeyID
	switch e.Kind {
	case replica.EvidenceEquivocation:
		votes, err := finality.ParseEvidence(e.Said)
		if err != nil {
			return nil
		}
		id = votes.Signer()
	case evidenceAnchor:
		signed, err := entry.Parse(e.Held)
		if err != nil {
			return nil
		}
		id = signed.Envelope().SignerKey
	case replica.EvidenceEntries:
		signed, err := entry.Parse(e.Said)
		if err != nil {
			return nil
		}
		id = signed.Envelope().SignerKey
	default:
		return nil
	}
	var key member.PublicKey
	ok := false
	n.replica.View(func(s *state.State) { key, _, _, _, ok = s.KeyByID(id) })
	if !ok {
		return nil
	}
	return key[:]
}

// StartUnguarded is Start without the gates and guards that keep members from attacking one another's
// ledger: the connection gate, raft's gate, the log guard, the snapshot guard. It is for tests that
// show what those are for; only a test has a t to give.
func StartUnguarded(t replica.TB, ctx context.Context, cfg Config) (*Node, error) {
	t.Helper()
	return start(ctx, cfg, t)
}

// Ledger is this node's replica of the ledger.
func (n *Node) Ledger() *replica.Replica { return n.replica }

// openReplica opens the replica with its guards, or, in a test, without.
func (n *Node) openReplica(cfg replica.Config) (*replica.Replica, error) {
	if n.unguarded != nil {
		return replica.OpenUnguarded(n.unguarded, cfg)
	}
	return replica.Open(cfg)
}
