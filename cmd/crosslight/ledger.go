package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
)

func (a *app) ledgerCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "ledger", Short: "The governance ledger: look at it, take it along, verify it",
		Example: "  crosslight ledger export --out ./ledger-export\n  crosslight ledger verify ./ledger-export",
	}, a.ledgerStatus(), a.ledgerLog(), a.ledgerShow(), a.ledgerCheckpoint(), a.ledgerProve(),
		a.ledgerExport(), a.ledgerVerify(), a.ledgerEvidence(), a.recoverCommand())
}

func (a *app) ledgerStatus() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "status", Short: "Show where this node's ledger stands", Example: "  crosslight ledger status -o json",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		s, err := h.LedgerStatus(ctx)
		if err != nil {
			return err
		}
		return a.print(s, func(t *table) { t.fields(s) })
	})
}

func (a *app) ledgerExport() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "export", Short: "Write the whole ledger into a folder that anyone can verify",
		Example: "  crosslight ledger export --out ./ledger-export",
	}, endless, func(ctx context.Context, _ []string) error { return a.exportLedger(ctx, out) })
	c.Flags().StringVar(&out, "out", "", "folder to make")
	require(c, "out")
	return c
}

func (a *app) exportLedger(ctx context.Context, out string) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	go func() { w.CloseWithError(h.LedgerExport(ctx, w)) }()
	if err := audit.Unpack(r, out); err != nil {
		return err
	}
	made := struct {
		Export string `json:"export"`
	}{out}
	if err := a.print(made, func(t *table) { t.line("%s", out) }); err != nil {
		return err
	}
	a.say("Check it anywhere, offline: crosslight ledger verify %s", out)
	return nil
}
