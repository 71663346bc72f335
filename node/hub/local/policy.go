package local

import (
	"context"
	"fmt"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Policy implements [hub.Hub].
func (h *Hub) Policy(context.Context) (out hub.Policy, err error) {
	h.cfg.Replica.View(func(s *state.State) { out = PolicyToHub(s.Policy()) })
	return out, nil
}

// CheckPolicy implements [hub.Hub].
func (h *Hub) CheckPolicy(_ context.Context, ask hub.PolicyAsk) (out hub.PolicyDecision, err error) {
	if _, err := indicator.ParseType(ask.Type); err != nil {
		return out, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	h.cfg.Replica.View(func(s *state.State) { out, err = checkPolicy(s, ask) })
	return out, err
}

func checkPolicy(s *state.State, ask hub.PolicyAsk) (hub.PolicyDecision, error) {
	from, ok := s.Member(ask.From)
	if !ok {
		return hub.PolicyDecision{}, fmt.Errorf("%w: no member is called %q", hub.ErrNotFound, ask.From)
	}
	to, ok := s.Member(ask.To)
	if !ok {
		return hub.PolicyDecision{}, fmt.Errorf("%w: no member is called %q", hub.ErrNotFound, ask.To)
	}
	for _, m := range []state.Member{from, to} {
		if m.Status == state.Suspended {
			return hub.PolicyDecision{Reason: m.Name + " is suspended"}, nil
		}
	}
	d := policy.Check(s.Policy(), policy.Ask{
		From: from.Name, FromSector: string(from.Sector), To: to.Name, ToSector: string(to.Sector),
		Type: ask.Type, Purpose: ask.Purpose, HasCase: ask.HasCase,
	})
	return hub.PolicyDecision{Allowed: d.Allowed, Rule: d.Rule, Reveal: string(d.Reveal), Reason: d.Reason}, nil
}

// PolicyOf turns a policy as people write it into the one that is signed: lists sorted, free of
// duplicates.
func PolicyOf(p hub.Policy) policy.Policy {
	out := policy.Policy{Version: p.Version, Purposes: p.Purposes, EpochDays: p.EpochDays}
	for _, c := range p.Ceilings {
		out.Ceilings = append(out.Ceilings, policy.Ceiling(c))
	}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, policy.Rule{
			ID: r.ID, FromSectors: r.FromSectors, FromMembers: r.FromMembers, ToSectors: r.ToSectors, ToMembers: r.ToMembers,
			Types: r.Types, Purposes: r.Purposes, Reveal: policy.Reveal(r.Reveal), CaseRequired: r.CaseRequired,
			EvaluationsPerDay: r.EvaluationsPerDay, RetentionDays: r.RetentionDays, WatchSize: r.WatchSize,
			BulkSetSize: r.BulkSetSize, BulkLearn: policy.Learn(r.BulkLearn), CountAllowed: r.CountAllowed,
		})
	}
	return policy.Normalise(out)
}

// PolicyToHub is the way back.
func PolicyToHub(p policy.Policy) hub.Policy {
	out := hub.Policy{
		Version: p.Version, Purposes: list(p.Purposes), Rules: []hub.Rule{}, Ceilings: []hub.Ceiling{}, EpochDays: p.EpochDays,
	}
	for _, c := range p.Ceilings {
		out.Ceilings = append(out.Ceilings, hub.Ceiling(c))
	}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, hub.Rule{
			ID: r.ID, FromSectors: list(r.FromSectors), FromMembers: list(r.FromMembers),
			ToSectors: list(r.ToSectors), ToMembers: list(r.ToMembers),
			Types: list(r.Types), Purposes: list(r.Purposes), Reveal: string(r.Reveal), CaseRequired: r.CaseRequired,
			EvaluationsPerDay: r.EvaluationsPerDay, RetentionDays: r.RetentionDays, WatchSize: r.WatchSize,
			BulkSetSize: r.BulkSetSize, BulkLearn: string(r.BulkLearn), CountAllowed: r.CountAllowed,
		})
	}
	return out
}

// list is a copy that is never nil.
func list(in []string) []string { return append([]string{}, in...) }
