package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/offline"
)

func (a *app) keyCommand() *cobra.Command {
	show := a.verb(&cobra.Command{
		Use: "show", Short: "Show this member's public keys and epochs", Example: "  crosslight key show -o json",
	}, short, a.keyShow)
	return noun(&cobra.Command{
		Use: "key", Short: "This member's keys", Example: "  crosslight key show",
	}, show, a.keyRotate(), a.keyRevoke(), a.keyDestroy(), a.keyAdopt())
}

func (a *app) keyShow(ctx context.Context, _ []string) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	k, err := h.Keys(ctx)
	if err != nil {
		return err
	}
	return a.print(k, func(t *table) {
		rows := [][]any{}
		for _, key := range k.Keys {
			status := key.Status
			if key.From != nil {
				status += " until " + *key.From
			}
			rows = append(rows, []any{key.Role, key.ID, status, key.Here, key.Public})
		}
		t.rows([]string{"role", "key id", "status", "here", "public key"}, rows)
		rows = [][]any{}
		for _, e := range k.Epochs {
			rows = append(rows, []any{e.Epoch, e.Types, e.Index})
		}
		t.line("")
		t.rows([]string{"epoch", "types", "ledger index"}, rows)
	})
}

// keyFlags say how a key is changed.
type keyFlags struct {
	root, newRoot, out string
	workFactor         int
	dry, yes           bool
}

func (o *keyFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.root, "root", "", "file with the root key, such as HOME/keys/root.age: it acts at once")
	f.StringVar(&o.out, "out", "", "write a draft to this file, to be signed where the root key is, and stop")
	f.BoolVar(&o.dry, "dry-run", false, "say what would change and stop")
	yesFlag(c, &o.yes)
	passphraseFlag(c)
}

func (a *app) keyRotate() *cobra.Command {
	var o keyFlags
	c := a.verb(&cobra.Command{
		Use: "rotate ROLE", Short: "Put a new key in the place of one of this member's", Args: cobra.ExactArgs(1),
		Long: "Draws a new key for ROLE (node, operator, seat, log, cosigner or root), keeps it encrypted in\n" +
			"HOME/keys, and then announces it on the ledger. With --root, or a draft that is signed where the\n" +
			"root key is (--out, `crosslight proposal sign`, `crosslight proposal submit`), it acts at once;\n" +
			"without, after 24 hours, in which `crosslight key revoke` stops it. A running node takes operator\n" +
			"and seat key into use by itself and has to be restarted for the others. The old key stays in\n" +
			"HOME/keys until `crosslight key destroy`.",
		Example: "  crosslight key rotate operator --dry-run\n" +
			"  crosslight key rotate log --root /media/stick/root.age\n" +
			"  crosslight key rotate root --root /media/stick/root.age --new-root /media/stick/root2.age",
	}, short, func(ctx context.Context, args []string) error {
		if args[0] == "root" {
			return a.rotateRoot(ctx, o)
		}
		if o.newRoot != "" {
			return usageText("--new-root: for the root key only")
		}
		req := hub.DraftRequest{Act: "rotate", Role: args[0]}
		return a.changeKey(ctx, o, req, "Rotate the "+args[0]+" key? The old one never comes back.", func(h hub.Hub, dry bool) (hub.KeyChange, error) {
			return h.RotateKey(ctx, hub.RotateRequest{Role: args[0], DryRun: dry, ByRoot: o.root != ""})
		})
	})
	o.add(c)
	c.Flags().StringVar(&o.newRoot, "new-root", "", "rotate root: file to write the new root key to")
	workFactorFlag(c, &o.workFactor)
	return c
}

func (a *app) keyRevoke() *cobra.Command {
	var o keyFlags
	c := a.verb(&cobra.Command{
		Use: "revoke KEYID", Short: "End one of this member's keys, or stop a rotation that waits", Args: cobra.ExactArgs(1),
		Long: "A rotation that waits is stopped by naming its new key. A key that stands is revoked by the root\n" +
			"key: with --root, or by a draft that is signed where it is (--out). A voter's node, log and cosigner\n" +
			"key are rotated instead; where that cannot be, the board revokes (`proposal create revoke`).",
		Example: "  crosslight key revoke 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --root /media/stick/root.age --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		req := hub.DraftRequest{Act: "revoke", Key: args[0]}
		return a.changeKey(ctx, o, req, "Revoke the key "+args[0]+"? It never comes back.", func(h hub.Hub, dry bool) (hub.KeyChange, error) {
			return h.RevokeKey(ctx, hub.RevokeRequest{Key: args[0], DryRun: dry, ByRoot: o.root != ""})
		})
	})
	o.add(c)
	return c
}

