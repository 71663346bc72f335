package local

import (
	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/protocol/member"
)

// entitled says what policy lets this member have of a holder's index.
func (h *Hub) entitled(holder state.Member) fetch.Entitled {
	self := member.PublicOf(h.cfg.Ring.Private(member.Node)).PeerID()
	return func(epoch uint64, typ string) (tags, labels bool) {
		_ = h.cfg.Authority(func(final, tip *state.State) { // too old to go by entitles to nothing
			permit, err := ledger.AuthorisedMirror(final, tip, ledger.MirrorAsk{
				LedgerID: h.cfg.LedgerID, Asker: self, Holder: holder.PeerID, Epoch: epoch, Type: typ,
			})
			tags, labels = err == nil, err == nil && permit.Labels()
		})
		return tags, labels
	}
}

// retain removes the indexes of ended epochs and of members that are no longer in good standing.
func (h *Hub) retain(members []state.Member) {
	standing := map[member.PublicKey]uint64{}
	for _, m := range members {
		if m.Status == state.Active || m.Name == h.cfg.Name {
			standing[m.Keys.Node] = m.Epoch
		}
	}
	if err := h.cfg.Mirror.Retain(standing); err != nil {
		h.cfg.Log.Warn("ended indexes could not be removed", "error", err)
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
