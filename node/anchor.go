package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/protocol/member"
)

// Periods of anchoring: at once when nothing was anchored lately, and then so rarely that an import every
// second does not fill the ledger. What was published in between is anchored together.
const (
	anchorPause  = 3 * time.Second
	anchorRetry  = 5 * time.Second
	anchorWithin = 30 * time.Second
)

// anchor enters on the ledger which manifests of this member are the newest, until the node stops. A crash
// before is made good by the next start, which compares.
func (n *Node) anchor() {
	for {
		if err := n.anchorOnce(); err != nil && n.ctx.Err() == nil {
			n.log.Debug("manifests could not be anchored on the ledger; trying again", "error", err)
		}
		select { // at most so often
		case <-n.ctx.Done():
			return
		case <-time.After(anchorPause):
		}
		select {
		case <-n.ctx.Done():
			return
		case <-n.unanchored:
		case <-time.After(anchorRetry):
		}
	}
}

// anchorOnce anchors what is in use here and not on the ledger.
func (n *Node) anchorOnce() error {
	m, ok := n.self()
	if !ok || !n.settled() || m.Status != state.Active || m.Epoch == 0 {
		return nil
	}
	due, err := n.anchorsDue(m)
	if err != nil || len(due) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(n.ctx, anchorWithin)
	defer cancel()
	for list := range slices.Chunk(due, entry.MaxAnchors) {
		_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
			return entry.NewManifestAnchor(s, seq, list)
		})
		if err != nil && !errors.Is(err, entry.ErrNoChange) {
			return err
		}
	}
	return nil
}

func (n *Node) anchorsDue(m state.Member) ([]entry.Anchored, error) {
	manifests, err := n.mirror.Manifests(m.Keys.Node)
	if err != nil {
		return nil, err
	}
	var due []entry.Anchored
	n.replica.View(func(s *state.State) {
		for _, signed := range manifests { // by epoch, then type
			in := &signed.Manifest
			a, ok := s.ManifestAnchor(m.Name, in.Epoch, in.Type)
			if in.Epoch > m.Epoch || in.Epoch+1 < m.Epoch || ok && a.Version >= in.Version {
				continue
			}
			due = append(due, entry.Anchored{Epoch: in.Epoch, Type: in.Type, Version: in.Version, Manifest: signed.Hash})
		}
	})
	return due, nil
}

// anchorsOf is what the ledger has of a holder, for the mirror to compare with.
func (n *Node) anchorsOf(holder member.PublicKey) map[mirror.Ref]fetch.Anchor {
	out := map[mirror.Ref]fetch.Anchor{}
	n.replica.View(func(s *state.State) {
		m, ok := s.MemberByPeer(holder.PeerID())
		if !ok {
			return
		}
		for _, a := range s.ManifestAnchors(m.Name) {
			out[mirror.Ref{Holder: holder, Epoch: a.Epoch, Type: a.Type}] = fetch.Anchor{Version: a.Version, Manifest: a.Manifest, Index: a.Index}
		}
	})
	return out
}

// Kinds of evidence about manifests; node/evidence examines them.
const (
	evidenceFork      = "manifest-fork"
	evidenceAnchor    = "manifest-anchor"
	evidenceAnnounced = "manifest-announcement"
	evidenceWords     = "announcement-fork"
)

// accuseFork keeps what shows that a holder showed members different indexes.
func (n *Node) accuseFork(f fetch.Fork) {
	e := replica.Evidence{Peer: f.Ref.Holder.PeerID()}
	switch {
	case f.Served == nil:
		e.Kind, e.Held, e.Said = evidenceWords, f.Words[0].Raw, f.Words[1].Raw
	case f.Words[0].Raw != nil:
		e.Kind, e.Held, e.Said = evidenceAnnounced, f.Words[0].Raw, f.Served.Raw
	case f.Other != nil:
		e.Kind, e.Held, e.Said = evidenceFork, f.Other.Raw, f.Served.Raw
	default:
		leaf, err := n.replica.Leaves(f.Anchor.Index, f.Anchor.Index+1)
		if err != nil {
			n.log.Warn("evidence against a member was not kept: its anchor cannot be read", "peer", e.Peer, "error", err)
			return
		}
		e.Kind, e.Held, e.Said = evidenceAnchor, leaf[0], f.Served.Raw
	}
	n.log.Warn("a member shows different members different indexes: what contradicts the ledger, or what it announced to all, is not taken",
		"peer", e.Peer, "epoch", f.Ref.Epoch, "type", f.Ref.Type)
	n.accuse(e)
}
