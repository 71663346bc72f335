package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) auditVerdict() *cobra.Command {
	var req hub.AuditVerdictRequest
	var yes bool
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "verdict ID", Short: "Enter this member's verdict as an auditor on the ledger", Args: cobra.ExactArgs(1),
		Long: "true: every drawn question was opened and every opening holds. false: the querier's answer leaves\n" +
			"one out, or one does not hold. refused: no answer came in time. unjustified: all hold, and the rules\n" +
			"do not cover what was asked. Nothing of the questions goes on the ledger. A verdict stands.",
		Example: "  crosslight audit verdict 608a65b0 --outcome true --held 300\n" +
			"  crosslight audit verdict 608a65b0 --outcome false --held 12 --out verdict.draft",
	}, short, func(ctx context.Context, args []string) error {
		req.Audit = args[0]
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "verdict", Verdict: &req}, draft)
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		if !req.DryRun {
			if err := a.confirm(yes, "Put the verdict "+req.Outcome+" on the ledger? It cannot be taken back."); err != nil {
				return err
			}
		}
		x, err := h.AuditVerdict(ctx, req)
		if err != nil {
			return err
		}
		return a.printAudit(x)
	})
	f := c.Flags()
	f.StringVar(&req.Outcome, "outcome", "", "true, false, refused or unjustified")
	f.Uint64Var(&req.Held, "held", 0, "how many openings hold")
	f.BoolVar(&req.DryRun, "dry-run", false, "say whether the ledger would take it, and stop")
	yesFlag(c, &yes)
	draft.add(c)
	require(c, "outcome")
	return c
}

// auditReport is what `audit report` prints.
type auditReport struct {
	hub.QueryLogs
	Audits []hub.Audit     `json:"audits"`
	Holds  []hub.LegalHold `json:"holds"`
}

func (a *app) auditReport() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "report", Short: "Report query logs, audits and legal holds, with whose logs do not agree",
		Example: "  crosslight audit report -o json",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		var out auditReport
		if out.QueryLogs, err = h.QueryLogs(ctx); err != nil {
			return err
		}
		if out.Audits, err = h.Audits(ctx); err != nil {
			return err
		}
		if out.Holds, err = h.LegalHolds(ctx); err != nil {
			return err
		}
		return a.print(out, func(t *table) { auditReportTable(t, out) })
	})
}

func auditReportTable(t *table, r auditReport) {
	t.line("Today is %s of ledger time; logs are due up to %s.", r.Today, text(r.Due))
	rows := [][]any{}
	for _, c := range r.Committed {
		rows = append(rows, []any{c.Member, c.Last})
	}
	t.line("")
	t.rows([]string{"member", "logs committed up to"}, rows)
	t.line("")
	if len(r.Differ) == 0 {
		t.line("All logs that two members have committed to agree.")
	} else {
		t.line("These logs do NOT agree; each member has what the other signed:")
		rows = [][]any{}
		for _, d := range r.Differ {
			rows = append(rows, []any{d.Day, d.Querier, d.Asked, d.Holder, d.Answered})
		}
		t.rows([]string{"day", "querier", "asked", "holder", "answered"}, rows)
	}
	t.line("")
	auditsTable(t, r.Audits)
	if len(r.Holds) > 0 {
		t.line("")
		holdsTable(t, r.Holds)
	}
}

func (a *app) auditHold() *cobra.Command {
	var req hub.LegalHoldRequest
	var yes bool
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "hold", Short: "Call for a legal hold on what a member asked on some days, or for its release",
		Long: "While a legal hold is in force the member does not erase what opens its questions of these days,\n" +
			"whatever the policy's retention. It begins when seats of two sectors have called for it, and ends when\n" +
			"seats of two sectors have called for its release. `audit report` lists holds.",
		Example: "  crosslight audit hold --member 'Example Bank' --first 2026-01-01 --last 2026-01-31 --dry-run",
	}, short, func(ctx context.Context, _ []string) error {
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "hold", Hold: &req}, draft)
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		if !req.DryRun {
			if err := a.confirm(yes, "Call for it on the ledger?"); err != nil {
				return err
			}
		}
		hold, err := h.HoldLegally(ctx, req)
		if err != nil {
			return err
		}
		return a.print(hold, func(t *table) {
			t.dryRun(hold.DryRun, "written")
			holdsTable(t, []hub.LegalHold{hold})
		})
	})
	f := c.Flags()
	f.StringVar(&req.Member, "member", "", "whose questions")
	f.StringVar(&req.First, "first", "", "first day, as 2026-01-31")
	f.StringVar(&req.Last, "last", "", "last day")
	f.BoolVar(&req.Release, "release", false, "call for the release of a hold that is in force")
	f.BoolVar(&req.DryRun, "dry-run", false, "say whether the ledger would take it, and stop")
	yesFlag(c, &yes)
	draft.add(c)
	require(c, "member", "first", "last")
	return c
}

func holdsTable(t *table, holds []hub.LegalHold) {
	rows := [][]any{}
	for _, x := range holds {
		rows = append(rows, []any{x.Member, x.First + " to " + x.Last, x.InForce, x.CalledBy, x.ReleasedBy})
	}
	t.rows([]string{"legal hold on", "days", "in force", "called by", "released by"}, rows)
}
