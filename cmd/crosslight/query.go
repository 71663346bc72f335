package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) queryCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "query", Short: "Ask the other members which indicators they share",
		Example: "  crosslight query run email:someone@example.com --purpose platform-safety --case CASE-7",
	}, a.queryRun(), a.queryList(), a.queryShow())
}

// queryFlags are what `query run` is told.
type queryFlags struct {
	hub.QueryRequest
	file     string
	exitCode bool
}

func (a *app) queryRun() *cobra.Command {
	var o queryFlags
	c := a.verb(&cobra.Command{
		Use: "run [TYPE:VALUE ...]", Short: "Ask all holders at once", Args: cobra.ArbitraryArgs,
		Long: "Asks every holder that policy allows, or those named by --holder. A holder learns who asked,\n" +
			"when, how many values of which type and for which purpose, and nothing of the values. Values on\n" +
			"the command line are seen by other users of this machine; --file - keeps them off it.",
		Example: "  crosslight query run email:someone@example.com --purpose platform-safety --case CASE-7\n" +
			"  crosslight query run --file ./indicators.csv --type phone --holder 'Example Bank' --purpose financial-crime-report -o json",
	}, endless, func(ctx context.Context, args []string) error { return a.runQuery(ctx, args, o) })
	f := c.Flags()
	f.StringVar(&o.file, "file", "", "feed of values to ask about, - for standard input")
	f.StringSliceVar(&o.Types, "type", nil, "only these types")
	f.StringSliceVar(&o.Holders, "holder", nil, "only these members (default: all)")
	f.StringVar(&o.Case, "case", "", "case reference; only a commitment to it leaves this node")
	f.String("purpose", "", "declared purpose, one of the ledger's")
	setting(f.Lookup("purpose"), "purpose")
	f.BoolVar(&o.DryRun, "dry-run", false, "say who would be asked and stop")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit 5 when nothing matched")
	feedFlags(c, &o.Feed)
	return c
}

func (a *app) runQuery(ctx context.Context, args []string, o queryFlags) error {
	var err error
	if o.Values, err = values(args); err != nil {
		return err
	}
	o.Purpose, o.Feed.Region = a.cfg.Purpose, a.cfg.Region
	switch {
	case len(o.Values) == 0 && o.file == "":
		return usageText("name values as TYPE:VALUE, or a --file")
	case o.Purpose == "":
		return usageText("name a --purpose; `crosslight policy show` lists them")
	}
	report, err := a.askHolders(ctx, o)
	if err != nil {
		return err
	}
	out := answerOf(report)
	if err := a.print(out, func(t *table) { t.dryRun(o.DryRun, "asked"); answerTable(t, out) }); err != nil {
		return err
	}
	return a.outcome(report, o)
}

func (a *app) askHolders(ctx context.Context, o queryFlags) (hub.QueryReport, error) {
	h, err := a.hub()
	if err != nil {
		return hub.QueryReport{}, err
	}
	if o.file == "" {
		return h.Query(ctx, o.QueryRequest, nil)
	}
	feed, done, err := a.feed(o.file, "reading", "asking")
	if err != nil {
		return hub.QueryReport{}, err
	}
	defer done()
	return h.Query(ctx, o.QueryRequest, feed)
}

// outcome is the exit of a query whose report has been printed.
func (a *app) outcome(r hub.QueryReport, o queryFlags) error {
	for _, asked := range r.Asked {
		if asked.Status != "ok" {
			a.say("%s: %s %s", text(asked.Member), asked.Status, asked.Detail)
		}
	}
	if r.Warning != "" {
		a.say("%s", r.Warning)
	}
	switch {
	case allDenied(r.Asked):
		return &codedError{exitDenied, errors.New("every holder that was asked denied the question")}
	case r.Partial:
		return &codedError{exitUnavailable, errors.New("the answer is partial: some holders did not answer")}
	case r.Queried == 0 && r.Refused+r.Suppressed > 0:
		return errors.New("every value was refused: " + firstReason(r))
	case o.exitCode && len(r.Matches) == 0:
		return exitWith(exitNoMatch)
	}
	return nil
}

func firstReason(r hub.QueryReport) string {
	if len(r.Refusals) > 0 {
		return r.Refusals[0].Reason
	}
	return "it is on the suppression list"
}

