package local

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// updateMirror brings one holder's index here, as far as policy entitles this member to it.
func (h *Hub) updateMirror(ctx context.Context, holder state.Member) error {
	self := member.PublicOf(h.cfg.Ring.Private(member.Node)).PeerID()
	return h.cfg.Fetcher.Update(ctx, holder.Keys.Node, func(epoch uint64, typ string) (tags, labels bool) {
		h.cfg.Replica.View(func(s *state.State) {
			permit, err := ledger.AuthorisedMirror(s, ledger.MirrorAsk{
				LedgerID: h.cfg.LedgerID, Asker: self, Holder: holder.PeerID, Epoch: epoch, Type: typ,
			})
			tags, labels = err == nil, err == nil && permit.Labels()
		})
		return tags, labels
	})
}

func (h *Hub) updateMirrorWithin(ctx context.Context, holder state.Member, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return h.updateMirror(ctx, holder)
}

// Periods of the mirror's own work: a query updates the holders that it asks at once.
const (
	followEvery = 5 * time.Second
	followLimit = 20 * time.Second
)

// Follow keeps the mirrors up to date in the background until ctx ends, so that a query finds large
// indexes here already.
func (h *Hub) Follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.followAll(ctx)
		}
	}
}

func (h *Hub) followAll(ctx context.Context) {
	var members []state.Member
	h.cfg.Replica.View(func(s *state.State) { members = s.Members() })
	for _, m := range members {
		if m.Name == h.cfg.Name || m.Status != state.Active || m.Epoch == 0 {
			continue
		}
		if err := h.updateMirrorWithin(ctx, m, followLimit); err != nil {
			h.cfg.Log.Debug("a mirror could not be updated", "holder", m.Name, "error", err)
		}
	}
}

// mirrored is how many entries of a holder's index are here.
func (h *Hub) mirrored(holder state.Member) (n int64) {
	manifests, err := h.cfg.Mirror.Manifests(holder.Keys.Node)
	if err != nil {
		return 0
	}
	for _, m := range manifests {
		if m.Manifest.Epoch != holder.Epoch {
			continue
		}
		for _, s := range m.Manifest.Segments {
			n += int64(s.Count)
		}
	}
	return n
}
