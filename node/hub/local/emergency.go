package local

import (
	"context"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
)

// Suspend implements [hub.Hub].
func (h *Hub) Suspend(ctx context.Context, req hub.SuspendRequest) (hub.Suspension, error) {
	var out hub.Suspension
	var err error
	h.cfg.Replica.View(func(s *state.State) {
		if err = s.CheckEmergency(h.cfg.Name, req.Member); err == nil {
			out = suspensionOf(s, req.Member)
			out.Effect, out.DryRun = list(s.DescribeEmergency(h.cfg.Name, req.Member)), true
		}
	})
	if err != nil || req.DryRun {
		return out, classed(err)
	}
	_, err = h.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewEmergencySuspend(s, seq, req.Member, req.Reason)
	})
	if err != nil {
		return hub.Suspension{}, classed(err)
	}
	h.cfg.Log.Info("called for an emergency suspension", "member", req.Member)
	h.cfg.Replica.View(func(s *state.State) { out = suspensionOf(s, req.Member) })
	return out, nil
}

func suspensionOf(s *state.State, name string) hub.Suspension {
	m, _ := s.Member(name)
	out := hub.Suspension{Member: name, Status: string(m.Status), Effect: []string{}}
	out.Until, out.CalledBy = emergencyOf(s, name)
	return out
}

// emergencyOf says until when a member is suspended in emergency, and whose seats have called for it.
func emergencyOf(s *state.State, name string) (until *string, by []string) {
	e, ok := s.Emergency(name)
	if !ok {
		return nil, list(s.Callers(name))
	}
	lapses := entry.Instant(e.Until)
	return &lapses, list(e.By)
}
