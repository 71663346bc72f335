package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/recovery"
)

// recoverFlags say what is known of the ledger that is to be recovered.
type recoverFlags struct {
	exports, checkpoints, voters []string
	draft, out, key              string
	dry, yes                     bool
}

func (o *recoverFlags) sources(c *cobra.Command) {
	c.Flags().StringSliceVar(&o.exports, "export", nil, "an export of the ledger by a survivor (give each)")
	c.Flags().StringSliceVar(&o.checkpoints, "checkpoint", nil, "a checkpoint that a member has cosigned (give each that is known)")
	require(c, "export")
}

func (a *app) ledgerRecover() *cobra.Command {
	return noun(&cobra.Command{
		Use: "recover", Short: "Agree from where a ledger goes on that has lost its voters for good",
		Long: "For the board of a ledger whose voters have lost their quorum for good. Collect an export from\n" +
			"every surviving node (`crosslight ledger export`) and every cosigned checkpoint that is known\n" +
			"(`crosslight ledger checkpoint`, witnesses). One seat plans; each seat that agrees signs, from\n" +
			"what it has collected itself; the signed files are merged until three quarters have signed.\n" +
			"No command of these needs a node or changes one.",
		Example: "  crosslight ledger recover plan --export a --export b --voter 'Example Bank' --voter 'Example Police' --out recovery\n" +
			"  crosslight ledger recover sign recovery --export a --export b --out recovery.bank\n" +
			"  crosslight ledger recover merge recovery.bank recovery.police --export a --export b --out recovery.all",
	}, a.recoverPlan(), a.recoverSign(), a.recoverMerge())
}

// recoveryReport is a recovery as these commands print it.
type recoveryReport struct {
	File        string   `json:"file"` // empty under DryRun
	LedgerID    string   `json:"ledger_id"`
	Incarnation uint64   `json:"incarnation"` // that begins
	Size        uint64   `json:"size"`        // of the base
	Root        string   `json:"root"`
	Draft       string   `json:"draft"` // hex SHA-256 of what seats sign: compare it over another channel
	Voters      []string `json:"voters"`
	Words       []string `json:"words"`
	Signed      int      `json:"signed"`  // seats
	Missing     []string `json:"missing"` // members whose seats have not signed
	Needs       string   `json:"needs"`   // in words; empty once it is complete
	DryRun      bool     `json:"dry_run"`
}

func (a *app) recoverPlan() *cobra.Command {
	var o recoverFlags
	c := a.verb(&cobra.Command{
		Use: "plan", Short: "Find the base among survivors' exports and draft the recovery",
		Long: "Verifies all exports, takes the longest that a quorum of voters has cosigned, and makes sure that\n" +
			"it extends every other cosigned history and checkpoint. Anything cosigned that it would cut is\n" +
			"refused.",
		Example: "  crosslight ledger recover plan --export a --export b --voter 'Example Bank' --voter 'Example Police' --dry-run",
	}, endless, func(context.Context, []string) error { return a.planRecovery(o) })
	o.sources(c)
	c.Flags().StringSliceVar(&o.voters, "voter", nil, "a member that votes from then on (give each)")
	c.Flags().StringVar(&o.out, "out", "", "file to write the draft to")
	c.Flags().BoolVar(&o.dry, "dry-run", false, "say what would be recovered and stop")
	require(c, "voter")
	return c
}

func (a *app) planRecovery(o recoverFlags) error {
	if o.out == "" && !o.dry {
		return usageText("name a file for the draft with --out, or look with --dry-run")
	}
	p, err := o.plan(o.voters)
	if err != nil {
		return err
	}
	file, err := p.Draft.Bytes()
	if err != nil {
		return err
	}
	if !o.dry {
		if err := writeNew(o.out, file); err != nil {
			return err
		}
	}
	if err := a.printRecovery(p, file, o); err != nil {
		return err
	}
	if !o.dry {
		a.say("Every seat that agrees runs `crosslight ledger recover sign %s` with the exports that it has collected itself, and compares the draft's hash over another channel.", o.out)
	}
	return nil
}

func (o recoverFlags) plan(voters []string) (recovery.Plan, error) {
	notes, err := readFiles(o.checkpoints)
	if err != nil {
		return recovery.Plan{}, err
	}
	return recovery.New(recovery.Sources{Exports: o.exports, Checkpoints: notes, Voters: voters})
}

// following is the plan that follows from the exports, for the voters of a draft.
func (o recoverFlags) following(files [][]byte) (recovery.Plan, []byte, error) {
	d, err := recovery.Merge(files)
	if err != nil {
		return recovery.Plan{}, nil, err
	}
	p, err := o.plan(d.Statement().Voters)
	if err == nil {
		err = p.Same(d)
	}
	if err != nil {
		return recovery.Plan{}, nil, err
	}
	raw, err := d.Bytes()
	return p, raw, err
}

