package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// proposeFlags are common to every kind of proposal.
type proposeFlags struct {
	hub.ProposeRequest
	file  string
	yes   bool
	draft draftFlags
}

func (a *app) proposalCreate() *cobra.Command {
	return noun(
		&cobra.Command{
			Use: "create", Short: "Put a proposal on the ledger",
			Example: "  crosslight proposal create admit --card newcomer.card",
		},
		a.proposeAdmit(), a.proposeOn("suspend", "Suspend a member: every holder refuses it at once", "--member 'Example Bank' --reason 'key lost'"),
		a.proposeOn("reinstate", "End a member's suspension", "--member 'Example Bank'"),
		a.proposeOn("expel", "End a membership for good; takes two thirds of the seats", "--member 'Example Bank' --dry-run"),
		a.proposePolicy(), a.proposeSeat(), a.proposeVoter(), a.proposeSector(), a.proposeThresholds(), a.proposeRevoke(), a.proposeUpgrade(),
		a.proposeEpochEnd(),
	)
}

// propose is the command for proposals of one kind. subject reads what its own flags name.
func (a *app) propose(kind, what, example string, subject func(*proposeFlags) error) (*cobra.Command, *proposeFlags) {
	o := &proposeFlags{ProposeRequest: hub.ProposeRequest{Kind: kind}}
	c := a.verb(&cobra.Command{
		Use: kind, Short: what, Example: "  crosslight proposal create " + kind + " " + example,
	}, short, func(ctx context.Context, _ []string) error {
		if subject != nil {
			if err := subject(o); err != nil {
				return err
			}
		}
		return a.putProposal(ctx, *o)
	})
	a.proposalFlags(c, o)
	return c, o
}

// proposalFlags are what every proposal can be given.
func (a *app) proposalFlags(c *cobra.Command, o *proposeFlags) {
	c.Flags().StringVar(&o.Reason, "reason", "", "why, in at most 512 bytes; all members read it")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would change and whose votes are missing, and stop")
	yesFlag(c, &o.yes)
	o.draft.add(c)
}

func (a *app) proposeEpochEnd() *cobra.Command {
	c, o := a.propose("epoch-end", "End a member's epoch, or all of them", "--member 'Example Bank' --dry-run", nil)
	c.Flags().StringVar(&o.Member, "member", "", "the member's name (default: all)")
	return c
}

func (a *app) proposeOn(kind, what, example string) *cobra.Command {
	c, o := a.propose(kind, what, example, nil)
	memberFlag(c, o)
	return c
}

func memberFlag(c *cobra.Command, o *proposeFlags) {
	c.Flags().StringVar(&o.Member, "member", "", "the member's name")
	require(c, "member")
}

func (a *app) proposeAdmit() *cobra.Command {
	c, o := a.propose("admit", "Admit an organisation", "--card newcomer.card", func(o *proposeFlags) (err error) {
		o.Card, err = readFile(o.file)
		return err
	})
	c.Flags().StringVar(&o.file, "card", "", "the applicant's member card")
	c.Flags().BoolVar(&o.Seat, "seat", true, "give it a seat on the board, which takes two thirds of the seats instead of more than half")
	require(c, "card")
	return c
}

func (a *app) proposePolicy() *cobra.Command {
	c, o := a.propose("policy", "Replace the rules", "--file policy.yaml --dry-run", func(o *proposeFlags) (err error) {
		o.Policy, err = readPolicy(o.file)
		return err
	})
	c.Flags().StringVar(&o.file, "file", "", "policy.yaml")
	require(c, "file")
	return c
}

func (a *app) proposeSeat() *cobra.Command {
	take := false
	c, o := a.propose("seat", "Give a member a seat on the board, or take it; takes two thirds of the seats", "--member 'Example Bank' --take",
		func(o *proposeFlags) error { o.Seat = !take; return nil })
	memberFlag(c, o)
	c.Flags().BoolVar(&take, "take", false, "take the seat away")
	return c
}

func (a *app) proposeVoter() *cobra.Command {
	end := false
	c, o := a.propose("voter", "Make a member's node a voter, or end that; takes two thirds of the seats", "--member 'Example Bank' --dry-run",
		func(o *proposeFlags) error { o.Voter = !end; return nil })
	memberFlag(c, o)
	c.Flags().BoolVar(&end, "end", false, "its node replicates the ledger without a vote from then on")
	return c
}

func (a *app) proposeSector() *cobra.Command {
	c, o := a.propose("sector", "Move a member to another sector; takes three quarters of the seats", "--member 'Example Bank' --to regulator", nil)
	memberFlag(c, o)
	c.Flags().StringVar(&o.Sector, "to", "", "tech, finance, law-enforcement, hotline, ngo or regulator")
	require(c, "to")
	return c
}

func (a *app) proposeThresholds() *cobra.Command {
	var t hub.Thresholds
	c, _ := a.propose("thresholds", "Change what decisions take; takes three quarters of the seats", "--grave 'at least 3/4' --dry-run",
		func(o *proposeFlags) error {
			if t == (hub.Thresholds{}) {
				return usageText("name what is to change: --ordinary, --grave, --constitutional, --sectors")
			}
			o.Thresholds = &t
			return nil
		})
	c.Flags().StringVar(&t.Ordinary, "ordinary", "", "'more than 1/2' or 'at least 3/5' of the seats, for example (default: as it is)")
	c.Flags().StringVar(&t.Grave, "grave", "", "for a seat, expulsion, voters, an upgrade (default: as it is)")
	c.Flags().StringVar(&t.Constitutional, "constitutional", "", "for these thresholds, sectors, recovery (default: as it is)")
	c.Flags().Uint64Var(&t.Sectors, "sectors", 0, "how many sectors must say yes (default: as it is)")
	return c
}

func (a *app) proposeRevoke() *cobra.Command {
	c, o := a.propose("revoke", "Revoke a key that its member cannot or will not; takes two thirds of the seats", "--key 0f1e2d3c4b5a69788796a5b4c3d2e1f0", nil)
	c.Flags().StringVar(&o.Key, "key", "", "the key's id, as 'ledger show' and 'key show' have it")
	require(c, "key")
	return c
}

func (a *app) proposeUpgrade() *cobra.Command {
	c, o := a.propose("upgrade", "Accept entries of the next version; takes two thirds of the seats", "--to-version 2 --dry-run", nil)
	c.Flags().Uint64Var(&o.Version, "to-version", 0, "the version of entries to accept")
	require(c, "to-version")
	return c
}

func (a *app) putProposal(ctx context.Context, o proposeFlags) error {
	if o.draft.out != "" {
		return a.writeDraft(ctx, hub.DraftRequest{Act: "propose", Propose: &o.ProposeRequest}, o.draft)
	}
	h, err := a.hub()
	if err != nil {
		return err
	}
	act := func(dry bool) (hub.Proposal, error) {
		req := o.ProposeRequest
		req.DryRun = dry
		return h.Propose(ctx, req)
	}
	return a.decide(o.DryRun, o.yes, "Put this proposal on the ledger?", act)
}
