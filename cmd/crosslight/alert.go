package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
			if page.Next != "" {
				t.line("More: --cursor %s", page.Next)
			}
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

// followFlags are what `alert follow` is told.
type followFlags struct {
	after string
	all   bool
	count int
}

func (a *app) alertFollow() *cobra.Command {
	var o followFlags
	c := a.verb(&cobra.Command{
		Use: "follow", Short: "Show alerts as they are raised, until an interrupt",
		Long: "Shows each alert as soon as it is raised, with -o json as one object a line. Where the connection or\n" +
			"the node goes away it comes back and goes on after the last alert, so that none is missed; --after\n" +
			"does the same for one that was shown by an earlier run.",
		Example: "  crosslight alert follow\n  crosslight alert follow --after 17 -o json",
	}, always, func(ctx context.Context, _ []string) error { return a.follow(ctx, o) })
	c.Flags().StringVar(&o.after, "after", "", "begin after the alert with this id (default: with the next one that is raised)")
	c.Flags().BoolVar(&o.all, "all", false, "begin with the first there is")
	c.Flags().IntVar(&o.count, "count", 0, "end after so many alerts (default: never)")
	c.MarkFlagsMutuallyExclusive("after", "all")
	return c
}

func (a *app) follow(ctx context.Context, o followFlags) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if o.all {
		o.after = "0"
	}
	if o.after == "" {
		if o.after, err = newestAlert(ctx, h); err != nil {
			return err
		}
	}
	shown := 0
	for {
		err := h.FollowAlerts(ctx, o.after, func(x hub.Alert) error {
			if err := a.printAlert(x); err != nil {
				return err
			}
			o.after = x.ID
			if shown++; shown == o.count {
				return errEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return nil // an interrupt is how this ends
		case !errors.Is(err, hub.ErrUnavailable):
			return err
		}
		a.say("%v; waiting for it to come back", err)
		if h, err = a.comeBack(ctx); err != nil {
			return nil // interrupted
		}
	}
}

// newestAlert is the id of the alert that was raised last.
func newestAlert(ctx context.Context, h hub.Hub) (string, error) {
	page, err := h.Alerts(ctx, hub.AlertFilter{PageRequest: hub.PageRequest{Limit: 1}})
	if err != nil || len(page.Alerts) == 0 {
		return "0", err
	}
	return page.Alerts[0].ID, nil
}

// comeBackEvery is how often a node that went away is looked for.
const comeBackEvery = time.Second

// comeBack waits until the home's node answers again, which may be at another address.
func (a *app) comeBack(ctx context.Context) (hub.Hub, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(comeBackEvery):
		}
		h, err := a.hub()
		if err == nil {
			_, err = h.Status(ctx)
		}
		if err == nil {
			return h, nil
		}
	}
}

// printAlert writes one alert: a line of JSON, a YAML document, or a line for people.
func (a *app) printAlert(x hub.Alert) error {
	switch a.cfg.Output {
	case "json":
		b, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", b)
		return err
	case "yaml":
		if _, err := fmt.Fprintln(a.out, "---"); err != nil {
			return err
		}
		return a.printYAML(x)
	}
	name := x.WatchName
	if name == "" {
		name = x.Watch
	}
	_, err := fmt.Fprintf(a.out, "%s  alert %s  %s  %s  %s  %s  %s\n", x.RaisedAt.Format(time.RFC3339), x.ID,
		text(name), x.Type, text(x.Reference), text(x.Holder), text(x.HolderReference))
	return err
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
			t.line("%d acknowledged, %d unknown%s", report.Acked, report.Unknown, map[bool]string{true: " (dry run: nothing was done)"}[req.DryRun])
		})
	})
	c.Flags().StringVar(&req.Watch, "watch", "", "all of this watch")
	c.Flags().StringVar(&req.Through, "through", "", "of --watch, only up to the alert with this id")
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "count and stop")
	return c
}
