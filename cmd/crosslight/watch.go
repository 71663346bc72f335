package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) watchCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "watch", Short: "Standing questions: be alerted when another member comes to share an indicator",
		Example: "  crosslight watch add --file ./cases.csv --name 'open cases' --purpose financial-crime-report --case SAR-2026-17",
	}, a.watchAdd(), a.watchList(), a.watchShow(), a.watchRemove())
}

// watchFlags are what `watch add` is told.
type watchFlags struct {
	hub.WatchRequest
	file    string
	wait    bool
	purpose bool // given on the command line
}

func (a *app) watchAdd() *cobra.Command {
	var o watchFlags
	c := &cobra.Command{
		Use: "add [TYPE:VALUE ...]", Short: "Watch values, a feed, or what a past query asked about", Args: cobra.ArbitraryArgs,
		Long: "Keeps a watch and returns. In the background every holder that policy allows evaluates each element\n" +
			"once an epoch, charged to the same budget as queries; where it is spent, that waits until it resets.\n" +
			"From then on each change of a holder's index is matched here at once, and nothing tells the holder.\n" +
			"`watch show` tells how far holders are, `alert follow` what was found. A query of up to 10,000\n" +
			"indicators can become a watch for 30 days.",
		Example: "  crosslight watch add --query 3f2a9c0d11e24b57 --name 'SAR 17'\n" +
			"  crosslight watch add email:someone@example.com --purpose platform-safety --case CASE-7 --wait\n" +
			"  crosslight watch add --file ./cases.csv --purpose financial-crime-report --case SAR-2026-17 --dry-run",
	}
	a.verb(c, endless, func(ctx context.Context, args []string) error {
		o.purpose = c.Flags().Changed("purpose")
		return a.addWatch(ctx, args, o)
	})
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "what to call it")
	f.StringVar(&o.Query, "query", "", "watch what this past query asked about, under its purpose and case reference")
	f.StringVar(&o.file, "file", "", "feed of values to watch, - for standard input")
	f.StringSliceVar(&o.Types, "type", nil, "only these types")
	f.StringSliceVar(&o.Holders, "holder", nil, "only these members (default: all, and those that join)")
	f.StringVar(&o.Case, "case", "", "case reference; only commitments to it leave this node")
	f.String("purpose", "", "declared purpose, one of the ledger's")
	setting(f.Lookup("purpose"), "purpose")
	f.BoolVar(&o.DryRun, "dry-run", false, "say who would be asked and stop")
	f.BoolVar(&o.wait, "wait", false, "wait until every holder has evaluated all of it, or says why it does not")
	feedFlags(c, &o.Feed)
	return c
}

func (a *app) addWatch(ctx context.Context, args []string, o watchFlags) error {
	var err error
	if o.Values, err = values(args); err != nil {
		return err
	}
	o.Feed.Region = a.cfg.Region
	if o.Query == "" || o.purpose { // a query brings its own
		o.Purpose = a.cfg.Purpose
	}
	switch {
	case len(o.Values) == 0 && o.file == "" && o.Query == "":
		return usageText("name values as TYPE:VALUE, a --file, or a --query")
	case o.Query == "" && o.Purpose == "":
		return usageText("name a --purpose; `crosslight policy show` lists them")
	}
	w, err := a.keepWatch(ctx, o)
	if err != nil {
		return err
	}
	if o.wait && !o.DryRun {
		if w, err = a.awaitWatch(ctx, w); err != nil {
			return err
		}
	}
	w.Refusals = sortedRefusals(w.Refusals)
	return a.print(w, func(t *table) {
		t.dryRun(o.DryRun, "kept or asked")
		watchTable(t, w)
	})
}

func (a *app) keepWatch(ctx context.Context, o watchFlags) (hub.Watch, error) {
	h, err := a.hub()
	if err != nil {
		return hub.Watch{}, err
	}
	if o.file == "" {
		return h.AddWatch(ctx, o.WatchRequest, nil)
	}
	feed, done, err := a.feed(o.file, "reading", "keeping")
	if err != nil {
		return hub.Watch{}, err
	}
	defer done()
	return h.AddWatch(ctx, o.WatchRequest, feed)
}

