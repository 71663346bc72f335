package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
)

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
