package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/submit"
)

// Propose implements [hub.Hub].
func (h *Hub) Propose(ctx context.Context, req hub.ProposeRequest) (hub.Proposal, error) {
	content, err := h.contentOf(req)
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	preview, err := h.previewProposal(h.cfg.Name, content, req.Reason)
	if err != nil || req.DryRun {
		return preview, classed(err)
	}
	raw, err := h.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewPropose(s, seq, content, req.Reason)
	})
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	h.cfg.Log.Info("proposed", "kind", req.Kind, "subject", content.Subject())
	return h.Proposal(ctx, entry.HashOf(raw).String())
}

// bySeat signs an entry with the seat key, puts it on the ledger and returns it.
func (h *Hub) bySeat(ctx context.Context, build submit.Make) (entry.Raw, error) {
	seat, err := h.cfg.Ring.Seat()
	if err != nil {
		return nil, err
	}
	_, raw, err := h.cfg.Submit.Submit(ctx, seat, build)
	return raw, err
}

// previewProposal says what a proposal would change, and refuses what the ledger would refuse.
func (h *Hub) previewProposal(proposer string, content entry.Proposal, reason string) (out hub.Proposal, err error) {
	body, err := entry.ProposeBody(content, reason)
	if err != nil {
		return out, err
	}
	h.cfg.Replica.View(func(s *state.State) {
		if err = s.CheckPropose(proposer, body); err != nil {
			return
		}
		tally := s.TallyOf(content)
		out = hub.Proposal{
			Kind: content.ProposalKind().String(), Subject: content.Subject(), Reason: reason, Proposer: proposer,
			State: string(state.Open), Votes: []hub.BallotCast{}, Missing: list(tally.Missing), Needs: tally.Needs,
			Effect: list(s.Describe(content)), DryRun: true,
		}
	})
	return out, err
}

// Proposals implements [hub.Hub].
func (h *Hub) Proposals(context.Context) ([]hub.Proposal, error) {
	out := []hub.Proposal{}
	h.cfg.Replica.View(func(s *state.State) {
		for _, p := range s.Proposals() {
			out = append(out, proposalOf(s, p))
		}
	})
	slices.Reverse(out)
	return out, nil
}

// Proposal implements [hub.Hub].
func (h *Hub) Proposal(_ context.Context, id string) (out hub.Proposal, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var p state.Proposal
		if p, err = find(s, id); err == nil {
			out = proposalOf(s, p)
		}
	})
	return out, err
}

// find returns the proposal whose id starts with prefix, at least four hex digits.
func find(s *state.State, prefix string) (state.Proposal, error) {
	prefix = strings.ToLower(prefix)
	if len(prefix) < 4 {
		return state.Proposal{}, fmt.Errorf("%w: give at least four digits of the proposal's id", hub.ErrInvalid)
	}
	var hits []state.Proposal
	for _, p := range s.Proposals() {
		if strings.HasPrefix(p.ID.String(), prefix) {
			hits = append(hits, p)
		}
	}
	switch len(hits) {
	case 0:
		return state.Proposal{}, fmt.Errorf("%w: no proposal %q: `crosslight proposal list` shows them", hub.ErrNotFound, prefix)
	case 1:
		return hits[0], nil
	}
	return state.Proposal{}, fmt.Errorf("%w: %d proposals start with %q; give more digits", hub.ErrInvalid, len(hits), prefix)
}

func proposalOf(s *state.State, p state.Proposal) hub.Proposal {
	out := hub.Proposal{
		ID: p.ID.String(), Kind: p.Kind.String(), Subject: p.Content.Subject(), Reason: p.Reason, Proposer: p.Proposer,
		State: string(p.State), Index: p.Index, Votes: []hub.BallotCast{}, Missing: []string{}, Effect: []string{},
	}
	for _, b := range p.Votes {
		out.Votes = append(out.Votes, hub.BallotCast{Member: b.Member, Sector: string(b.Sector), Vote: entry.YesNo(b.Yes)})
	}
	slices.SortFunc(out.Votes, func(a, b hub.BallotCast) int { return strings.Compare(a.Member, b.Member) })
	if p.Decided > 0 {
		out.Decided = &p.Decided
	}
	if p.Failure != "" {
		out.Failure = &p.Failure
	}
	if p.State == state.Open {
		expires := entry.Instant(p.Deadline)
		out.Expires = &expires
		if tally, err := s.Tally(p.ID); err == nil {
			out.Missing, out.Needs = list(tally.Missing), tally.Needs
		}
		out.Effect = list(s.Describe(p.Content))
	}
	return out
}

// Vote implements [hub.Hub].
func (h *Hub) Vote(ctx context.Context, req hub.VoteRequest) (hub.Proposal, error) {
	if req.Vote != "yes" && req.Vote != "no" {
		return hub.Proposal{}, fmt.Errorf("%w: a vote is yes or no", hub.ErrInvalid)
	}
	id, _, err := h.checked(h.cfg.Name, req.Proposal, (*state.State).CheckVote)
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	if req.DryRun {
		return h.afterVote(id, req.Vote == "yes")
	}
	_, err = h.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewVote(s, seq, id, req.Vote == "yes")
	})
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	h.cfg.Log.Info("voted", "proposal", id.String()[:16], "vote", req.Vote)
	return h.Proposal(ctx, id.String())
}

// afterVote is the proposal as this member's vote would leave it, with what it changes.
func (h *Hub) afterVote(id entry.Hash, yes bool) (out hub.Proposal, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var p state.Proposal
		var tally state.Tally
		if p, tally, err = s.AfterVote(h.cfg.Name, id, yes); err != nil {
			return
		}
		out = proposalOf(s, p)
		out.Missing, out.Needs, out.Effect, out.DryRun = list(tally.Missing), tally.Needs, list(s.Describe(p.Content)), true
	})
	return out, classed(err)
}

// checked finds a proposal and says whether a member may do to it what check is for.
func (h *Hub) checked(name, prefix string, check func(*state.State, string, entry.Hash) error) (id entry.Hash, out hub.Proposal, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var p state.Proposal
		if p, err = find(s, prefix); err != nil {
			return
		}
		if err = check(s, name, p.ID); err == nil {
			id, out = p.ID, proposalOf(s, p)
		}
	})
	return id, out, err
}

// WithdrawProposal implements [hub.Hub].
func (h *Hub) WithdrawProposal(ctx context.Context, req hub.WithdrawProposalRequest) (hub.Proposal, error) {
	id, out, err := h.checked(h.cfg.Name, req.Proposal, (*state.State).CheckWithdraw)
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	if req.DryRun {
		out.DryRun, out.Missing, out.Needs, out.State = true, []string{}, "", string(state.Withdrawn)
		out.Effect = []string{"The proposal is closed undecided; nobody can vote on it any more."}
		return out, nil
	}
	_, err = h.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewWithdrawProposal(s, seq, id)
	})
	if err != nil {
		return hub.Proposal{}, classed(err)
	}
	h.cfg.Log.Info("proposal withdrawn", "proposal", id.String()[:16])
	return h.Proposal(ctx, id.String())
}
