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

// retain removes the indexes of epochs that are over and of members that are no longer in good standing.
func (h *Hub) retain() {
	oldest := map[member.PublicKey]uint64{} // epoch that serves, by node key
	h.cfg.Replica.View(func(s *state.State) {
		for _, m := range s.Members() {
			if m.Status != state.Active && m.Name != h.cfg.Name {
				continue
			}
			oldest[m.Keys.Node] = m.Epoch + 1
			for _, e := range s.Serving(m.Name) {
				oldest[m.Keys.Node] = min(oldest[m.Keys.Node], e.Commit.Epoch)
			}
		}
	})
	if err := h.cfg.Mirror.Retain(oldest); err != nil {
		h.cfg.Log.Warn("ended indexes could not be removed", "error", err)
	}
}

// mirrored is how many entries of a holder's index are here, in the newest epoch of which there are any.
func (h *Hub) mirrored(holder state.Member) int64 {
	manifests, err := h.cfg.Mirror.Manifests(holder.Keys.Node)
	if err != nil {
		return 0
	}
	entries, newest := map[uint64]int64{}, uint64(0)
	for _, m := range manifests {
		newest = max(newest, m.Manifest.Epoch)
		for _, s := range m.Manifest.Segments {
			entries[m.Manifest.Epoch] += int64(s.Count)
		}
	}
	return entries[newest]
}
