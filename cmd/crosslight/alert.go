package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) alertCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "alert", Short: "What the watches found",
		Example: "  crosslight alert follow -o json",
	}, a.alertList(), a.alertShow(), a.alertFollow(), a.alertAck(), a.quarantineCommand())
}

func (a *app) alertList() *cobra.Command {
	var f hub.AlertFilter
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List alerts, newest first", Example: "  crosslight alert list --open --holder 'Example Bank'",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		page, err := h.Alerts(ctx, f)
		if err != nil {
			return err
		}
		return a.print(page, func(t *table) {
			t.rows(alertHeader, alertRows(page.Alerts))
			t.more(page.Next)
		})
	})
	c.Flags().StringVar(&f.Watch, "watch", "", "only of this watch")
	c.Flags().StringVar(&f.Holder, "holder", "", "only about this member")
	c.Flags().StringVar(&f.Type, "type", "", "only this type")
	c.Flags().BoolVar(&f.Open, "open", false, "only what nobody has acknowledged")
	pageFlags(c, &f.PageRequest)
	return c
}

var alertHeader = []string{"id", "raised", "watch", "type", "reference", "holder", "holder's reference", "category", "contact", "acknowledged"}

func alertRows(alerts []hub.Alert) [][]any {
	rows := [][]any{}
	for _, x := range alerts {
		name, acked := x.WatchName, "-"
		if name == "" {
			name = x.Watch
		}
		if x.AckedAt != nil {
			acked = x.AckedAt.Format(time.RFC3339)
		}
		rows = append(rows, []any{
			x.ID, x.RaisedAt.Format(time.RFC3339), name, x.Type, x.Reference, x.Holder, x.HolderReference, x.Category, x.Contact, acked,
		})
	}
	return rows
}

func (a *app) alertShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show ID", Short: "Show an alert", Args: cobra.ExactArgs(1), Example: "  crosslight alert show 17 -o json",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		x, err := h.Alert(ctx, args[0])
		if err != nil {
			return err
		}
		return a.print(x, func(t *table) { alertTable(t, x) })
	})
}

func alertTable(t *table, x hub.Alert) {
	for _, line := range [][2]any{
		{"id", x.ID},
		{"raised at", x.RaisedAt.Format(time.RFC3339)},
		{"watch", x.Watch},
		{"watch name", x.WatchName},
		{"match", x.Match},
		{"type", x.Type},
		{"reference", x.Reference},
		{"holder", x.Holder},
		{"category", x.Category},
		{"severity", x.Severity},
		{"confidence", x.Confidence},
		{"holder's reference", x.HolderReference},
		{"contact", x.Contact},
		{"first seen", x.FirstSeen},
	} {
		t.line("%-18s %s", line[0], text(line[1]))
	}
	if x.AckedAt != nil {
		t.line("%-18s %s", "acknowledged at", x.AckedAt.Format(time.RFC3339))
	}
	if x.LeftOut > 0 {
		t.line("%d more holders share this value; hits of one value are capped, and those are matches without an alert: `crosslight match list`", x.LeftOut)
	}
}

func (a *app) alertAck() *cobra.Command {
	var req hub.AckRequest
	c := a.verb(&cobra.Command{
		Use: "ack [ID ...]", Short: "Acknowledge alerts", Args: cobra.ArbitraryArgs,
		Example: "  crosslight alert ack 17 18\n  crosslight alert ack --watch 3f2a9c0d11e24b57 --through 40",
	}, short, func(ctx context.Context, args []string) error {
		req.IDs = args
		if len(args) == 0 && req.Watch == "" {
			return usageText("name alerts by id, or a --watch")
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		report, err := h.AckAlerts(ctx, req)
		if err != nil {
			return err
		}
		return a.print(report, func(t *table) {
			t.dryRun(req.DryRun, "acknowledged")
			t.line("%d acknowledged, %d unknown", report.Acked, report.Unknown)
		})
	})
	c.Flags().StringVar(&req.Watch, "watch", "", "all of this watch")
	c.Flags().StringVar(&req.Through, "through", "", "of --watch, only up to the alert with this id")
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "count and stop")
	return c
}