// allDenied says whether holders were asked and policy or membership forbade every one of them.
func allDenied(asked []hub.Asked) bool {
	for _, x := range asked {
		switch x.Status {
		case "not-a-member", "suspended", "not-permitted":
		default:
			return false
		}
	}
	return len(asked) > 0
}

// answer is a query's report as the command line prints it.
type answer struct {
	ID             string        `json:"id"`
	Queried        int64         `json:"queried"`
	Refused        int64         `json:"refused"`
	Suppressed     int64         `json:"suppressed"`
	Refusals       []hub.Refusal `json:"refusals"`
	Asked          []askedHolder `json:"asked"`
	Matches        []hub.Match   `json:"matches"`
	Partial        bool          `json:"partial"`
	Evaluations    int64         `json:"evaluations"`
	ProofsVerified int64         `json:"proofs_verified"`
}

// askedHolder is how one holder answered.
type askedHolder struct {
	Member string `json:"member"`
	Status string `json:"status"`
}

func answerOf(r hub.QueryReport) answer {
	out := answer{
		ID: r.ID, Queried: r.Queried, Refused: r.Refused, Suppressed: r.Suppressed, Refusals: sortedRefusals(r.Refusals),
		Asked: []askedHolder{}, Matches: append([]hub.Match{}, r.Matches...), Partial: r.Partial,
		Evaluations: r.Evaluations, ProofsVerified: r.ProofsVerified,
	}
	for _, x := range r.Asked {
		out.Asked = append(out.Asked, askedHolder{x.Member, x.Status})
	}
	slices.SortFunc(out.Asked, func(x, y askedHolder) int { return cmp.Compare(x.Member, y.Member) })
	slices.SortStableFunc(out.Matches, compareMatches)
	return out
}

func compareMatches(x, y hub.Match) int {
	return cmp.Or(
		cmp.Compare(x.Type, y.Type), cmp.Compare(deref(x.Reference), deref(y.Reference)),
		cmp.Compare(x.Holder, y.Holder), cmp.Compare(deref(x.HolderReference), deref(y.HolderReference)),
	)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *app) printQuery(r hub.QueryReport) error {
	out := answerOf(r)
	return a.print(out, func(t *table) { answerTable(t, out) })
}

func answerTable(t *table, r answer) {
	t.line("%d asked about, %d matches, %d evaluations, %d proved", r.Queried, len(r.Matches), r.Evaluations, r.ProofsVerified)
	rows := [][]any{}
	for _, x := range r.Asked {
		rows = append(rows, []any{x.Member, x.Status})
	}
	t.line("")
	t.rows([]string{"holder", "status"}, rows)
	if len(r.Matches) > 0 {
		t.line("")
		matchTable(t, r.Matches)
	}
	refusalTable(t, r.Refusals, r.Refused)
}

func matchTable(t *table, matches []hub.Match) {
	rows := [][]any{}
	for _, m := range matches {
		rows = append(rows, []any{m.Type, m.Reference, m.Holder, m.HolderReference, m.Category, m.Severity, m.Contact, m.FirstSeen})
	}
	t.rows([]string{"type", "reference", "holder", "holder's reference", "category", "severity", "contact", "first seen"}, rows)
}

func (a *app) queryList() *cobra.Command {
	var page hub.PageRequest
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List past queries, newest first", Example: "  crosslight query list --limit 20",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		queries, err := h.Queries(ctx, page)
		if err != nil {
			return err
		}
		return a.print(queries, func(t *table) { queryListTable(t, queries) })
	})
	pageFlags(c, &page)
	return c
}

func queryListTable(t *table, page hub.QueryPage) {
	rows := [][]any{}
	for _, q := range page.Queries {
		rows = append(rows, []any{q.ID, q.At.Format(time.RFC3339), q.Purpose, q.Queried, q.Partial})
	}
	t.rows([]string{"id", "at", "purpose", "queried", "partial"}, rows)
	t.more(page.Next)
}

func (a *app) queryShow() *cobra.Command {
	var o queryFlags
	c := a.verb(&cobra.Command{
		Use: "show ID", Short: "Show a past query with its matches", Args: cobra.ExactArgs(1),
		Example: "  crosslight query show 3f2a -o json",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		report, err := h.QueryByID(ctx, args[0])
		if err != nil {
			return err
		}
		if err := a.printQuery(report); err != nil || !o.exitCode || len(report.Matches) > 0 {
			return err
		}
		return exitWith(exitNoMatch)
	})
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit 5 when nothing matched")
	return c
}
