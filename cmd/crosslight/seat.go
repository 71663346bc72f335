package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// seat is this member's vote: whose it is, by which key, and what waits for it.
type seat struct {
	Member string         `json:"member"`
	Sector string         `json:"sector"`
	Status string         `json:"status"`
	Key    *hub.KeyInfo   `json:"key"`
	Open   []hub.Proposal `json:"open"` // proposals that this seat has not voted on
}

func (a *app) seatCommand() *cobra.Command {
	show := a.verb(&cobra.Command{
		Use: "show", Short: "Show this member's seat and the proposals that wait for its vote",
		Example: "  crosslight seat show",
	}, short, a.seatShow)
	return noun(&cobra.Command{
		Use: "seat", Short: "This member's seat on the board", Example: "  crosslight seat show",
	}, show, a.seatDetach(), a.seatAttach())
}

func (a *app) seatShow(ctx context.Context, _ []string) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	s, err := seatOf(ctx, h)
	if err != nil {
		return err
	}
	return a.print(s, func(t *table) {
		t.line("seat    %s (%s), %s", text(s.Member), s.Sector, s.Status)
		if s.Key != nil {
			t.line("key     %s", s.Key.ID)
		}
		for _, p := range s.Open {
			t.line("awaits  %s %s %s", p.ID, p.Kind, text(p.Subject))
		}
	})
}

func seatOf(ctx context.Context, h hub.Hub) (seat, error) {
	keys, err := h.Keys(ctx)
	if err != nil {
		return seat{}, err
	}
	members, err := h.Members(ctx)
	if err != nil {
		return seat{}, err
	}
	proposals, err := h.Proposals(ctx)
	if err != nil {
		return seat{}, err
	}
	s := seat{Member: keys.Member, Open: []hub.Proposal{}}
	for _, k := range keys.Keys {
		if k.Role == "seat" {
			s.Key = &k
		}
	}
	for _, m := range members {
		if m.Name == keys.Member {
			s.Sector, s.Status = m.Sector, m.Status
		}
	}
	for _, p := range proposals {
		if p.State == "open" && slices.Contains(p.Missing, keys.Member) {
			s.Open = append(s.Open, p)
		}
	}
	return s, nil
}