func (a *app) recoverSign() *cobra.Command {
	var o recoverFlags
	c := a.verb(&cobra.Command{
		Use: "sign FILE", Short: "Sign a recovery with the seat key, from what this seat has collected", Args: cobra.ExactArgs(1),
		Long: "Draws the recovery itself from the exports and checkpoints that are given, and signs only if it is\n" +
			"the very same. A seat signs one recovery into an incarnation: HOME, or the seat key's folder,\n" +
			"remembers which.",
		Example: "  crosslight ledger recover sign recovery --export mine --export theirs --out recovery.bank",
	}, endless, func(_ context.Context, args []string) error {
		o.draft = args[0]
		return a.signRecovery(o)
	})
	o.sources(c)
	c.Flags().StringVar(&o.out, "out", "", "file to write the signed recovery to")
	c.Flags().StringVar(&o.key, "seat-key", "", "file with the seat key (default: the key in HOME)")
	c.Flags().BoolVar(&o.dry, "dry-run", false, "say what would be signed and stop")
	yesFlag(c, &o.yes)
	passphraseFlag(c)
	return c
}

func (a *app) signRecovery(o recoverFlags) error {
	if o.out == "" && !o.dry {
		return usageText("name a file with --out, or look with --dry-run")
	}
	file, err := readFile(o.draft)
	if err != nil {
		return err
	}
	p, file, err := o.following([][]byte{file})
	if err != nil {
		return err
	}
	if o.dry {
		return a.printRecovery(p, file, o)
	}
	for _, w := range p.Words {
		a.say("%s", text(w))
	}
	if err := a.confirm(o.yes, "Sign this recovery? The seat signs no other into this incarnation."); err != nil {
		return err
	}
	key, err := a.seatKey(o.key)
	if err != nil {
		return err
	}
	d, err := recovery.Merge([][]byte{file})
	if err != nil {
		return err
	}
	if d, err = p.Sign(d, key, a.recoveryRecord(o.key)); err != nil {
		return err
	}
	if file, err = d.Bytes(); err != nil {
		return err
	}
	if err := writeNew(o.out, file); err != nil {
		return err
	}
	return a.printRecovery(p, file, o)
}

// recoveryRecord is where it stands which recovery a seat has signed: beside its key.
func (a *app) recoveryRecord(keyFile string) string {
	if keyFile != "" {
		return keyFile + ".recovery"
	}
	return filepath.Join(home.Home(a.cfg.Home).Keys(), "recovery")
}

func (a *app) recoverMerge() *cobra.Command {
	var o recoverFlags
	c := a.verb(&cobra.Command{
		Use: "merge FILE...", Short: "Put the signatures of a recovery together and show what is missing", Args: cobra.MinimumNArgs(1),
		Long:    "Exits 1 while too few seats have signed.",
		Example: "  crosslight ledger recover merge recovery.bank recovery.police --export a --out recovery.all",
	}, endless, func(_ context.Context, args []string) error { return a.mergeRecovery(o, args) })
	o.sources(c)
	c.Flags().StringVar(&o.out, "out", "", "file to write the merged recovery to")
	return c
}

func (a *app) mergeRecovery(o recoverFlags, paths []string) error {
	files, err := readFiles(paths)
	if err != nil {
		return err
	}
	p, file, err := o.following(files)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := writeNew(o.out, file); err != nil {
			return err
		}
	}
	if err := a.printRecovery(p, file, o); err != nil {
		return err
	}
	d, err := recovery.Merge([][]byte{file})
	if err != nil {
		return err
	}
	if tally, err := p.Tally(d); err != nil || tally.Needs != "" {
		return errors.Join(err, errors.New("too few seats have signed yet"))
	}
	return nil
}

func (a *app) printRecovery(p recovery.Plan, file []byte, o recoverFlags) error {
	d, err := recovery.Merge([][]byte{file})
	if err != nil {
		return err
	}
	tally, err := p.Tally(d)
	if err != nil {
		return err
	}
	st, digest := d.Statement(), d.Digest()
	r := recoveryReport{
		File: o.out, LedgerID: hex.EncodeToString(st.LedgerID[:]), Incarnation: st.Incarnation, Size: st.Size,
		Root: hex.EncodeToString(st.Root[:]), Draft: hex.EncodeToString(digest[:]), Voters: append([]string{}, st.Voters...),
		Words: append([]string{}, p.Words...), Signed: tally.Yes, Missing: append([]string{}, tally.Missing...), Needs: tally.Needs, DryRun: o.dry,
	}
	if o.dry {
		r.File = ""
	}
	return a.print(r, func(t *table) { recoveryTable(t, r) })
}

func recoveryTable(t *table, r recoveryReport) {
	if r.DryRun {
		t.line("Dry run: nothing was written.")
	}
	t.line("ledger    %s", r.LedgerID)
	t.line("base      %d entries, root %s", r.Size, r.Root)
	t.line("draft     %s", r.Draft)
	for _, w := range r.Words {
		t.line("changes   %s", text(w))
	}
	t.line("signed    %s", fmt.Sprintf("%d seats", r.Signed))
	t.line("missing   %s", text(r.Missing))
	t.line("needs     %s", text(r.Needs))
}
