package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
)

// The states of a mirror in a removal.
const (
	acknowledgedStatus = "acknowledged"
	waitingStatus      = "waiting"
	unreachableStatus  = "unreachable"
)

// Removals implements [hub.Hub].
func (h *Hub) Removals(ctx context.Context, page hub.PageRequest) (hub.RemovalPage, error) {
	list, next, err := h.cfg.Store.Removals(ctx, page.Cursor, page.Limit)
	if err != nil {
		return hub.RemovalPage{}, classed(err)
	}
	out := hub.RemovalPage{Removals: []hub.Removal{}, Next: next}
	for _, r := range list {
		shown, err := h.removal(ctx, r)
		if err != nil {
			return hub.RemovalPage{}, classed(err)
		}
		out.Removals = append(out.Removals, shown)
	}
	return out, nil
}

// Removal implements [hub.Hub].
func (h *Hub) Removal(ctx context.Context, id int64) (hub.Removal, error) {
	r, err := h.cfg.Store.Removal(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return hub.Removal{}, fmt.Errorf("%w: nothing was taken out under this number; `crosslight indicator removals` lists what was", hub.ErrNotFound)
	}
	if err != nil {
		return hub.Removal{}, classed(err)
	}
	out, err := h.removal(ctx, r)
	return out, classed(err)
}

// awaitRemoval returns a removal when every mirror that can be reached has acknowledged it, or after wait.
func (h *Hub) awaitRemoval(ctx context.Context, id int64, wait time.Duration) (hub.Removal, error) {
	timeout := time.After(wait)
	for {
		heard := h.cfg.Holder.Acknowledged() // before looking, so that none is missed
		r, err := h.Removal(ctx, id)
		if err != nil || wait <= 0 || !slices.ContainsFunc(r.Mirrors, func(m hub.RemovalMirror) bool { return m.Status == waitingStatus }) {
			return r, err
		}
		select {
		case <-heard:
		case <-timeout:
			wait = 0
		case <-ctx.Done():
			wait = 0
			ctx = context.WithoutCancel(ctx) // what is done is said
		}
	}
}

// removal says how far a removal has come.
func (h *Hub) removal(ctx context.Context, r store.Removal) (hub.Removal, error) {
	out := hub.Removal{ID: r.ID, Cause: r.Cause, At: r.At.UTC(), Types: []hub.RemovedType{}, Mirrors: []hub.RemovalMirror{}, Complete: true}
	epoch := h.ownEpoch()
	said := map[string]account{} // by peer ID
	for _, t := range r.Types {
		version, ok, err := h.cfg.Store.GoneWith(ctx, epoch, t.Type, t.Last)
		if err != nil {
			return out, err
		}
		shown := hub.RemovedType{Type: string(t.Type), Count: t.Count}
		if ok {
			shown.Version = &version
		}
		out.Types = append(out.Types, shown)
		if err := h.account(ctx, epoch, t.Type, shown.Version, said); err != nil {
			return out, err
		}
	}
	for peer, a := range said {
		m := hub.RemovalMirror{Member: h.nameOf(peer), Status: acknowledgedStatus, At: &a.at}
		if m.Member == "" {
			continue // it is no member any more, and drops what it has by the ledger
		}
		if !a.all {
			m.Status, m.At, out.Complete = waitingStatus, nil, false
			if !h.cfg.Host.Connected(peer) {
				m.Status = unreachableStatus
			}
		}
		out.Mirrors = append(out.Mirrors, m)
	}
	slices.SortFunc(out.Mirrors, func(a, b hub.RemovalMirror) int { return strings.Compare(a.Member, b.Member) })
	return out, nil
}

// account is what one mirror has said about all types of a removal.
type account struct {
	all bool      // it has acknowledged each
	at  time.Time // the last of them
}

// account adds what mirrors say about one type: those that may have it now, and those that ever said that
// they had it.
func (h *Hub) account(ctx context.Context, epoch uint64, typ indicator.Type, version *uint64, said map[string]account) error {
	words, err := h.cfg.Store.Acknowledgements(ctx, epoch, typ)
	if err != nil {
		return err
	}
	newest := map[string]store.Acknowledged{}
	for _, w := range words {
		newest[w.Mirror] = w
	}
	for _, peer := range h.mirrorsOf(epoch, typ) {
		if _, ok := newest[peer]; !ok {
			newest[peer] = store.Acknowledged{}
		}
	}
	for peer, w := range newest {
		a, before := said[peer]
		if !before {
			a.all = true
		}
		a.all = a.all && version != nil && w.Version >= *version
		if w.At.After(a.at) {
			a.at = w.At.UTC()
		}
		said[peer] = a
	}
	return nil
}

// mirrorsOf are the peer IDs of the members that policy lets mirror this member's index of a type.
func (h *Hub) mirrorsOf(epoch uint64, typ indicator.Type) (out []string) {
	self := member.PublicOf(h.cfg.Ring.Private(member.Node)).PeerID()
	_ = h.cfg.Authority(func(final, tip *state.State) { // a ledger that is too old entitles nobody
		for _, m := range tip.Members() {
			if m.PeerID == self || m.Status != state.Active {
				continue
			}
			_, err := ledger.AuthorisedMirror(final, tip, ledger.MirrorAsk{
				LedgerID: h.cfg.LedgerID, Asker: m.PeerID, Holder: self, Epoch: epoch, Type: string(typ),
			})
			if err == nil {
				out = append(out, m.PeerID)
			}
		}
	})
	return out
}

func (h *Hub) ownEpoch() (epoch uint64) {
	h.cfg.Replica.View(func(s *state.State) {
		if m, ok := s.Member(h.cfg.Name); ok {
			epoch = m.Epoch
		}
	})
	return epoch
}
