package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/keys"
)

type auditVerifyFlags struct {
	verifyFlags
	audit, answer, identity, evidence string
	digests                           bool
}

func (a *app) auditVerify() *cobra.Command {
	var o auditVerifyFlags
	c := a.verb(&cobra.Command{
		Use: "verify DIR", Short: "Check a querier's openings against an exported ledger, offline", Args: cobra.ExactArgs(1),
		Long: "Verifies the exported ledger in DIR as `ledger verify` does, draws the questions again, decrypts the\n" +
			"querier's answer and checks each opening: that its signed request is in the log that both members\n" +
			"committed to, at the position that was drawn, and that digest and blind make the element that was\n" +
			"sent. Needs no node. Where an opening is missing or does not hold it writes an evidence file and\n" +
			"exits 1. Whether the questions were justified is for the auditor to judge: type, purpose and case\n" +
			"reference are shown, digests with --digests. Then: `crosslight audit verdict`.",
		Example: "  crosslight audit verify ./ledger-export --audit 608a65b0 --answer answer.age --identity auditor.key --final",
	}, endless, func(_ context.Context, args []string) error { return a.verifyAudit(args[0], o) })
	f := c.Flags()
	f.StringVar(&o.audit, "audit", "", "the audit's id, or a unique prefix of it")
	f.StringVar(&o.answer, "answer", "", "the querier's answer, an age file")
	f.StringVar(&o.identity, "identity", "", "the auditor's identity, as 'audit key' wrote it")
	f.StringVar(&o.evidence, "evidence", "evidence", "folder that takes an evidence file where something is false")
	f.BoolVar(&o.digests, "digests", false, "show the digests that were opened")
	f.StringVar(&o.id, "ledger-id", "", "the ledger that it must be, in hex")
	f.BoolVar(&o.final, "final", false, "refuse an export that a quorum of the voters has not cosigned")
	require(c, "audit", "answer", "identity")
	return c
}

func (a *app) verifyAudit(dir string, o auditVerifyFlags) error {
	ledger, err := audited(dir, o.verifyFlags)
	if err != nil {
		return err
	}
	auditor, err := keys.LoadAuditor(o.identity)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(o.answer)
	if err != nil {
		return err
	}
	out, err := audit.CheckAnswer(ledger.State(), o.audit, file, auditor, audit.CheckOptions{Evidence: o.evidence, Digests: o.digests, Now: a.now()})
	if err != nil {
		return err
	}
	if err := a.print(out, func(t *table) { auditCheckTable(t, out) }); err != nil {
		return err
	}
	if out.Evidence != nil {
		return exitWith(exitError)
	}
	return nil
}

func auditCheckTable(t *table, c audit.Check) {
	t.line("audit    %s: questions of %s to %s", c.Audit, text(c.Querier), text(c.Holder))
	t.line("openings %d of %d hold", c.Held, c.Drawn)
	t.line("outcome  %s", c.Outcome)
	if c.Evidence != nil {
		t.line("evidence %s", *c.Evidence)
	}
	rows := [][]any{}
	for _, o := range c.Openings {
		rows = append(rows, []any{o.Position, o.Day, o.Type, o.Purpose, o.Case, o.Digest, o.Fault})
	}
	t.line("")
	t.rows([]string{"position", "day", "type", "purpose", "case", "digest", "fault"}, rows)
	t.line("")
	t.line("Then: crosslight audit verdict %s --outcome %s --held %d", c.Audit[:16], c.Outcome, c.Held)
}
