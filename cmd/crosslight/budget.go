package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) budgetCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "budget", Short: "How much may still be asked today, here and elsewhere",
		Example: "  crosslight budget show",
	}, a.budgetShow())
}

func (a *app) budgetShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show", Short: "Show what others have used here today, and what this member has left elsewhere",
		Long: "A budget is kept by each holder, for each member and indicator type, and lasts for a day of ledger time.\n" +
			"Questions, watches, counts and sets are all charged to it. What is left elsewhere is what holders said last.",
		Example: "  crosslight budget show -o json",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		b, err := h.Budget(ctx)
		if err != nil {
			return err
		}
		return a.print(b, func(t *table) { budgetTable(t, b) })
	})
}

func budgetTable(t *table, b hub.Budget) {
	t.line("day %s of ledger time, until %s; this member counts as: %s", b.Day, b.ResetsAt, text(b.Group))
	rows := [][]any{}
	for _, e := range b.Elsewhere {
		rows = append(rows, []any{e.Holder, e.Type, e.Left, e.Limit, e.AsOf})
	}
	t.line("")
	t.line("Left at other members, as they said last:")
	t.rows([]string{"holder", "type", "left", "limit", "as of"}, rows)
	rows = nil
	for _, u := range b.Here {
		rows = append(rows, []any{u.Member, u.Type, u.Used, u.Left, u.Limit, u.With})
	}
	t.line("")
	t.line("Used here:")
	t.rows([]string{"member", "type", "used", "left", "limit", "together with"}, rows)
	rows = nil
	for _, c := range b.Ceilings {
		rows = append(rows, []any{c.Type, c.Used, c.Left, c.Limit})
	}
	t.line("")
	t.line("Used here by all members together, of types with a ceiling:")
	t.rows([]string{"type", "used", "left", "ceiling"}, rows)
}
