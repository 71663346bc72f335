package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) transparencyCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "transparency", Short: "Count what this member did, for publication",
		Example: "  crosslight transparency report --from 2026-01-01 --to 2026-02-01",
	}, a.transparencyReport())
}

func (a *app) transparencyReport() *cobra.Command {
	var from, to string
	c := a.verb(&cobra.Command{
		Use: "report", Short: "Print the figures of a period, with the ledger entries that prove them", Args: cobra.NoArgs,
		Long: "Counts questions, matches, refusals and notices by sector and purpose, and what stands on the ledger,\n" +
			"from the day --from until before the day --to (UTC). A count under ten is null and <10, and so is every\n" +
			"total from which it could be computed. Publish whole calendar months: other periods that overlap can be\n" +
			"subtracted from one another.",
		Example: "  crosslight transparency report --from 2026-01-01 --to 2026-02-01\n" +
			"  crosslight transparency report --from 2026-01-01 --to 2027-01-01 -o json",
	}, short, func(ctx context.Context, _ []string) error {
		var req hub.TransparencyRequest
		var err error
		if req.From, err = day("from", from); err != nil {
			return err
		}
		if req.To, err = day("to", to); err != nil {
			return err
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		r, err := h.Transparency(ctx, req)
		if err != nil {
			return err
		}
		if r.Warning != nil {
			a.say("%s", *r.Warning)
		}
		return a.print(r, func(t *table) { transparencyTable(t, r) })
	})
	c.Flags().StringVar(&from, "from", "", "first day, such as 2026-01-01")
	c.Flags().StringVar(&to, "to", "", "first day after the period, such as 2026-02-01")
	return c
}

func day(flag, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, usageText("--" + flag + " takes a day such as 2026-01-01")
	}
	return t, nil
}

func transparencyTable(t *table, r hub.TransparencyReport) {
	t.line("%s, %s until before %s, at ledger size %d", text(r.Member), r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Size)
	rows := [][]any{}
	for _, list := range [][]hub.TransparencyFigure{r.Figures, r.Totals} {
		for _, f := range list {
			rows = append(rows, []any{f.Kind, orAll(f.Sector), orAll(f.Purpose), f.Shown, len(f.Entries)})
		}
	}
	t.line("")
	t.rows([]string{"what", "sector", "purpose", "count", "ledger entries"}, rows)
	rows = [][]any{}
	for _, f := range r.Ledger {
		rows = append(rows, []any{f.Kind, orAll(f.Sector), f.Shown, len(f.Entries)})
	}
	t.line("")
	t.rows([]string{"on the ledger", "sector", "count", "ledger entries"}, rows)
	t.line("")
	t.line("The entries are listed with -o json; `crosslight ledger prove INDEX` proves one.")
}

func orAll(s *string) string {
	if s == nil {
		return "all"
	}
	return *s
}
