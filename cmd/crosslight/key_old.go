package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
)

// destroyedKeys is what `key destroy` prints.
type destroyedKeys struct {
	Keys   []node.KeyFate `json:"keys"` // old ones that were here, in the order in which they ended
	DryRun bool           `json:"dry_run"`
}

func (a *app) keyDestroy() *cobra.Command {
	var dry, yes bool
	var workFactor int
	c := a.verb(&cobra.Command{
		Use: "destroy [KEYID...]", Short: "Destroy old keys of this member that nobody needs any more", Args: cobra.ArbitraryArgs,
		Long: "After a rotation or a revocation the old private key stays in HOME/keys. This takes it away, for the\n" +
			"keys that are named or for all, once its end is final, the voters have handed over, a day of ledger\n" +
			"time has passed and this node no longer signs with it. The node must be stopped. Backups made before\n" +
			"still hold the key, and a disk may keep what was deleted: both are encrypted under the passphrase.",
		Example: "  crosslight key destroy --dry-run\n  crosslight key destroy 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --yes",
	}, endless, func(_ context.Context, args []string) error {
		pass, err := a.passphrase(false)
		if err != nil {
			return err
		}
		if !dry {
			if err := a.confirm(yes, "Destroy the old keys that `crosslight key destroy --dry-run` lists? They never come back."); err != nil {
				return err
			}
		}
		fates, err := node.DestroyKeys(a.cfg.Home, pass, args, workFactor, dry)
		if err != nil {
			return err
		}
		out := destroyedKeys{fates, dry}
		return a.print(out, func(t *table) { destroyedTable(t, out) })
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "say which keys would be destroyed and stop")
	workFactorFlag(c, &workFactor)
	yesFlag(c, &yes)
	passphraseFlag(c)
	return c
}

func destroyedTable(t *table, d destroyedKeys) {
	t.dryRun(d.DryRun, "destroyed")
	rows := [][]any{}
	for _, k := range d.Keys {
		rows = append(rows, []any{k.Role, k.ID, k.Destroyed, k.Reason})
	}
	t.rows([]string{"role", "key id", "destroyed", "kept"}, rows)
}

func (a *app) keyAdopt() *cobra.Command {
	var dry, yes bool
	c := a.verb(&cobra.Command{
		Use: "adopt KEYID", Short: "Have this stopped node use a key that it drew, after a crash in the middle of a rotation", Args: cobra.ExactArgs(1),
		Long: "A node that stopped between announcing another node key and hearing that the ledger has it is a\n" +
			"stranger to the others under its old key, and hears nothing more. This has it use the new one from\n" +
			"its next start on. Should the ledger not have the key after all, adopt the one before again.",
		Example: "  crosslight key adopt 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --dry-run",
	}, endless, func(_ context.Context, args []string) error {
		pass, err := a.passphrase(false)
		if err != nil {
			return err
		}
		if !dry {
			if err := a.confirm(yes, "Have the node in "+a.cfg.Home+" use the key "+args[0]+" from its next start on?"); err != nil {
				return err
			}
		}
		k, err := node.AdoptKey(a.cfg.Home, pass, args[0], dry)
		if err != nil {
			return err
		}
		return a.print(k, func(t *table) {
			t.dryRun(dry, "changed")
			t.line("role      %s", text(k.Role))
			t.line("key       %s", k.ID)
			t.line("before    %s", k.Before)
		})
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would change and stop")
	yesFlag(c, &yes)
	passphraseFlag(c)
	return c
}
