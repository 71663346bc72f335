package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/node/home"
)

// proofSuffix is how C2SP tlog-proof names its files; entrySuffix is the entry's file beside it.
const (
	proofSuffix = ".tlog-proof"
	entrySuffix = ".entry"
)

func entryBeside(proof string) string { return strings.TrimSuffix(proof, proofSuffix) + entrySuffix }

func (a *app) ledgerCheckpoint() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "checkpoint", Short: "Show the newest final checkpoint with its cosignatures",
		Long: "Prints the checkpoint as a C2SP signed note: signed by this node's log key, cosigned by exactly a\n" +
			"quorum of the voters, and by whichever members without a vote, and outside witnesses of the setting\n" +
			"ledger.witnesses, answer within a few seconds. C2SP tools read it; whoever wants a quorum counts the\n" +
			"keys that it knows.",
		Example: "  crosslight ledger checkpoint --out checkpoint",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		note, err := h.LedgerCheckpoint(ctx)
		if err != nil {
			return err
		}
		if out != "" {
			if err := writeNew(out, note); err != nil {
				return err
			}
		}
		made := struct {
			Checkpoint string `json:"checkpoint"`
		}{string(note)}
		return a.print(made, func(t *table) {
			if out != "" {
				t.line("%s", out)
				return
			}
			t.line("%s", strings.TrimSuffix(string(note), "\n"))
		})
	})
	c.Flags().StringVar(&out, "out", "", "file to write it to")
	return c
}

func (a *app) ledgerProve() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "prove INDEX|HASH", Short: "Prove to anyone that an entry stands on the ledger and is final", Args: cobra.ExactArgs(1),
		Long: "Writes a C2SP tlog-proof, FILE.tlog-proof, and the entry itself beside it, FILE.entry. Whoever\n" +
			"knows who votes checks them offline (`crosslight ledger verify --proof`); the ledger is not needed.",
		Example: "  crosslight ledger prove 12 --out 12.tlog-proof",
	}, short, func(ctx context.Context, args []string) error { return a.prove(ctx, args[0], out) })
	c.Flags().StringVar(&out, "out", "", "file to write the proof to")
	require(c, "out")
	return c
}

func (a *app) prove(ctx context.Context, ref, out string) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	p, err := h.LedgerProof(ctx, ref)
	if err != nil {
		return err
	}
	if err := writeNew(out, p.Proof); err != nil {
		return err
	}
	if err := writeNew(entryBeside(out), p.Entry); err != nil {
		return err
	}
	made := struct {
		Proof string `json:"proof"`
		Entry string `json:"entry"`
		Index uint64 `json:"index"`
		Hash  string `json:"hash"`
		Size  uint64 `json:"size"`
		Root  string `json:"root"`
	}{out, entryBeside(out), p.Index, p.Hash, p.Size, p.Root}
	if err := a.print(made, func(t *table) { t.line("%s", out) }); err != nil {
		return err
	}
	a.say("Check it anywhere, offline: crosslight ledger verify --proof %s --genesis GENESIS", out)
	return nil
}

// proven is what a proof that holds says.
type proven struct {
	ID        string   `json:"id"`
	Index     uint64   `json:"index"`
	Kind      string   `json:"kind"`
	Summary   string   `json:"summary"`
	Hash      string   `json:"hash"`
	Size      uint64   `json:"size"`
	Root      string   `json:"root"`
	Cosigners []string `json:"cosigners"`
	Verified  bool     `json:"verified"`
}

func (a *app) verifyProof(o verifyFlags, args []string) error {
	trust, err := a.trust(o, args)
	if err != nil {
		return err
	}
	if o.entry == "" {
		o.entry = entryBeside(o.proof)
	}
	files, err := readFiles([]string{o.proof, o.entry})
	if err != nil {
		return err
	}
	p, err := trust.Prove(files[0], files[1])
	if err != nil {
		return fmt.Errorf("the proof does NOT verify: %w", err)
	}
	out := proven{
		ID: hex.EncodeToString(trust.LedgerID[:]), Index: p.Index, Kind: p.Kind.String(), Summary: p.Summary, Hash: p.Hash.String(),
		Size: p.Size, Root: hex.EncodeToString(p.Root[:]), Cosigners: append([]string{}, p.Cosigners...), Verified: true,
	}
	return a.print(out, func(t *table) {
		t.line("verified: entry %d of the ledger %s", out.Index, out.ID)
		t.line("%s: %s", out.Kind, text(out.Summary))
		t.line("under %d entries, root %s, cosigned by %s", out.Size, out.Root, text(out.Cosigners))
	})
}

// trust is who votes: by a verified export, or by a genesis.
func (a *app) trust(o verifyFlags, args []string) (audit.Trust, error) {
	if len(args) == 1 {
		r, err := audited(args[0], o)
		return r.Trust(), err
	}
	if o.genesis == "" {
		o.genesis = home.Home(a.cfg.Home).Genesis()
	}
	raw, err := readFile(o.genesis)
	if err != nil {
		return audit.Trust{}, fmt.Errorf("who votes? name an export, or the genesis with --genesis: %w", err)
	}
	t, err := audit.TrustGenesis(raw)
	if err != nil {
		return t, fmt.Errorf("%s is no complete genesis: %w", o.genesis, err)
	}
	if o.id != "" {
		pin, err := ledgerID(o.id)
		if err == nil && pin != t.LedgerID {
			err = fmt.Errorf("%w: the genesis founds %x", audit.ErrPinned, t.LedgerID)
		}
		return t, err
	}
	return t, nil
}