// awaitWatch waits until nothing more can be expected soon: every holder is done, or waits for a time that
// it names.
func (a *app) awaitWatch(ctx context.Context, w hub.Watch) (hub.Watch, error) {
	h, err := a.hub()
	if err != nil {
		return w, err
	}
	if terminal(a.err) {
		p := newProgress(a.err, 1, "waiting", "enrolling")
		p.read(1, true)
		defer p.end()
	}
	refusals := w.Refusals
	for err == nil && !w.Enrolled && !waits(w) {
		if !retry(ctx, nil) {
			return w, fmt.Errorf("%w: the watch is kept and goes on being enrolled: `crosslight watch show %s`", hub.ErrUnavailable, w.ID)
		}
		w, err = h.WatchByID(ctx, w.ID)
	}
	w.Refusals = refusals
	return w, err
}

// waits says whether all holders that are not done wait for a time that is known.
func waits(w hub.Watch) bool {
	for _, x := range w.Holders {
		switch x.Status {
		case "enrolled", "not-permitted", "too-large", "suspended":
		default:
			if x.ResumesAt == nil {
				return false
			}
		}
	}
	return true
}

func (a *app) watchList() *cobra.Command {
	var page hub.PageRequest
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List watches, newest first", Example: "  crosslight watch list",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		list, err := h.Watches(ctx, page)
		if err != nil {
			return err
		}
		return a.print(list, func(t *table) { watchListTable(t, list) })
	})
	pageFlags(c, &page)
	return c
}

func watchListTable(t *table, page hub.WatchPage) {
	rows := [][]any{}
	for _, w := range page.Watches {
		rows = append(rows, []any{w.ID, w.Name, w.At.Format(time.RFC3339), w.Purpose, w.Elements, enrolledWords(w), w.Alerts, w.Open, w.Waiting})
	}
	t.rows([]string{"id", "name", "at", "purpose", "elements", "enrolled", "alerts", "open", "waiting"}, rows)
	t.more(page.Next)
}

// enrolledWords says how far all holders together are.
func enrolledWords(w hub.Watch) string {
	if w.Enrolled {
		return "yes"
	}
	var done, all int64
	var why []string
	for _, x := range w.Holders {
		done, all = done+x.Enrolled, all+x.Elements
		if x.Status != "enrolled" && x.Status != "enrolling" {
			why = append(why, x.Status)
		}
	}
	if all == 0 {
		return "no"
	}
	return strings.TrimSpace(fmt.Sprintf("%d%% %s", done*100/all, strings.Join(why, " ")))
}

func (a *app) watchShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show ID", Short: "Show a watch and how far each holder is with it", Args: cobra.ExactArgs(1),
		Example: "  crosslight watch show 3f2a9c0d11e24b57 -o json",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		w, err := h.WatchByID(ctx, args[0])
		if err != nil {
			return err
		}
		return a.print(w, func(t *table) { watchTable(t, w) })
	})
}

func watchTable(t *table, w hub.Watch) {
	t.line("watch %s %s: %d elements for %s, %d refused, %d suppressed", text(w.ID), text(w.Name), w.Elements, text(w.Purpose), w.Refused, w.Suppressed)
	t.line("%d alerts, %d of them open, %d hits wait in quarantine", w.Alerts, w.Open, w.Waiting)
	rows := [][]any{}
	for _, x := range w.Holders {
		resumes := "-"
		if x.ResumesAt != nil {
			resumes = x.ResumesAt.Format(time.RFC3339)
		}
		rows = append(rows, []any{x.Member, x.Status, fmt.Sprintf("%d of %d", x.Enrolled, x.Elements), x.Epoch, resumes, x.Detail})
	}
	t.line("")
	t.rows([]string{"holder", "status", "enrolled", "epoch", "resumes", "detail"}, rows)
	refusalTable(t, w.Refusals, w.Refused)
}

func (a *app) watchRemove() *cobra.Command {
	var req hub.RemoveWatchRequest
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "remove ID", Short: "Erase a watch; its alerts stay, and nothing that was charged comes back", Args: cobra.ExactArgs(1),
		Example: "  crosslight watch remove 3f2a9c0d11e24b57 --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		req.ID = args[0]
		return a.removeWatch(ctx, req, yes)
	})
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "say what would be removed and stop")
	yesFlag(c, &yes)
	return c
}

func (a *app) removeWatch(ctx context.Context, req hub.RemoveWatchRequest, yes bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !req.DryRun {
		if err := a.confirm(yes, "Remove this watch? To watch the same again is charged again."); err != nil {
			return err
		}
	}
	w, err := h.RemoveWatch(ctx, req)
	if err != nil {
		return err
	}
	return a.print(w, func(t *table) {
		t.dryRun(req.DryRun, "removed")
		t.line("%d elements are watched no more", w.Elements)
	})
}
