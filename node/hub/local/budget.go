package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
)

// Budget implements [hub.Hub].
func (h *Hub) Budget(ctx context.Context) (out hub.Budget, err error) {
	var day ledger.Day
	if stale := h.cfg.Authority(func(final, _ *state.State) { day = ledger.Today(final) }); stale != nil {
		return out, classed(stale)
	}
	meters, err := h.cfg.Store.Meters(ctx, day.Name)
	if err != nil {
		return out, classed(err)
	}
	told, err := h.cfg.Store.Told(ctx)
	if err != nil {
		return out, classed(err)
	}
	out = hub.Budget{Day: day.Name, ResetsAt: entry.Instant(day.Ends)}
	h.cfg.Replica.View(func(s *state.State) {
		self, _ := s.Member(h.cfg.Name)
		out.Group = list(s.Affiliates(h.cfg.Name))
		out.Here = usedHere(s, self, meters)
		out.Ceilings = ceilings(s, meters)
		out.Elsewhere = leftElsewhere(s, self, told, day)
	})
	return out, nil
}

// usedHere says what each member has used of this one's evaluations.
func usedHere(s *state.State, self state.Member, meters []store.Meter) []hub.BudgetUsed {
	out := []hub.BudgetUsed{}
	for _, m := range meters {
		asker, ok := s.Member(m.Member)
		if !ok {
			continue // expelled since
		}
		group, used := s.Affiliates(m.Member), uint64(0)
		for _, other := range meters {
			if other.Type == m.Type && slices.Contains(group, other.Member) {
				used += other.Used
			}
		}
		limit := most(s, asker, self, m.Type)
		out = append(out, hub.BudgetUsed{
			Member: m.Member, Type: string(m.Type), Used: m.Used, Limit: limit, Left: limit - min(used, limit),
			With: list(slices.DeleteFunc(group, func(n string) bool { return n == m.Member })),
		})
	}
	slices.SortFunc(out, func(a, b hub.BudgetUsed) int {
		return cmp.Or(strings.Compare(a.Member, b.Member), strings.Compare(a.Type, b.Type))
	})
	return out
}

func most(s *state.State, asker, holder state.Member, t indicator.Type) uint64 {
	return policy.Most(s.Policy(), policy.Ask{
		From: asker.Name, FromSector: string(asker.Sector), To: holder.Name, ToSector: string(holder.Sector), Type: string(t),
	})
}

func ceilings(s *state.State, meters []store.Meter) []hub.BudgetCeiling {
	out := []hub.BudgetCeiling{}
	for _, c := range s.Policy().Ceilings {
		var used uint64
		for _, m := range meters {
			if string(m.Type) == c.Type {
				used += m.Used
			}
		}
		out = append(out, hub.BudgetCeiling{Type: c.Type, Used: used, Limit: c.EvaluationsPerDay, Left: c.EvaluationsPerDay - min(used, c.EvaluationsPerDay)})
	}
	return out
}

// leftElsewhere is what holders have said. It is of a day: once that is over, nothing is known until the
// next answer.
func leftElsewhere(s *state.State, self state.Member, told []store.Told, day ledger.Day) []hub.BudgetLeft {
	out := []hub.BudgetLeft{}
	for _, t := range told {
		holder, ok := s.Member(t.Holder)
		if !ok {
			continue
		}
		one := hub.BudgetLeft{
			Holder: t.Holder, Type: string(t.Type), Limit: most(s, self, holder, t.Type),
			AsOf: t.At.Format(time.RFC3339), ResetsAt: t.Resets.Format(time.RFC3339),
		}
		if t.Resets.Unix() >= int64(day.Ends) {
			one.Left = &t.Left
		}
		out = append(out, one)
	}
	return out
}

// DeclareAffiliates implements [hub.Hub].
func (h *Hub) DeclareAffiliates(ctx context.Context, req hub.AffiliatesRequest) (out hub.Affiliates, err error) {
	names := slices.Compact(slices.Sorted(slices.Values(req.Members)))
	h.cfg.Replica.View(func(s *state.State) { out, err = h.affiliates(s, names) })
	if err != nil || req.DryRun {
		out.DryRun = true
		return out, classed(err)
	}
	index, _, err := h.cfg.Submit.Submit(ctx, h.cfg.Ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewAffiliate(s, seq, names)
	})
	if err != nil {
		return hub.Affiliates{}, classed(err)
	}
	h.cfg.Replica.View(func(s *state.State) { out.Group = list(s.Affiliates(h.cfg.Name)) })
	out.Index = &index
	h.cfg.Log.Info("declared affiliates", "count", len(names), "index", index)
	return out, nil
}

// affiliates says what a declaration would do, and refuses what the ledger would refuse.
func (h *Hub) affiliates(s *state.State, names []string) (hub.Affiliates, error) {
	out := hub.Affiliates{Member: h.cfg.Name, Declared: list(names), Waiting: []string{}}
	group := []string{h.cfg.Name}
	for _, name := range names {
		if _, ok := s.Member(name); !ok {
			return out, fmt.Errorf("%w: no member is called %q: `crosslight member list` shows them", hub.ErrNotFound, name)
		}
		if name == h.cfg.Name {
			return out, fmt.Errorf("%w: a member does not declare itself", hub.ErrInvalid)
		}
		if !slices.Contains(s.Declared(name), h.cfg.Name) {
			out.Waiting = append(out.Waiting, name)
			continue
		}
		group = append(group, s.AffiliatesBut(name, h.cfg.Name)...)
	}
	slices.Sort(group)
	out.Group = slices.Compact(group)
	switch {
	case len(names) == 0:
		out.Effect = []string{"This member counts as one with nobody: its budgets are its own."}
	case len(out.Group) == 1:
		out.Effect = []string{"Nothing yet: none of them has declared this member."}
	default:
		out.Effect = []string{"These count as one, and share one budget with every holder: " + strings.Join(out.Group, ", ") + "."}
	}
	if len(out.Waiting) > 0 {
		out.Effect = append(out.Effect, "These have to declare this member in turn: "+strings.Join(out.Waiting, ", ")+".")
	}
	return out, nil
}
