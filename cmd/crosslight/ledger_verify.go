package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
)

// verified is what an export that holds says.
type verified struct {
	ID        string           `json:"id"`
	Size      uint64           `json:"size"`
	Root      string           `json:"root"`
	StateHash string           `json:"state_hash"`
	Verified  bool             `json:"verified"`
	Signers   []string         `json:"signers"`
	Final     bool             `json:"final"`       // a quorum of the voters has cosigned the checkpoint
	Cosigners []string         `json:"cosigners"`   // that quorum
	Cosigned  *string          `json:"cosigned_at"` // RFC 3339, the oldest of their cosignatures; null when not final
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

// verifyFlags say what is verified, and by whose word.
type verifyFlags struct {
	id, proof, entry, genesis string
	final                     bool
}

func (a *app) ledgerVerify() *cobra.Command {
	var o verifyFlags
	c := a.verb(&cobra.Command{
		Use: "verify [DIR]", Short: "Verify an exported ledger, or the proof of one entry, offline", Args: cobra.MaximumNArgs(1),
		Long: "Re-executes every entry, recomputes every hash and checks every signature of an export. Needs\n" +
			"no node and no keys. --ledger-id makes sure that it is the ledger you mean, and not another\n" +
			"that is sound in itself; --final, that a quorum of its voters has cosigned it.\n\n" +
			"With --proof it checks what `crosslight ledger prove` wrote: that an entry stands under a\n" +
			"checkpoint which a quorum of the voters has cosigned. Who votes says an export, DIR, or the\n" +
			"genesis as long as the founders vote.",
		Example: "  crosslight ledger verify ./ledger-export --ledger-id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n" +
			"  crosslight ledger verify --proof 12.tlog-proof --entry 12.entry --genesis genesis.cbor",
	}, endless, func(_ context.Context, args []string) error {
		if o.proof != "" {
			return a.verifyProof(o, args)
		}
		if len(args) == 0 || o.entry != "" || o.genesis != "" {
			return usageText("name the export's folder, or a proof with --proof and --entry")
		}
		return a.verifyLedger(args[0], o)
	})
	f := c.Flags()
	f.StringVar(&o.id, "ledger-id", "", "the ledger that it must be, in hex")
	f.BoolVar(&o.final, "final", false, "refuse an export that a quorum of the voters has not cosigned")
	f.StringVar(&o.proof, "proof", "", "a C2SP tlog-proof to verify instead of an export")
	f.StringVar(&o.entry, "entry", "", "with --proof: the entry, byte for byte (default: beside the proof, with .entry)")
	f.StringVar(&o.genesis, "genesis", "", "with --proof: the genesis whose founders vote (default: the one of HOME)")
	return c
}

func (a *app) verifyLedger(dir string, o verifyFlags) error {
	r, err := audited(dir, o)
	if err != nil {
		return err
	}
	out := verifiedOf(r)
	return a.print(out, func(t *table) { verifiedTable(t, out) })
}

func audited(dir string, o verifyFlags) (audit.Report, error) {
	options := audit.Options{Final: o.final}
	if o.id != "" {
		pin, err := ledgerID(o.id)
		if err != nil {
			return audit.Report{}, err
		}
		options.LedgerID = &pin
	}
	r, err := audit.Verify(dir, options)
	if err != nil {
		err = fmt.Errorf("the export does NOT verify: %w", err)
	}
	return r, err
}

func verifiedOf(r audit.Report) verified {
	out := verified{
		ID: hex.EncodeToString(r.LedgerID[:]), Size: r.Size, Root: hex.EncodeToString(r.Root[:]),
		StateHash: hex.EncodeToString(r.StateHash[:]), Verified: true, Signers: append([]string{}, r.Signers...),
		Final: r.Final, Cosigners: append([]string{}, r.Cosigners...),
		Trial: r.Trial, Policy: r.Policy, Members: []verifiedMember{}, Proposals: len(r.Proposals),
	}
	if r.Final {
		at := time.Unix(int64(r.CosignedAt), 0).UTC().Format(time.RFC3339)
		out.Cosigned = &at
	}
	for _, m := range r.Members {
		out.Members = append(out.Members, verifiedMember{m.Name, string(m.Sector), m.PeerID, fmt.Sprint(m.Status), m.Epoch})
	}
	return out
}

func verifiedTable(t *table, v verified) {
	t.line("verified: ledger %s", v.ID)
	t.line("%d entries, root %s, checkpoint signed by %s", v.Size, v.Root, text(v.Signers))
	if v.Final {
		t.line("final: cosigned by a quorum of the voters, %s, at %s", text(v.Cosigners), *v.Cosigned)
	} else {
		t.line("NOT final: this is the word of %s alone; a quorum of the voters has not cosigned it", text(v.Signers))
	}
	rows := [][]any{}
	for _, m := range v.Members {
		rows = append(rows, []any{m.Name, m.Sector, m.Status, m.Epoch, m.PeerID})
	}
	t.line("")
	t.rows([]string{"member", "sector", "status", "epoch", "peer id"}, rows)
}
