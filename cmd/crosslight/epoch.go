package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) epochCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "epoch", Short: "The members' epochs: under which keys they are asked, and until when",
		Example: "  crosslight epoch list",
	}, a.epochList(), a.epochShow(), a.epochEnd())
}

// epochPage is the epochs as `epoch list` prints them.
type epochPage struct {
	Epochs []hub.Epoch `json:"epochs"`
}

func (a *app) epochList() *cobra.Command {
	var req hub.EpochsRequest
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List the epochs that serve", Example: "  crosslight epoch list --member 'Example Bank' --over",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		epochs, err := h.Epochs(ctx, req)
		if err != nil {
			return err
		}
		return a.print(epochPage{append([]hub.Epoch{}, epochs...)}, func(t *table) {
			rows := [][]any{}
			for _, e := range epochs {
				rows = append(rows, []any{e.Member, e.Epoch, e.State, e.Cause, e.OpenedAt, e.ServesTo, e.EndsAt, e.Mirrored})
			}
			t.rows([]string{"member", "epoch", "state", "cause", "opened", "serves to", "ends by age", "entries here"}, rows)
		})
	})
	c.Flags().StringVar(&req.Member, "member", "", "of this member alone")
	c.Flags().BoolVar(&req.Over, "over", false, "those that are over, too")
	return c
}

func (a *app) epochShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show MEMBER [EPOCH]", Short: "Show one epoch with its public keys; the newest where none is named",
		Example: "  crosslight epoch show 'Example Bank' 3", Args: cobra.RangeArgs(1, 2),
	}, short, func(ctx context.Context, args []string) error {
		var number uint64
		if len(args) > 1 {
			var err error
			if number, err = strconv.ParseUint(args[1], 10, 64); err != nil || number == 0 {
				return usageText("an epoch is a number from 1 on, as `crosslight epoch list` has it")
			}
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		epochs, err := h.Epochs(ctx, hub.EpochsRequest{Member: args[0], Over: true})
		if err != nil {
			return err
		}
		for _, e := range epochs {
			if number == 0 || e.Epoch == number {
				return a.print(e, func(t *table) { epochTable(t, e) })
			}
		}
		return fmt.Errorf("%w: %s has no such epoch; `crosslight epoch list --over` names them", hub.ErrNotFound, args[0])
	})
}

func epochTable(t *table, e hub.Epoch) {
	keys := e.Keys
	e.Keys = nil
	t.fields(e)
	t.line("")
	rows := [][]any{}
	for _, k := range keys {
		rows = append(rows, []any{k.Type, k.Public})
	}
	t.rows([]string{"type", "public key"}, rows)
}

func (a *app) epochEnd() *cobra.Command {
	o := &proposeFlags{ProposeRequest: hub.ProposeRequest{Kind: "epoch-end"}}
	all := false
	c := a.verb(&cobra.Command{
		Use: "end [MEMBER]", Short: "Propose that a member's epoch ends, or all of them",
		Long: "Puts a proposal before the board. Once it is accepted the holder's node builds the index of the next\n" +
			"epoch beside the old one, opens that epoch, and erases the old key when the overlap is over.",
		Example: "  crosslight epoch end 'Example Bank' --reason 'a laptop was stolen' --dry-run\n  crosslight epoch end --all",
		Args:    cobra.MaximumNArgs(1),
	}, short, func(ctx context.Context, args []string) error {
		if all == (len(args) > 0) {
			return usageText("name a member, or say --all")
		}
		if len(args) > 0 {
			o.Member = args[0]
		}
		return a.putProposal(ctx, *o)
	})
	c.Flags().BoolVar(&all, "all", false, "all members' epochs")
	a.proposalFlags(c, o)
	return c
}
