package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/indicator"
)

func (a *app) indicatorCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "indicator", Short: "This member's own indicators",
		Example: "  crosslight indicator import ./indicators.csv --region GB",
	}, a.indicatorImport(), a.indicatorHash(), a.indicatorList(), a.indicatorShow(), a.indicatorWithdraw(), a.indicatorRemovals())
}

func feedFlags(c *cobra.Command, o *hub.FeedOptions) {
	c.Flags().StringVar(&o.Format, "format", "", "csv, jsonl or threatexchange (default: detected)")
	c.Flags().String("region", "", "default region of national phone numbers, ISO 3166-1 alpha-2")
	setting(c.Flags().Lookup("region"), "region")
}

func (a *app) indicatorImport() *cobra.Command {
	var o hub.FeedOptions
	c := a.verb(&cobra.Command{
		Use: "import FILE|-", Short: "Import a feed, all or nothing", Args: cobra.ExactArgs(1),
		Long: "Imports a feed of indicators: Crosslight CSV, JSON Lines or threatexchange lines. A line that\n" +
			"cannot be brought to canonical form is refused with its number and reason; the rest goes in.",
		Example: "  crosslight indicator import ./indicators.csv --region GB\n  export-tool | crosslight indicator import - --format jsonl",
	}, endless, func(ctx context.Context, args []string) error {
		o.Region = a.cfg.Region
		return a.importFeed(ctx, args[0], o)
	})
	feedFlags(c, &o)
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "report what would happen and keep nothing")
	return c
}

func (a *app) importFeed(ctx context.Context, path string, o hub.FeedOptions) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	feed, done, err := a.feed(path, "reading", "storing and building the index")
	if err != nil {
		return err
	}
	report, err := h.Import(ctx, feed, o)
	done()
	if err != nil {
		return err
	}
	report.Refusals = sortedRefusals(report.Refusals)
	return a.print(report, func(t *table) {
		t.dryRun(o.DryRun, "kept")
		importTable(t, report)
	})
}

func importTable(t *table, r hub.ImportReport) {
	t.line("%d lines: %d imported, %d refused, %d duplicates, %d suppressed; %d derived",
		r.Lines, r.Imported, r.Refused, r.Duplicates, r.Suppressed, r.Derived)
	refusalTable(t, r.Refusals, r.Refused)
}

func refusalTable(t *table, refusals []hub.Refusal, total int64) {
	if len(refusals) == 0 {
		return
	}
	rows := [][]any{}
	for _, r := range refusals[:min(20, len(refusals))] {
		rows = append(rows, []any{r.Line, r.Type, r.Reason})
	}
	t.line("")
	t.rows([]string{"line", "type", "refused because"}, rows)
	if more := total - int64(len(rows)); more > 0 {
		t.line("and %d more; -o json lists up to %d", more, hub.MaxRefusals)
	}
}

func sortedRefusals(r []hub.Refusal) []hub.Refusal {
	r = append([]hub.Refusal{}, r...)
	slices.SortStableFunc(r, func(x, y hub.Refusal) int { return int(x.Line - y.Line) })
	return r
}

// hashed is a value in canonical form.
type hashed struct {
	Type      string `json:"type"`
	Canonical string `json:"canonical"`
	Digest    string `json:"digest"`
}

func (a *app) indicatorHash() *cobra.Command {
	var typ string
	c := a.verb(&cobra.Command{
		Use: "hash VALUE", Short: "Show a value's canonical form and digest; needs no node", Args: cobra.ExactArgs(1),
		Example: "  crosslight indicator hash --type phone --region US '(202) 555-0143'",
	}, short, func(_ context.Context, args []string) error { return a.hash(typ, args[0]) })
	c.Flags().StringVar(&typ, "type", "", "indicator type, such as email or phone")
	c.Flags().String("region", "", "default region of national phone numbers, ISO 3166-1 alpha-2")
	setting(c.Flags().Lookup("region"), "region")
	require(c, "type")
	return c
}

func (a *app) hash(typ, value string) error {
	t, err := indicator.ParseType(typ)
	if err != nil {
		return usage(err)
	}
	c, err := indicator.Canonicalise(t, value, indicator.Options{Region: a.cfg.Region})
	if err != nil {
		return err
	}
	if reason, yes := indicator.Suppressed(c); yes {
		a.say("Note: import and query leave this value out: %s", reason)
	}
	out := hashed{string(t), c.Form(), c.Digest().Hex()}
	return a.print(out, func(t *table) { t.fields(out) })
}

