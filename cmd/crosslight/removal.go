package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) indicatorRemovals() *cobra.Command {
	var page hub.PageRequest
	c := a.verb(&cobra.Command{
		Use: "removals [NUMBER]", Short: "Show who has acknowledged that withdrawn or expired indicators are gone",
		Long: "Lists what was withdrawn or has expired, newest first, and how many mirrors have acknowledged it;\n" +
			"with a number, which of them have and which have not.",
		Example: "  crosslight indicator removals\n  crosslight indicator removals 7 -o json", Args: cobra.MaximumNArgs(1),
	}, short, func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			return a.listRemovals(ctx, page)
		}
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return usageText("a removal is named by its number: `crosslight indicator removals` lists them")
		}
		return a.showRemoval(ctx, id)
	})
	pageFlags(c, &page)
	return c
}

func (a *app) listRemovals(ctx context.Context, page hub.PageRequest) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	list, err := h.Removals(ctx, page)
	if err != nil {
		return err
	}
	return a.print(list, func(t *table) {
		rows := [][]any{}
		for _, r := range list.Removals {
			gone, count := acknowledgedBy(r), int64(0)
			for _, typ := range r.Types {
				count += typ.Count
			}
			rows = append(rows, []any{r.ID, r.At.Format(time.RFC3339), r.Cause, count, gone, len(r.Mirrors)})
		}
		t.rows([]string{"number", "at", "cause", "indicators", "acknowledged by", "of mirrors"}, rows)
		t.more(list.Next)
	})
}

func (a *app) showRemoval(ctx context.Context, id int64) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	r, err := h.Removal(ctx, id)
	if err != nil {
		return err
	}
	return a.print(r, func(t *table) { removalTable(t, r) })
}

func removalTable(t *table, r hub.Removal) {
	t.line("removal %d, %s at %s: acknowledged by %d of %d mirrors", r.ID, r.Cause, r.At.Format(time.RFC3339), acknowledgedBy(r), len(r.Mirrors))
	rows := [][]any{}
	for _, m := range r.Mirrors {
		var at any
		if m.At != nil {
			at = m.At.Format(time.RFC3339)
		}
		rows = append(rows, []any{m.Member, m.Status, at})
	}
	t.rows([]string{"mirror", "status", "at"}, rows)
	if !r.Complete {
		t.line("Those that are missing drop it when they are reached: `crosslight indicator removals %d`", r.ID)
	}
}

func acknowledgedBy(r hub.Removal) (n int) {
	for _, m := range r.Mirrors {
		if m.Status == "acknowledged" {
			n++
		}
	}
	return n
}
