package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) memberSuspend() *cobra.Command {
	var req hub.SuspendRequest
	var yes bool
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "suspend NAME", Short: "Call for a member's emergency suspension, before the board votes", Args: cobra.ExactArgs(1),
		Long: "Signs this seat's call to suspend a member at once. It acts when a seat of another sector calls\n" +
			"too, within 24 hours. The suspension lapses after 72 hours unless the board ratifies it\n" +
			"(`crosslight member ratify`); after a lapse the two seats cannot call again for 30 days.",
		Example: "  crosslight member suspend 'Example Bank' --reason 'key stolen' --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		req.Member = args[0]
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "suspend", Suspend: &req}, draft)
		}
		return a.callSuspension(ctx, req, yes)
	})
	c.Flags().StringVar(&req.Reason, "reason", "", "why, in at most 512 bytes; all members read it")
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "say what would change and stop")
	yesFlag(c, &yes)
	draft.add(c)
	return c
}

func (a *app) callSuspension(ctx context.Context, req hub.SuspendRequest, yes bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !req.DryRun {
		if err := a.confirm(yes, "Call for the emergency suspension of "+req.Member+"? It cannot be taken back."); err != nil {
			return err
		}
	}
	s, err := h.Suspend(ctx, req)
	if err != nil {
		return err
	}
	return a.print(s, func(t *table) {
		t.dryRun(s.DryRun, "written")
		t.line("member    %s", text(s.Member))
		t.line("status    %s", text(s.Status))
		t.line("called by %s", text(s.CalledBy))
		t.line("lapses    %s", text(s.Until))
		for _, e := range s.Effect {
			t.line("changes   %s", text(e))
		}
	})
}

func (a *app) memberRatify() *cobra.Command {
	o := proposeFlags{ProposeRequest: hub.ProposeRequest{Kind: "suspend"}}
	c := a.verb(&cobra.Command{
		Use: "ratify NAME", Short: "Propose that the board make a member's suspension last", Args: cobra.ExactArgs(1),
		Long: "Puts a proposal to suspend the member on the ledger. Once the board has accepted it, an\n" +
			"emergency suspension no longer lapses. Vote with `crosslight proposal vote`.",
		Example: "  crosslight member ratify 'Example Bank' --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		if err := a.underEmergency(ctx, args[0]); err != nil {
			return err
		}
		o.Member = args[0]
		return a.putProposal(ctx, o)
	})
	c.Flags().StringVar(&o.Reason, "reason", "", "why, in at most 512 bytes; all members read it")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would change and whose votes are missing, and stop")
	yesFlag(c, &o.yes)
	o.draft.add(c)
	return c
}

// underEmergency refuses to ratify what is not there: the proposal would suspend the member anew.
func (a *app) underEmergency(ctx context.Context, name string) error {
	members, err := a.members(ctx)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Name == name && m.SuspendedUntil != nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %q is under no emergency suspension; `crosslight proposal create suspend` proposes an ordinary one", hub.ErrNotFound, name)
}
