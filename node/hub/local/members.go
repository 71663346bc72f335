package local

import (
	"context"
	"encoding/hex"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/invite"
)

// Members implements [hub.Hub].
func (h *Hub) Members(context.Context) ([]hub.Member, error) {
	out := []hub.Member{}
	h.cfg.Replica.View(func(s *state.State) {
		for _, m := range s.Members() {
			until, called := emergencyOf(s, m.Name)
			out = append(out, hub.Member{
				Name: m.Name, Sector: string(m.Sector), Jurisdiction: m.Jurisdiction, PeerID: m.PeerID,
				Status: string(m.Status), Founder: m.Founder, Voter: m.Voter, Seat: m.Seat, Epoch: m.Epoch,
				Addresses: list(m.Addresses), AdmittedAt: m.AdmittedAt,
				SuspendedUntil: until, CalledBy: called,
			})
		}
	})
	return out, nil
}

// Invite implements [hub.Hub]. The invitation pins the ledger where this node stands.
func (h *Hub) Invite(context.Context) ([]byte, error) {
	genesis, err := h.cfg.Replica.Leaves(0, 1)
	if err != nil {
		return nil, classed(err)
	}
	i := invite.Invitation{V: 1, Genesis: genesis[0]}
	h.cfg.Replica.View(func(s *state.State) {
		i.Size, i.Root = s.Size(), s.Root()
		for _, m := range s.Members() {
			i.Peers = append(i.Peers, invite.Peer{ID: m.PeerID, Addresses: m.Addresses})
		}
	})
	return i.Encode()
}

// Status implements [hub.Hub].
func (h *Hub) Status(ctx context.Context) (hub.Status, error) {
	leader, _ := h.cfg.Replica.Leader()
	out := hub.Status{
		Name: h.cfg.Name, PeerID: h.cfg.Host.ID(), Version: h.cfg.Version, Leader: h.nameOf(leader),
		LedgerID: hex.EncodeToString(h.cfg.LedgerID[:]), Listen: list(h.cfg.Host.Addrs()), StartedAt: h.started.UTC(),
		Reasons: h.cfg.Health.Reasons(), Peers: []hub.PeerStatus{}, Indexing: h.cfg.Indexer.Pending(),
	}
	out.Ready = len(out.Reasons) == 0
	var members []state.Member
	h.cfg.Replica.View(func(s *state.State) {
		members, out.Size, out.Trial = s.Members(), s.Size(), s.Trial()
	})
	for _, m := range members {
		if m.Name == h.cfg.Name {
			out.Sector = string(m.Sector)
			continue
		}
		out.Peers = append(out.Peers, hub.PeerStatus{
			Name: m.Name, PeerID: m.PeerID, Connected: h.cfg.Host.Connected(m.PeerID), Mirrored: h.mirrored(m),
		})
	}
	tallies, err := h.cfg.Store.Count(ctx)
	if err != nil {
		return out, classed(err)
	}
	for _, t := range tallies {
		out.Indicators += t.Held
	}
	return out, nil
}