func (a *app) indicatorList() *cobra.Command {
	var f hub.IndicatorFilter
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List own indicators, newest first",
		Example: "  crosslight indicator list --type email --limit 20",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		page, err := h.Indicators(ctx, f)
		if err != nil {
			return err
		}
		return a.print(page, func(t *table) { indicatorTable(t, page) })
	})
	c.Flags().StringVar(&f.Type, "type", "", "only this type")
	c.Flags().StringVar(&f.Reference, "reference", "", "only this reference")
	pageFlags(c, &f.PageRequest)
	return c
}

func pageFlags(c *cobra.Command, p *hub.PageRequest) {
	c.Flags().StringVar(&p.Cursor, "cursor", "", "continue after the page that ended with this")
	c.Flags().IntVar(&p.Limit, "limit", 0, "items a page (default 100)")
}

func indicatorTable(t *table, page hub.IndicatorPage) {
	rows := [][]any{}
	for _, i := range page.Indicators {
		rows = append(rows, []any{i.Type, i.Digest, i.Label.Category, i.Label.Reference, i.Label.Expires, i.Imported.Format(time.DateOnly)})
	}
	t.rows([]string{"type", "digest", "category", "reference", "expires", "imported"}, rows)
	t.more(page.Next)
}

func (a *app) indicatorShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show DIGEST", Short: "Show one of the own indicators", Args: cobra.ExactArgs(1),
		Example: "  crosslight indicator show 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		i, err := h.Indicator(ctx, strings.TrimPrefix(args[0], "digest:"))
		if err != nil {
			return err
		}
		return a.print(i, func(t *table) {
			t.line("%-18s %s", "digest", i.Digest)
			t.line("%-18s %s", "type", i.Type)
			t.fields(i.Label)
			t.line("%-18s %s", "imported at", i.Imported.Format(time.RFC3339))
		})
	})
}

func (a *app) indicatorWithdraw() *cobra.Command {
	var req hub.WithdrawRequest
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "withdraw [TYPE:VALUE ...]", Short: "Take indicators out of the store and of what others see",
		Long: "Takes indicators out of the store and of the index at once. Mirrors are told by gossip, drop them\n" +
			"and acknowledge, signed; the answer says who has and who has not yet.",
		Example: "  crosslight indicator withdraw --reference CASE-7\n  crosslight indicator withdraw email:someone@example.com --dry-run",
		Args:    cobra.ArbitraryArgs,
	}, endless, func(ctx context.Context, args []string) error {
		var err error
		if req.Values, err = values(args); err != nil {
			return err
		}
		if len(req.Values) == 0 && req.Reference == "" {
			return usageText("name values as TYPE:VALUE, or --reference")
		}
		req.Region = a.cfg.Region
		return a.withdraw(ctx, req, yes)
	})
	c.Flags().StringVar(&req.Reference, "reference", "", "all that carry this reference")
	c.Flags().String("region", "", "default region of national phone numbers, ISO 3166-1 alpha-2")
	setting(c.Flags().Lookup("region"), "region")
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "say what would be withdrawn and stop")
	c.Flags().IntVar(&req.WaitSeconds, "wait", 10, "seconds to wait for mirrors to acknowledge, at most 60")
	yesFlag(c, &yes)
	return c
}

func (a *app) withdraw(ctx context.Context, req hub.WithdrawRequest, yes bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !req.DryRun {
		if err := a.confirm(yes, "Withdraw these indicators everywhere?"); err != nil {
			return err
		}
	}
	report, err := h.Withdraw(ctx, req)
	if err != nil {
		return err
	}
	slices.Sort(report.Digests)
	return a.print(report, func(t *table) {
		t.dryRun(req.DryRun, "withdrawn")
		t.line("%d withdrawn, %d unknown", report.Withdrawn, report.Unknown)
		if report.Removal != nil {
			removalTable(t, *report.Removal)
		}
	})
}

// values splits TYPE:VALUE arguments at their first colon.
func values(args []string) ([]hub.Value, error) {
	out := []hub.Value{}
	for i, arg := range args {
		typ, value, ok := strings.Cut(arg, ":")
		if !ok {
			return nil, usage(fmt.Errorf("argument %d is not TYPE:VALUE", i+1)) // not quoted: it is an indicator
		}
		if _, err := indicator.ParseType(typ); err != nil {
			return nil, usage(fmt.Errorf("argument %d: %w", i+1, errTypeOnly(err)))
		}
		out = append(out, hub.Value{Type: typ, Raw: value})
	}
	return out, nil
}

// errTypeOnly keeps the sentinel and drops the text around it, which may quote what stood before the
// colon: a value that has one of its own.
func errTypeOnly(err error) error {
	if errors.Is(err, indicator.ErrType) {
		return fmt.Errorf("%w before the first colon: one of %v", indicator.ErrType, indicator.Types())
	}
	return err
}
