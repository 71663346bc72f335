package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) proposalCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "proposal", Short: "Proposals to the board and the votes on them",
		Example: "  crosslight proposal create suspend --member 'Example Bank' --reason 'key lost' --dry-run\n" +
			"  crosslight proposal vote 3f2a yes",
	}, a.proposalCreate(), a.proposalList(), a.proposalShow(), a.proposalVote(), a.proposalWithdraw(),
		a.proposalSign(), a.proposalSubmit())
}

// decide shows what an act would change; it carries it out unless this is a dry run or the person says
// no.
func (a *app) decide(dry, yes bool, question string, act func(dry bool) (hub.Proposal, error)) error {
	if dry {
		p, err := act(true)
		if err != nil {
			return err
		}
		return a.printProposal(p)
	}
	if !yes && terminal(a.in) && terminal(a.err) {
		p, err := act(true)
		if err != nil {
			return err
		}
		t := &table{out: a.err}
		proposalTable(t, p)
	}
	if err := a.confirm(yes, question); err != nil {
		return err
	}
	p, err := act(false)
	if err != nil {
		return err
	}
	return a.printProposal(p)
}

func (a *app) printProposal(p hub.Proposal) error {
	return a.print(p, func(t *table) { proposalTable(t, p) })
}

func proposalTable(t *table, p hub.Proposal) {
	t.dryRun(p.DryRun, "written")
	t.line("proposal  %s", text(p.ID))
	t.line("kind      %s %s", p.Kind, text(p.Subject))
	t.line("state     %s", text(p.State))
	t.line("proposer  %s", text(p.Proposer))
	t.line("reason    %s", text(p.Reason))
	for _, e := range p.Effect {
		t.line("changes   %s", text(e))
	}
	for _, v := range p.Votes {
		t.line("vote      %s (%s): %s", text(v.Member), v.Sector, v.Vote)
	}
	if p.Expires != nil {
		t.line("expires   %s (ledger time)", *p.Expires)
	}
	t.line("missing   %s", text(p.Missing))
	t.line("needs     %s", text(p.Needs))
}

// proposalPage is what `proposal list` prints.
type proposalPage struct {
	Proposals []hub.Proposal `json:"proposals"`
}

func (a *app) proposalList() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "list", Short: "List proposals, newest first", Example: "  crosslight proposal list",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		proposals, err := h.Proposals(ctx)
		if err != nil {
			return err
		}
		return a.print(proposalPage{append([]hub.Proposal{}, proposals...)}, func(t *table) {
			rows := [][]any{}
			for _, p := range proposals {
				rows = append(rows, []any{p.ID, p.Kind, p.Subject, p.State, len(p.Votes), p.Missing})
			}
			t.rows([]string{"id", "kind", "subject", "state", "votes", "missing"}, rows)
		})
	})
}

func (a *app) proposalShow() *cobra.Command {
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "show ID", Short: "Show a proposal, its votes and what is still needed", Args: cobra.ExactArgs(1),
		Long: "Shows a proposal. With --out it writes the draft of a vote on it, for a seat key that is kept on\n" +
			"a machine without a node: sign it there with `crosslight proposal sign`, and bring it back with\n" +
			"`crosslight proposal submit`.",
		Example: "  crosslight proposal show 3f2a\n  crosslight proposal show 3f2a --out draft",
	}, short, func(ctx context.Context, args []string) error {
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "vote", Proposal: args[0]}, draft)
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		p, err := h.Proposal(ctx, args[0])
		if err != nil {
			return err
		}
		return a.printProposal(p)
	})
	draft.add(c)
	return c
}

func (a *app) proposalVote() *cobra.Command {
	var dry, yes bool
	c := a.verb(&cobra.Command{
		Use: "vote ID yes|no", Short: "Cast this member's vote", Args: cobra.ExactArgs(2),
		Example: "  crosslight proposal vote 3f2a yes --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		if args[1] != "yes" && args[1] != "no" {
			return usage(fmt.Errorf("vote %q: yes or no", args[1]))
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		return a.decide(dry, yes, "Cast the vote "+args[1]+"? It cannot be changed.", func(dry bool) (hub.Proposal, error) {
			return h.Vote(ctx, hub.VoteRequest{Proposal: args[0], Vote: args[1], DryRun: dry})
		})
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "say what the vote would change and stop")
	yesFlag(c, &yes)
	return c
}

func (a *app) proposalWithdraw() *cobra.Command {
	var dry, yes bool
	var draft draftFlags
	c := a.verb(&cobra.Command{
		Use: "withdraw ID", Short: "Take back an open proposal of this member's own", Args: cobra.ExactArgs(1),
		Example: "  crosslight proposal withdraw 3f2a --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		if draft.out != "" {
			return a.writeDraft(ctx, hub.DraftRequest{Act: "withdraw", Proposal: args[0]}, draft)
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		return a.decide(dry, yes, "Withdraw this proposal? It cannot be opened again.", func(dry bool) (hub.Proposal, error) {
			return h.WithdrawProposal(ctx, hub.WithdrawProposalRequest{Proposal: args[0], DryRun: dry})
		})
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would change and stop")
	yesFlag(c, &yes)
	draft.add(c)
	return c
}
