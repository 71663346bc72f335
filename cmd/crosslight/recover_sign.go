package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
)

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
