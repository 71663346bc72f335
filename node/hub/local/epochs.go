package local

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
)

// How an epoch stands.
const (
	epochServes  = "serves"
	epochCalled  = "called"
	epochOverlap = "overlap"
	epochOver    = "over"
)

// Epochs implements [hub.Hub].
func (h *Hub) Epochs(_ context.Context, req hub.EpochsRequest) (out []hub.Epoch, err error) {
	out = []hub.Epoch{}
	own, err := h.cfg.Ring.Epochs()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	var nodes []state.Member // whose epoch out has at the same place
	h.cfg.Replica.View(func(s *state.State) {
		if _, ok := s.Member(req.Member); req.Member != "" && !ok {
			err = fmt.Errorf("%w: no member is called %q: `crosslight member list` shows them", hub.ErrNotFound, req.Member)
			return
		}
		for _, m := range s.Members() {
			if req.Member != "" && req.Member != m.Name {
				continue
			}
			for _, e := range slices.Backward(s.Epochs(m.Name)) {
				one := epochOf(s, m, e)
				if one.State == epochOver && !req.Over && e.Commit.Epoch != m.Epoch {
					continue
				}
				if m.Name == h.cfg.Name {
					here := slices.Contains(own, e.Commit.Epoch)
					one.KeyHere = &here
				}
				out, nodes = append(out, one), append(nodes, m)
			}
		}
	})
	for i := range out {
		out[i].Mirrored = h.mirroredIn(nodes[i], out[i].Epoch)
	}
	return out, err
}

func epochOf(s *state.State, m state.Member, e state.Epoch) hub.Epoch {
	out := hub.Epoch{
		Member: m.Name, Epoch: e.Commit.Epoch, State: epochState(s, m, e), Index: e.Index,
		OpenedAt: entry.Instant(e.Opened), Cause: filled(string(e.Cause)), Keys: []hub.EpochKey{},
	}
	if e.Called > 0 {
		at := entry.Instant(e.Called)
		out.CalledAt = &at
	}
	if e.Until > 0 {
		at := entry.Instant(e.Until)
		out.ServesTo = &at
	}
	if days := s.Policy().EpochDays; days > 0 && e.Called == 0 && e.Commit.Epoch == m.Epoch {
		at := entry.Instant(e.Opened + days*24*3600)
		out.EndsAt = &at
	}
	for _, k := range e.Commit.Keys {
		out.Keys = append(out.Keys, hub.EpochKey{Type: k.Type, Public: hex.EncodeToString(k.Public[:])})
	}
	return out
}

func epochState(s *state.State, m state.Member, e state.Epoch) string {
	switch {
	case !e.ServesAt(s.Time()):
		return epochOver
	case e.Commit.Epoch != m.Epoch:
		return epochOverlap
	case e.Cause != state.CauseNone:
		return epochCalled
	}
	return epochServes
}

// mirroredIn is how many entries of a holder's index in one epoch are here.
func (h *Hub) mirroredIn(holder state.Member, epoch uint64) (n int64) {
	manifests, err := h.cfg.Mirror.Manifests(holder.Keys.Node)
	if err != nil {
		return 0
	}
	for _, m := range manifests {
		if m.Manifest.Epoch != epoch {
			continue
		}
		for _, s := range m.Manifest.Segments {
			n += int64(s.Count)
		}
	}
	return n
}
