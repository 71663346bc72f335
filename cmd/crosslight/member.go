package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) memberCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "member", Short: "The members of the consortium",
		Example: "  crosslight member list",
	}, a.memberList(), a.memberShow(), a.memberInvite(), a.memberJoin(),
		a.memberSuspend(), a.memberRatify(), a.memberAffiliate())
}

// memberPage is the consortium as `member list` prints it.
type memberPage struct {
	Members []hub.Member `json:"members"`
}

func (a *app) members(ctx context.Context) ([]hub.Member, error) {
	h, err := a.hub()
	if err != nil {
		return nil, err
	}
	return h.Members(ctx)
}

func (a *app) memberList() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "list", Short: "List the members", Example: "  crosslight member list -o json",
	}, short, func(ctx context.Context, _ []string) error {
		members, err := a.members(ctx)
		if err != nil {
			return err
		}
		return a.print(memberPage{append([]hub.Member{}, members...)}, func(t *table) {
			rows := [][]any{}
			for _, m := range members {
				rows = append(rows, []any{m.Name, m.Sector, m.Jurisdiction, m.Status, m.Voter, m.Epoch, m.PeerID})
			}
			t.rows([]string{"member", "sector", "jurisdiction", "status", "voter", "epoch", "peer id"}, rows)
		})
	})
}

func (a *app) memberShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show NAME", Short: "Show one member", Example: "  crosslight member show 'Example Bank'", Args: cobra.ExactArgs(1),
	}, short, func(ctx context.Context, args []string) error {
		members, err := a.members(ctx)
		if err != nil {
			return err
		}
		for _, m := range members {
			if m.Name == args[0] {
				return a.print(m, func(t *table) { t.fields(m) })
			}
		}
		return fmt.Errorf("%w: no member is called %q; `crosslight member list` names them", hub.ErrNotFound, args[0])
	})
}

func (a *app) memberInvite() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "invite", Short: "Write an invitation for an organisation that is to join",
		Long: "Writes the file with which a newcomer checks that it joins this very ledger: its id, a recent\n" +
			"size and root. It grants nothing; admission is a vote.",
		Example: "  crosslight member invite --out invitation",
	}, short, func(ctx context.Context, _ []string) error { return a.invite(ctx, out) })
	c.Flags().StringVar(&out, "out", "", "file to write the invitation to")
	require(c, "out")
	return c
}

func (a *app) invite(ctx context.Context, out string) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	file, err := h.Invite(ctx)
	if err != nil {
		return err
	}
	if err := writeNew(out, file); err != nil {
		return err
	}
	made := struct {
		Invitation  string `json:"invitation"`
		Fingerprint string `json:"fingerprint"`
	}{out, fingerprint(file)}
	if err := a.print(made, func(t *table) { t.line("%s", out) }); err != nil {
		return err
	}
	a.say("Fingerprint %s: read it to the newcomer over another channel.", made.Fingerprint)
	a.say("The newcomer runs `crosslight member join %s`; you propose it with `crosslight proposal create admit --card FILE`.", out)
	return nil
}

// fingerprint is SHA-256 of an invitation in hex. The file is not signed: who carries it could put
// another point of history into it, so inviter and newcomer compare this.
func fingerprint(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

func (a *app) memberJoin() *cobra.Command {
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "join FILE", Short: "Bind this home to the consortium of an invitation", Args: cobra.ExactArgs(1),
		Example: "  crosslight member join invitation",
	}, short, func(_ context.Context, args []string) error {
		file, err := readFile(args[0])
		if err != nil {
			return err
		}
		if err := a.confirm(yes, "Bind "+a.cfg.Home+" to the consortium of the invitation "+fingerprint(file)+" for good? The member that invited you must read the same fingerprint."); err != nil {
			return err
		}
		if err := node.Join(a.cfg.Home, file); err != nil {
			return err
		}
		joined := struct {
			Home        string `json:"home"`
			Fingerprint string `json:"fingerprint"`
		}{a.cfg.Home, fingerprint(file)}
		if err := a.print(joined, func(t *table) { t.line("%s", a.cfg.Home) }); err != nil {
			return err
		}
		a.say("Start the node with `crosslight node start`; it is let in once the vote on its admission has passed.")
		return nil
	})
	yesFlag(c, &yes)
	return c
}
