package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) quarantineCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "quarantine", Short: "Floods of hits that wait for an operator",
		Long: "A change of a holder's index, or a new watch, that would multiply a watch's alerts about one holder\n" +
			"raises none: its hits wait here. Look at the holder and at the watch, then release or drop them.",
		Example: "  crosslight alert quarantine list",
	}, a.quarantineList(),
		a.settle("release", "Raise the alerts of a flood", "Raise an alert for each of these hits?"),
		a.settle("drop", "Drop a flood for good: its hits never raise an alert", "Drop these hits for good?"))
}

func (a *app) quarantineList() *cobra.Command {
	var all bool
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List floods that wait, newest first", Example: "  crosslight alert quarantine list --all -o json",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		list, err := h.Quarantines(ctx, all)
		if err != nil {
			return err
		}
		page := struct {
			Quarantines []hub.Quarantine `json:"quarantines"`
		}{append([]hub.Quarantine{}, list...)}
		return a.print(page, func(t *table) {
			rows := [][]any{}
			for _, q := range list {
				rows = append(rows, []any{q.ID, q.Hits, q.Watch, q.WatchName, q.Holder, q.At.Format(time.RFC3339), q.State})
			}
			t.rows([]string{"id", "hits", "watch", "name", "holder", "since", "state"}, rows)
		})
	})
	c.Flags().BoolVar(&all, "all", false, "also those that were settled")
	return c
}

func (a *app) settle(act, what, question string) *cobra.Command {
	req := hub.SettleRequest{Act: act}
	var yes bool
	c := a.verb(&cobra.Command{
		Use: act + " ID", Short: what, Args: cobra.ExactArgs(1), Example: "  crosslight alert quarantine " + act + " 3 --dry-run",
	}, endless, func(ctx context.Context, args []string) error {
		req.ID = args[0]
		h, err := a.hub()
		if err != nil {
			return err
		}
		if !req.DryRun {
			if err := a.confirm(yes, question); err != nil {
				return err
			}
		}
		q, err := h.SettleQuarantine(ctx, req)
		if err != nil {
			return err
		}
		return a.print(q, func(t *table) {
			t.dryRun(req.DryRun, "done")
			t.line("quarantine %s: %d hits of watch %s at %s, %s", q.ID, q.Hits, text(q.Watch), text(q.Holder), q.State)
		})
	})
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "show it and stop")
	yesFlag(c, &yes)
	return c
}
