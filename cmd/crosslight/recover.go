package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

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

func (a *app) recoverShow() *cobra.Command {
	var history string
	c := a.verb(&cobra.Command{
		Use: "show FILE", Short: "Show what a recovery would do and who has to sign it", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger recover show recovery --history history",
	}, endless, func(_ context.Context, args []string) error {
		info, err := a.showRecovery(args[0], history)
		if err != nil {
			return err
		}
		return a.printRecovery(info, "")
	})
	historyFlag(c, &history)
	return c
}

func (a *app) showRecovery(file, history string) (info node.RecoveryInfo, err error) {
	err = withHistory(history, file, func(b []byte, h io.Reader) error {
		info, err = node.RecoverShow(b, h)
		return err
	})
	return info, err
}

func (a *app) recoverSign() *cobra.Command {
	var out, history string
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "sign FILE", Short: "Sign a recovery for this member: its seat, and its node for what it holds as final", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger recover sign recovery --history history --out recovery.bank",
	}, endless, func(_ context.Context, args []string) error {
		info, err := a.showRecovery(args[0], history)
		if err != nil {
			return err
		}
		a.say("%s", strings.Join(info.Changes, "\n"))
		if err := a.confirm(yes, "Sign the recovery "+info.Digest+"? A seat signs one."); err != nil {
			return err
		}
		pass, err := a.passphrase(false)
		if err != nil {
			return err
		}
		return a.changeRecovery(args[0], history, out, "Pass "+out+" on; `crosslight ledger recover merge` puts the files together.",
			func(b []byte, h io.Reader) ([]byte, node.RecoveryInfo, error) {
				return node.RecoverSign(a.cfg.Home, pass, b, h, time.Now())
			})
	})
	c.Flags().StringVar(&out, "out", "", "file to write to")
	historyFlag(c, &history)
	yesFlag(c, &yes)
	passphraseFlag(c)
	require(c, "out")
	return c
}

func (a *app) recoverMerge() *cobra.Command {
	var out, history string
	c := a.verb(&cobra.Command{
		Use: "merge FILE...", Short: "Put the signatures of several copies of a recovery together", Args: cobra.MinimumNArgs(1),
		Example: "  crosslight ledger recover merge recovery.bank recovery.platform recovery.police --history history --out recovery.all",
	}, endless, func(_ context.Context, args []string) error {
		files, err := readFiles(args)
		if err != nil {
			return err
		}
		return a.changeRecovery(args[0], history, out, "", func(_ []byte, h io.Reader) ([]byte, node.RecoveryInfo, error) {
			return node.RecoverMerge(files, h)
		})
	})
	c.Flags().StringVar(&out, "out", "", "file to write to")
	historyFlag(c, &history)
	require(c, "out")
	return c
}

func (a *app) recoverEnter() *cobra.Command {
	var out, history string
	c := a.verb(&cobra.Command{
		Use: "enter FILE", Short: "Make the ledger's entry of a recovery that enough seats have signed: one seat, once", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger recover enter recovery.all --history history --out recovery.entered",
	}, endless, func(_ context.Context, args []string) error {
		pass, err := a.passphrase(false)
		if err != nil {
			return err
		}
		return a.changeRecovery(args[0], history, out, "Every node now runs `crosslight ledger recover apply` with this one file.",
			func(b []byte, h io.Reader) ([]byte, node.RecoveryInfo, error) {
				return node.RecoverEnter(a.cfg.Home, pass, b, h)
			})
	})
	c.Flags().StringVar(&out, "out", "", "file to write to")
	historyFlag(c, &history)
	passphraseFlag(c)
	require(c, "out")
	return c
}

// changeRecovery reads a recovery and its history, has them changed, and writes the outcome to a new file.
func (a *app) changeRecovery(file, history, out, next string, change func(b []byte, h io.Reader) ([]byte, node.RecoveryInfo, error)) error {
	if exists(out) {
		return fmt.Errorf("%s exists: choose another --out", out)
	}
	var changed []byte
	var info node.RecoveryInfo
	if err := withHistory(history, file, func(b []byte, h io.Reader) (err error) {
		changed, info, err = change(b, h)
		return err
	}); err != nil {
		return err
	}
	if err := writeNew(out, changed); err != nil {
		return err
	}
	return a.printRecovery(info, next)
}

func (a *app) recoverApply() *cobra.Command {
	var history string
	var yes, dry bool
	c := a.verb(&cobra.Command{
		Use: "apply FILE", Short: "Have this stopped node follow a recovery", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger recover apply recovery.entered --history history",
	}, endless, func(_ context.Context, args []string) error {
		info, err := a.showRecovery(args[0], history)
		if err != nil {
			return err
		}
		if dry {
			return a.printRecovery(info, "Nothing was changed.")
		}
		a.say("%s", strings.Join(info.Changes, "\n"))
		if err := a.confirm(yes, "Have the node in "+a.cfg.Home+" follow this recovery?"); err != nil {
			return err
		}
		return a.applyRecovery(args[0], history)
	})
	historyFlag(c, &history)
	yesFlag(c, &yes)
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would be followed, and change nothing")
	passphraseFlag(c)
	return c
}

func (a *app) applyRecovery(file, history string) error {
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	var old string
	var info node.RecoveryInfo
	err = withHistory(history, file, func(b []byte, h io.Reader) (err error) {
		old, info, err = node.RecoverApply(a.cfg.Home, pass, b, h)
		return err
	})
	if err != nil {
		return err
	}
	if old != "" {
		a.say("The ledger of before is kept in %s; remove it when the consortium runs again.", old)
	}
	return a.printRecovery(info, "Now run `crosslight node start`.")
}

func historyFlag(c *cobra.Command, history *string) {
	c.Flags().StringVar(history, "history", "", "the history that the recovery goes on from, as `draft` wrote it")
	require(c, "history")
}

// withHistory reads a recovery file and opens its history.
func withHistory(history, file string, f func(b []byte, h io.Reader) error) error {
	b, err := readFile(file)
	if err != nil {
		return err
	}
	h, err := os.Open(history)
	if err != nil {
		return err
	}
	defer h.Close()
	return f(b, h)
}

// writeStream writes a file that must not be there yet, which appears as a whole or not at all.
func writeStream(path string, write func(io.Writer) error) error {
	if exists(path) {
		return fmt.Errorf("%s exists: choose another file", path)
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

func (a *app) printRecovery(info node.RecoveryInfo, next string) error {
	err := a.print(info, func(t *table) {
		t.line("ledger id    %s", info.LedgerID)
		t.line("incarnation  %d", info.Incarnation)
		t.line("goes on from %d entries of %s, %d of them final, root %s", info.Size, info.From, info.Final, info.Root)
		t.line("voters       %s", strings.Join(info.Voters, ", "))
		t.line("digest       %s", info.Digest)
		t.line("seats        %d of %d have signed%s", info.Signed, info.Seats, lacking(info.NotSigned))
		t.line("cosigned     %s", cosigned(info))
		t.line("entered      %s", word(info.Entered))
		t.line("ready        %s", word(info.Ready))
	})
	if err == nil && next != "" {
		a.say("%s", next)
	}
	return err
}

func lacking(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", not " + strings.Join(names, ", ")
}

func cosigned(info node.RecoveryInfo) string {
	if info.Cosigners == 0 {
		return "by more than half of the members"
	}
	return fmt.Sprintf("%d more members are needed%s", info.Cosigners, lacking(info.NotCosigned))
}

func word(yes bool) string {
	if yes {
		return "yes"
	}
	return "not yet"
}
