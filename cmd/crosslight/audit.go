package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) auditCommand() *cobra.Command {
	return noun(
		&cobra.Command{
			Use: "audit", Short: "Audits by opening: questions that are drawn are opened to auditors",
			Long: "Every day each member commits, on the ledger, to what it asked and what it answered. The board\n" +
				"may have some of one member's questions to another opened: two seats draw them, neither able to\n" +
				"choose, the querier opens them to the auditors that the board named, and each auditor gives a\n" +
				"verdict on the ledger. Nobody else sees a question, and the ledger never does.\n\n" +
				"In this order: key (auditors), request, proposal vote, nonce (two seats), answer (the querier),\n" +
				"fetch and verify (auditors), verdict (auditors).",
			Example: "  crosslight audit report",
		},
		a.auditKey(), a.auditRequest(), a.auditList(), a.auditShow(), a.auditNonce(), a.auditReveal(), a.auditAnswer(),
		a.auditFetch(), a.auditVerify(), a.auditVerdict(), a.auditReport(), a.auditHold(),
	)
}

func (a *app) auditRequest() *cobra.Command {
	var audit hub.AuditProposal
	var auditors []string
	c, o := a.propose("request", "Propose that questions of one member to another be opened", "", func(o *proposeFlags) error {
		audit.Auditors = nil
		for _, text := range auditors {
			name, recipient, ok := strings.Cut(text, "=")
			if !ok {
				return usageText("an auditor is named as NAME=RECIPIENT, as `crosslight audit key` prints the recipient")
			}
			audit.Auditors = append(audit.Auditors, hub.AuditorNamed{Member: name, Recipient: recipient})
		}
		o.Audit = &audit
		return nil
	})
	o.Kind = "audit"
	c.Long = "Puts a proposal on the ledger: how many of the questions that one member put to another, on days\n" +
		"whose logs both have committed to, are drawn and opened, and to whom. It takes more than half of the\n" +
		"seats. Auditors are members with a seat that are neither of the two, nor of their sectors. 300\n" +
		"positions find one bad question in a hundred with 95 %."
	c.Example = "  crosslight audit request --querier 'Example Bank' --holder 'Example Platform' --first 2026-01-01 --last 2026-01-31 \\\n" +
		"    --auditor 'Example Police=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p' --dry-run"
	f := c.Flags()
	f.StringVar(&audit.Querier, "querier", "", "the member whose questions are opened")
	f.StringVar(&audit.Holder, "holder", "", "the member that answered them")
	f.StringVar(&audit.First, "first", "", "first day, as 2026-01-31, of ledger time (UTC)")
	f.StringVar(&audit.Last, "last", "", "last day")
	f.Uint64Var(&audit.Positions, "positions", 300, "how many questions to open, 1 to 4096; all where there are fewer")
	f.StringArrayVar(&auditors, "auditor", nil, "NAME=RECIPIENT of an auditor; repeat for up to four")
	require(c, "querier", "holder", "first", "last", "auditor")
	return c
}

// auditPage is what `audit list` prints.
type auditPage struct {
	Audits []hub.Audit `json:"audits"`
}

func (a *app) auditList() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "list", Short: "List audits, newest first", Example: "  crosslight audit list",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		audits, err := h.Audits(ctx)
		if err != nil {
			return err
		}
		return a.print(auditPage{audits}, func(t *table) { auditsTable(t, audits) })
	})
}

func auditsTable(t *table, audits []hub.Audit) {
	rows := [][]any{}
	for _, x := range audits {
		rows = append(rows, []any{x.ID[:16], x.Querier, x.Holder, x.First + " to " + x.Last, x.Drawn, x.Phase, verdictWords(x)})
	}
	t.rows([]string{"audit", "querier", "holder", "days", "drawn", "phase", "verdicts"}, rows)
}

func verdictWords(x hub.Audit) []string {
	words := []string{}
	for _, v := range x.Verdicts {
		words = append(words, v.Member+": "+v.Outcome)
	}
	return words
}

func (a *app) auditShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show ID", Short: "Show where an audit stands, and who is to do what next", Args: cobra.ExactArgs(1),
		Example: "  crosslight audit show 608a65b0",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		x, err := h.Audit(ctx, args[0])
		if err != nil {
			return err
		}
		return a.printAudit(x)
	})
}