// changeKey changes a key by a draft, by the root key, or by the node alone.
func (a *app) changeKey(ctx context.Context, o keyFlags, req hub.DraftRequest, question string, alone func(hub.Hub, bool) (hub.KeyChange, error)) error {
	switch {
	case o.out != "" && (o.root != "" || o.dry):
		return usageText("--out stands alone: what is drafted is shown before it is signed")
	case o.out != "":
		return a.writeDraft(ctx, req, draftFlags{out: o.out})
	case o.root != "" && !o.dry:
		return a.byRoot(ctx, o, req, nil, question)
	}
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !o.dry && !o.yes && terminal(a.in) && terminal(a.err) {
		change, err := alone(h, true)
		if err != nil {
			return err
		}
		keyChangeTable(&table{out: a.err}, change)
	}
	if !o.dry {
		if err := a.confirm(o.yes, question); err != nil {
			return err
		}
	}
	change, err := alone(h, o.dry)
	if err != nil {
		return err
	}
	return a.print(change, func(t *table) { keyChangeTable(t, change) })
}

func keyChangeTable(t *table, c hub.KeyChange) {
	t.dryRun(c.DryRun, "written")
	t.line("role      %s", text(c.Role))
	t.line("key       %s", text(c.Key))
	t.line("index     %s", text(c.Index))
	for _, e := range c.Effect {
		t.line("changes   %s", text(e))
	}
	if c.Restart {
		t.line("then      Restart this node once the key is in force: it uses it from its next start on.")
	}
}

// rotateRoot replaces the root key: by itself and by the new one, which is drawn into its file first.
func (a *app) rotateRoot(ctx context.Context, o keyFlags) error {
	if o.root == "" || o.newRoot == "" || o.out != "" || o.dry {
		return usageText("rotate root: --root FILE with the old key and --new-root FILE for the new one, and neither --out nor --dry-run")
	}
	if err := a.confirm(o.yes, "Rotate the root key? The old one never comes back."); err != nil {
		return err
	}
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	key, err := keys.NewRoot(o.newRoot, pass, o.workFactor)
	if err != nil {
		return err
	}
	public := []byte(key[32:])
	o.yes = true
	return a.byRoot(ctx, o, hub.DraftRequest{Act: "rotate", Role: "root", Root: public}, func(d *offline.Draft) error {
		return d.ByNewRoot(key)
	}, "")
}

// byRoot drafts, signs with the root key's file, and submits: all in one go, for who has both at hand.
func (a *app) byRoot(ctx context.Context, o keyFlags, req hub.DraftRequest, complete func(*offline.Draft) error, question string) error {
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	root, err := keys.OpenRootFile(o.root, pass)
	if err != nil {
		return err
	}
	h, err := a.hub()
	if err != nil {
		return err
	}
	file, err := h.Draft(ctx, req)
	if err != nil {
		return err
	}
	draft, err := offline.Parse(file)
	if err == nil && complete != nil {
		err = complete(&draft)
	}
	if err != nil {
		return err
	}
	r, err := reportOf(draft, o.root, "")
	if err != nil {
		return err
	}
	draftTable(&table{out: a.err}, r)
	if err := a.confirm(o.yes, question); err != nil {
		return err
	}
	signed, err := draft.Sign(root, "")
	if err != nil {
		return err
	}
	if file, err = signed.Bytes(); err != nil {
		return err
	}
	s, err := h.SubmitSigned(ctx, hub.SubmitRequest{File: file})
	if err != nil {
		return err
	}
	return a.print(s, func(t *table) { submittedTable(t, s) })
}

// rootKeyFile is the root key's file for a draft: the one that was named, or HOME/keys/root.age.
func (a *app) rootKeyFile(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	h, err := home.Open(a.cfg.Home)
	if err != nil {
		return "", fmt.Errorf("name the root key's file with --root-key: %w", err)
	}
	return filepath.Join(h.Keys(), "root.age"), nil
}
