package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/home"
)

// evidencePage is what `ledger evidence list` prints.
type evidencePage struct {
	Evidence []evidenceItem `json:"evidence"`
}

// evidenceItem is one record. Error says why its file could not be read; null otherwise.
type evidenceItem struct {
	File    string  `json:"file"`
	Kind    string  `json:"kind"`
	Accused string  `json:"accused"` // peer ID
	At      string  `json:"at"`      // RFC 3339, by the clock of the node that kept it
	Error   *string `json:"error"`
}

// evidenceDetail is one record in full, its messages in hex.
type evidenceDetail struct {
	evidenceItem
	LedgerID string   `json:"ledger_id"`
	Key      string   `json:"key"`
	Request  string   `json:"request"`
	Response string   `json:"response"`
	Proved   bool     `json:"proved"`  // it convinces anyone, given what words asks to be compared
	Against  *string  `json:"against"` // what the keys were held against: a genesis, an export; null for nothing
	Words    []string `json:"words"`
}

func (a *app) ledgerEvidence() *cobra.Command {
	return noun(&cobra.Command{
		Use: "evidence", Short: "What this node has kept of other members' faults",
		Example: "  crosslight ledger evidence list\n  crosslight ledger evidence verify 20260504T030201-false-proof-AbCdEfGhIjKl-0011223344556677.cbor",
	}, a.evidenceList(), a.evidenceShow(), a.evidenceVerify())
}

func (a *app) evidenceList() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "list", Short: "List the evidence in HOME, oldest first; needs no node",
		Example: "  crosslight ledger evidence list -o json",
	}, short, func(context.Context, []string) error {
		h, err := home.Open(a.cfg.Home)
		if err != nil {
			return err
		}
		kept, err := evidence.List(h.Evidence())
		if err != nil {
			return err
		}
		page := evidencePage{[]evidenceItem{}}
		for _, k := range kept {
			page.Evidence = append(page.Evidence, itemOf(k))
		}
		return a.print(page, func(t *table) {
			rows := [][]any{}
			for _, e := range page.Evidence {
				rows = append(rows, []any{e.At, e.Kind, e.Accused, filepath.Base(e.File)})
			}
			t.rows([]string{"at", "kind", "accused", "file"}, rows)
		})
	})
}

func itemOf(k evidence.Kept) evidenceItem {
	if k.Err != nil {
		reason := k.Err.Error()
		return evidenceItem{File: k.File, Error: &reason}
	}
	at := time.Unix(k.Record.At, 0).UTC().Format(time.RFC3339)
	return evidenceItem{File: k.File, Kind: k.Record.Kind, Accused: k.Record.Accused, At: at}
}

// againstFlags say who the members are, for whoever has no node: a genesis or an export. What is sealed to
// an audit's auditors takes one's identity, too.
type againstFlags struct{ genesis, ledger, identity string }

func (o *againstFlags) of(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&o.genesis, "genesis", "", "the ledger's genesis, which names the founders' keys (default: the one of HOME)")
	c.Flags().StringVar(&o.ledger, "ledger", "", "an export of the ledger, which names all keys and voters since")
	c.Flags().StringVar(&o.identity, "identity", "", "an auditor's identity, as 'audit key' wrote it, for false openings (with --ledger)")
	c.MarkFlagsMutuallyExclusive("genesis", "ledger")
	c.MarkFlagsMutuallyExclusive("genesis", "identity")
	return c
}

// roster is what the flags name; nil where they name nothing and HOME has no genesis of that ledger.
func (a *app) roster(o againstFlags, ledgerID []byte) (*audit.Roster, *string, error) {
	if o.ledger != "" {
		r, err := audit.Verify(o.ledger, audit.Options{})
		if err != nil {
			return nil, nil, fmt.Errorf("the export does NOT verify: %w", err)
		}
		on := r.Roster()
		return &on, &o.ledger, nil
	}
	file, named := o.genesis, o.genesis != ""
	if !named {
		file = home.Home(a.cfg.Home).Genesis()
	}
	if !named && !exists(file) {
		return nil, nil, nil
	}
	raw, err := readFile(file)
	if err != nil {
		return nil, nil, err
	}
	on, err := audit.RosterGenesis(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is no complete genesis: %w", file, err)
	}
	if !named && string(on.LedgerID[:]) != string(ledgerID) {
		return nil, nil, nil
	}
	return &on, &file, nil
}

