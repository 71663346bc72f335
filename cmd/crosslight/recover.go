package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
)

// recoverCommand goes on with a ledger that has lost its quorum for good. Nodes are stopped; files pass by
// hand, as when the consortium was founded.
func (a *app) recoverCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "recover", Short: "Go on with a ledger whose voters have lost their quorum for good",
		Long: "When so many voters' nodes are lost that no quorum comes back, the board goes on with those that are left:\n\n" +
			"  1. every survivor stops its node and runs `collect`\n" +
			"  2. one of them runs `draft` with all survivors' files: it shows the history to go on from, and the new voters\n" +
			"  3. at least 3/4 of the seats, and more than half of all members, run `sign`; `merge` puts the files together\n" +
			"  4. one seat runs `enter`, and all nodes follow that one file with `apply`\n\n" +
			"Nothing that was final can be left out: a member that holds it as final does not sign, and its node does not follow.",
		Example: "  crosslight ledger recover collect --out bank.survivor\n" +
			"  crosslight ledger recover draft bank.survivor platform.survivor --history history --out recovery",
	}, a.recoverCollect(), a.recoverDraft(), a.recoverShow(), a.recoverSign(), a.recoverMerge(), a.recoverEnter(), a.recoverApply())
}

func (a *app) recoverCollect() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "collect", Short: "Write down what this stopped node holds of the ledger", Args: cobra.NoArgs,
		Example: "  crosslight ledger recover collect --out bank.survivor",
	}, endless, func(context.Context, []string) error {
		pass, err := a.passphrase(false)
		if err != nil {
			return err
		}
		if err := writeStream(out, func(w io.Writer) error { return node.RecoverCollect(a.cfg.Home, pass, w) }); err != nil {
			return err
		}
		a.say("Pass %s to the member that drafts the recovery.", out)
		return nil
	})
	c.Flags().StringVar(&out, "out", "", "file to write to")
	passphraseFlag(c)
	require(c, "out")
	return c
}

func (a *app) recoverDraft() *cobra.Command {
	var out, history string
	var voters []string
	c := a.verb(&cobra.Command{
		Use: "draft FILE...", Short: "Choose the history to go on from and draft its recovery", Args: cobra.MinimumNArgs(1),
		Example: "  crosslight ledger recover draft bank.survivor platform.survivor --voter 'Bank B' --voter 'Platform A' --history history --out recovery",
	}, endless, func(_ context.Context, args []string) error {
		return a.draftRecovery(args, voters, history, out)
	})
	c.Flags().StringSliceVar(&voters, "voter", nil, "a member whose node votes from then on, give each (default: the survivors that vote)")
	c.Flags().StringVar(&history, "history", "", "file to write the history to")
	c.Flags().StringVar(&out, "out", "", "file to write the recovery to")
	require(c, "history", "out")
	return c
}

func (a *app) draftRecovery(files, voters []string, history, out string) error {
	var survivors []io.Reader
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		survivors = append(survivors, f)
	}
	var file []byte
	var info node.RecoveryInfo
	err := writeStream(history, func(w io.Writer) (err error) {
		file, info, err = node.RecoverDraft(survivors, voters, w)
		return err
	})
	if err != nil {
		return err
	}
	if err := writeNew(out, file); err != nil {
		return err
	}
	return a.printRecovery(info, "Pass "+out+" and "+history+" to all members: each compares the digest over another channel and runs `crosslight ledger recover sign`.")
}
