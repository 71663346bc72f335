package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) memberAffiliate() *cobra.Command {
	var none, dry, yes bool
	c := a.verb(&cobra.Command{
		Use: "affiliate [NAME…]", Args: cobra.ArbitraryArgs, Short: "Declare which members belong to one undertaking with this one",
		Long: "Members that have declared one another count as one: they share one budget with every holder. A\n" +
			"declaration takes the place of the last one, and all members read it.",
		Example: "  crosslight member affiliate 'Example Bank' --dry-run\n  crosslight member affiliate --none",
	}, short, func(ctx context.Context, args []string) error {
		if none == (len(args) > 0) {
			return usageText("name the members, or say --none")
		}
		return a.declareAffiliates(ctx, hub.AffiliatesRequest{Members: args, DryRun: dry}, yes)
	})
	c.Flags().BoolVar(&none, "none", false, "withdraw the declaration")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would change, and stop")
	yesFlag(c, &yes)
	return c
}

func (a *app) declareAffiliates(ctx context.Context, req hub.AffiliatesRequest, yes bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !req.DryRun {
		question := "Declare on the ledger that this member has no affiliates?"
		if len(req.Members) > 0 {
			question = "Declare on the ledger that this member is affiliated with " + strings.Join(req.Members, ", ") + "?"
		}
		if err := a.confirm(yes, question); err != nil {
			return err
		}
	}
	done, err := h.DeclareAffiliates(ctx, req)
	if err != nil {
		return err
	}
	return a.print(done, func(t *table) {
		for _, line := range done.Effect {
			t.line("%s", line)
		}
	})
}