func (a *app) printAudit(x hub.Audit) error {
	return a.print(x, func(t *table) {
		t.dryRun(x.DryRun, "written")
		t.line("audit     %s", x.ID)
		t.line("of        questions of %s to %s, %s to %s", text(x.Querier), text(x.Holder), x.First, x.Last)
		t.line("drawn     %d of %d; if one in a hundred is not as it should be, that shows with %.0f %%", x.Drawn, x.Elements, 100*x.OnePer100)
		for _, n := range x.Nonces {
			t.line("nonce     %s, revealed: %s", text(n.Member), text(n.Revealed))
		}
		if len(x.Withheld) > 0 {
			t.line("withheld  %s", text(x.Withheld))
		}
		for _, d := range x.Differ {
			t.line("differ    %s: %d asked, %d answered; nothing of this day is drawn", d.Day, d.Asked, d.Answered)
		}
		for _, auditor := range x.Auditors {
			t.line("auditor   %s, %s", text(auditor.Member), auditor.Recipient)
		}
		for _, v := range x.Verdicts {
			t.line("verdict   %s: %s, %d openings hold", text(v.Member), v.Outcome, v.Held)
		}
		t.line("phase     %s", x.Phase)
		t.line("next      %s", auditNext(x))
	})
}

// auditNext says what has to happen now.
func auditNext(x hub.Audit) string {
	switch x.Phase {
	case "nonces":
		return "two seats of different sectors commit to nonces: `crosslight audit nonce " + x.ID[:16] + "`"
	case "reveals":
		return "both seats' nodes reveal their nonces by " + text(x.RevealBy) + ", by themselves; a seat whose key is elsewhere: `crosslight audit reveal " + x.ID[:16] + " --out FILE`"
	case "drawn":
		return x.Querier + " opens what was drawn by " + text(x.AnswerBy) + ": `crosslight audit answer " + x.ID[:16] + " --deliver`"
	}
	return "nothing"
}

func (a *app) auditNonce() *cobra.Command {
	var req hub.AuditNonceRequest
	var yes bool
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "nonce ID", Short: "Commit this seat to a nonce that questions are drawn by", Args: cobra.ExactArgs(1),
		Long: "Draws a nonce, keeps it and commits to it on the ledger. The node reveals it by itself once both\n" +
			"commitments are final: keep it running. A seat that does not reveal within 24 hours is named, and\n" +
			"others draw anew without it.\n\n" +
			"A seat whose key is elsewhere draws the nonce there: --out writes a draft, `proposal sign` signs it, and\n" +
			"`proposal submit` brings it back; `audit reveal` drafts the reveal once it is time.",
		Example: "  crosslight audit nonce 608a65b0\n  crosslight audit nonce 608a65b0 --out nonce.draft",
	}, short, func(ctx context.Context, args []string) error {
		req.Audit = args[0]
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "nonce", Audit: args[0]}, draft)
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		if !req.DryRun {
			if err := a.confirm(yes, "Commit this seat to a nonce? It then has 24 hours to reveal it, with this node running."); err != nil {
				return err
			}
		}
		x, err := h.AuditNonce(ctx, req)
		if err != nil {
			return err
		}
		return a.printAudit(x)
	})
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "say whether this seat may, and stop")
	yesFlag(c, &yes)
	draft.add(c)
	return c
}

func (a *app) auditReveal() *cobra.Command {
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "reveal ID", Short: "Draft the reveal of a nonce, for a seat whose key is elsewhere", Args: cobra.ExactArgs(1),
		Long: "A node that has its seat's key reveals by itself. Where the key is elsewhere, this writes a draft as soon\n" +
			"as both commitments are final, to be signed (`proposal sign`) and submitted (`proposal submit`) within 24\n" +
			"hours of the second commitment. Only the seat's own node drafts it: revealed too early, a nonce lets the\n" +
			"other seat choose what is drawn.",
		Example: "  crosslight audit reveal 608a65b0 --out reveal.draft",
	}, short, func(ctx context.Context, args []string) error {
		return a.writeDraft(ctx, hub.DraftRequest{Act: "reveal", Audit: args[0]}, draft)
	})
	c.Flags().StringVar(&draft.out, "out", "", "write the draft to this file")
	c.Flags().Uint64Var(&draft.ahead, "ahead", 0, "how many other drafts of this seat will be submitted first")
	require(c, "out")
	return c
}