func (a *app) evidenceShow() *cobra.Command {
	var o againstFlags
	return o.of(a.verb(&cobra.Command{
		Use: "show FILE", Short: "Show one piece of evidence, in words and with its messages", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger evidence show 20260504T030201-false-proof-AbCdEfGhIjKl-0011223344556677.cbor -o json",
	}, short, func(_ context.Context, args []string) error {
		d, err := a.examine(args[0], o)
		if d.Words == nil {
			return err // the file could not be read
		}
		if err != nil {
			d.Words = append(d.Words, err.Error())
		}
		return a.printEvidence(d)
	}))
}

func (a *app) evidenceVerify() *cobra.Command {
	var o againstFlags
	return o.of(a.verb(&cobra.Command{
		Use: "verify FILE", Short: "Check whether evidence proves what it says; needs no node and no keys", Args: cobra.ExactArgs(1),
		Long: "Checks every signature in a piece of evidence and whether what was signed is a fault. With the\n" +
			"ledger's genesis, or an export of it, it also says whose the keys are, and whether two finals were\n" +
			"signed by the voters. Two kinds prove nothing to whoever holds the file alone: what Raft's messages\n" +
			"showed (`raft-…`, `ledger-fork`), which nobody signed, proves nothing to others at all; openings of an\n" +
			"audit (`false-opening`) are sealed to its auditors, and are judged with an export and --identity. Exits\n" +
			"1 when it does not hold, and when it proves the fault to nobody but the node that kept it.",
		Example: "  crosslight ledger evidence verify ./finality-fork.cbor --genesis genesis.cbor\n" +
			"  crosslight ledger evidence verify ./finality-equivocation.cbor --ledger ./ledger-export\n" +
			"  crosslight ledger evidence verify ./false-opening.cbor --ledger ./ledger-export --identity auditor.key",
	}, short, func(_ context.Context, args []string) error {
		d, err := a.examine(args[0], o)
		if err != nil {
			return err
		}
		if err := a.printEvidence(d); err != nil {
			return err
		}
		if !d.Proved {
			return exitWith(exitError)
		}
		return nil
	}))
}

// examine reads the evidence in a file, named by its path or by its name in HOME/evidence. Of what
// does not hold, the detail says what it is and the error why.
func (a *app) examine(name string, o againstFlags) (evidenceDetail, error) {
	path := name
	if filepath.Base(name) == name && !exists(name) {
		path = filepath.Join(home.Home(a.cfg.Home).Evidence(), name)
	}
	r, err := evidence.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return evidenceDetail{}, fmt.Errorf("no such evidence: `crosslight ledger evidence list` names what is there: %w", err)
	}
	if err != nil {
		return evidenceDetail{}, err
	}
	f, against, err := a.finding(r, o)
	if err != nil && !errors.Is(err, evidence.ErrNothing) {
		return evidenceDetail{}, err
	}
	return evidenceDetail{
		evidenceItem: itemOf(evidence.Kept{File: path, Record: r}), LedgerID: hex.EncodeToString(r.Ledger),
		Key: hex.EncodeToString(r.Key), Request: hex.EncodeToString(r.Request), Response: hex.EncodeToString(r.Response),
		Proved: f.Proved, Against: against, Words: append([]string{}, f.Words...),
	}, err
}

// finding is what a record shows, held against what the flags name.
func (a *app) finding(r evidence.Record, o againstFlags) (f evidence.Finding, against *string, err error) {
	if o.identity != "" {
		f, err = a.opened(r, o)
		return f, &o.ledger, err
	}
	on, against, err := a.roster(o, r.Ledger)
	switch {
	case err != nil:
	case on == nil:
		f, err = r.Examine()
	default:
		f, err = r.ExamineAgainst(*on)
	}
	return f, against, err
}

func (a *app) printEvidence(d evidenceDetail) error {
	return a.print(d, func(t *table) {
		t.line("kind      %s", text(d.Kind))
		t.line("accused   %s", text(d.Accused))
		t.line("kept at   %s", d.At)
		t.line("ledger    %s", d.LedgerID)
		t.line("key       %s", text(d.Key))
		t.line("messages  %d and %d bytes", len(d.Request)/2, len(d.Response)/2)
		t.line("proved    %v", d.Proved)
		if d.Against != nil {
			t.line("by        %s", text(*d.Against))
		}
		for _, w := range d.Words {
			t.line("          %s", text(w))
		}
	})
}
