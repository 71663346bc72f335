package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) proposalSubmit() *cobra.Command {
	var dry, yes bool
	c := a.verb(&cobra.Command{
		Use: "submit FILE", Short: "Put on the ledger what a seat signed elsewhere; any member's node will do", Args: cobra.ExactArgs(1),
		Long: "Checks a signed draft and puts its entry on the ledger. The node need not be the signer's own.\n" +
			"Submitting a file twice is harmless.",
		Example: "  crosslight proposal submit draft.signed --dry-run",
	}, short, func(ctx context.Context, args []string) error { return a.submitSigned(ctx, args[0], dry, yes) })
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would change and whose votes are missing, and stop")
	yesFlag(c, &yes)
	return c
}

func (a *app) submitSigned(ctx context.Context, path string, dry, yes bool) error {
	file, err := readFile(path)
	if err != nil {
		return err
	}
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !dry && !yes && terminal(a.in) && terminal(a.err) {
		s, err := h.SubmitSigned(ctx, hub.SubmitRequest{File: file, DryRun: true})
		if err != nil {
			return err
		}
		submittedTable(&table{out: a.err}, s)
		if err := a.confirm(yes, "Put this on the ledger? It cannot be taken back."); err != nil {
			return err
		}
	}
	s, err := h.SubmitSigned(ctx, hub.SubmitRequest{File: file, DryRun: dry})
	if err != nil {
		return err
	}
	return a.print(s, func(t *table) { submittedTable(t, s) })
}

func submittedTable(t *table, s hub.Submitted) {
	t.dryRun(s.DryRun, "written")
	for _, w := range s.Words {
		t.line("signed    %s", text(w))
	}
	t.line("entry     %s", s.Hash)
	t.line("index     %s", text(s.Index))
	if s.Proposal != nil {
		t.line("")
		p := *s.Proposal
		p.DryRun = false
		proposalTable(t, p)
	}
}
