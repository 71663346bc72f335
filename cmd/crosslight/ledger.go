package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
)

func (a *app) ledgerCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "ledger", Short: "The governance ledger: look at it, take it along, verify it",
		Example: "  crosslight ledger export --out ./ledger-export\n  crosslight ledger verify ./ledger-export",
	}, a.ledgerStatus(), a.ledgerLog(), a.ledgerShow(), a.ledgerExport(), a.ledgerVerify(), a.ledgerEvidence())
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

// verified is what an export that holds says.
type verified struct {
	ID        string           `json:"id"`
	Size      uint64           `json:"size"`
	Root      string           `json:"root"`
	StateHash string           `json:"state_hash"`
	Verified  bool             `json:"verified"`
	Signers   []string         `json:"signers"`
	Trial     bool             `json:"trial"`
	Policy    uint64           `json:"policy"`
	Members   []verifiedMember `json:"members"`
	Proposals int              `json:"proposals"`
}

// verifiedMember is a member as the export's entries make it.
type verifiedMember struct {
	Name   string `json:"name"`
	Sector string `json:"sector"`
	PeerID string `json:"peer_id"`
	Status string `json:"status"`
	Epoch  uint64 `json:"epoch"`
}

func (a *app) ledgerVerify() *cobra.Command {
	var id string
	c := a.verb(&cobra.Command{
		Use: "verify DIR", Short: "Verify an exported ledger offline", Args: cobra.ExactArgs(1),
		Long: "Re-executes every entry, recomputes every hash and checks every signature of an export. Needs\n" +
			"no node and no keys. --ledger-id makes sure that it is the ledger you mean, and not another\n" +
			"that is sound in itself.",
		Example: "  crosslight ledger verify ./ledger-export --ledger-id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}, endless, func(_ context.Context, args []string) error { return a.verifyLedger(args[0], id) })
	c.Flags().StringVar(&id, "ledger-id", "", "the ledger that it must be, in hex")
	return c
}

func (a *app) verifyLedger(dir, id string) error {
	var o audit.Options
	if id != "" {
		pin, err := ledgerID(id)
		if err != nil {
			return err
		}
		o.LedgerID = &pin
	}
	r, err := audit.Verify(dir, o)
	if err != nil {
		return fmt.Errorf("the export does NOT verify: %w", err)
	}
	out := verifiedOf(r)
	return a.print(out, func(t *table) { verifiedTable(t, out) })
}

func verifiedOf(r audit.Report) verified {
	out := verified{
		ID: hex.EncodeToString(r.LedgerID[:]), Size: r.Size, Root: hex.EncodeToString(r.Root[:]),
		StateHash: hex.EncodeToString(r.StateHash[:]), Verified: true, Signers: append([]string{}, r.Signers...),
		Trial: r.Trial, Policy: r.Policy, Members: []verifiedMember{}, Proposals: len(r.Proposals),
	}
	for _, m := range r.Members {
		out.Members = append(out.Members, verifiedMember{m.Name, string(m.Sector), m.PeerID, fmt.Sprint(m.Status), m.Epoch})
	}
	return out
}

func verifiedTable(t *table, v verified) {
	t.line("verified: ledger %s", v.ID)
	t.line("%d entries, root %s, checkpoint signed by %s", v.Size, v.Root, text(v.Signers))
	rows := [][]any{}
	for _, m := range v.Members {
		rows = append(rows, []any{m.Name, m.Sector, m.Status, m.Epoch, m.PeerID})
	}
	t.line("")
	t.rows([]string{"member", "sector", "status", "epoch", "peer id"}, rows)
}
