package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

// Lists go out inside an object, so that the API can say more about them later.
type (
	memberList struct {
		Members []hub.Member `json:"members"`
	}
	proposalList struct {
		Proposals []hub.Proposal `json:"proposals"`
	}
	draft struct {
		Draft []byte `json:"draft" doc:"The draft file, base64"`
	}
	invitation struct {
		Invitation []byte `json:"invitation" doc:"The invitation file, base64"`
	}
)

type checkInput struct {
	From    string `query:"from" required:"true" doc:"Member that asks"`
	To      string `query:"to" required:"true" doc:"Member that is asked"`
	Type    string `query:"type" required:"true" doc:"Indicator type"`
	Purpose string `query:"purpose" required:"true" doc:"Declared purpose"`
	HasCase bool   `query:"has_case" doc:"A case reference is given"`
}

type voteInput struct {
	ID   string `path:"id"`
	Body struct {
		Vote   string `json:"vote" enum:"yes,no"`
		DryRun bool   `json:"dry_run" required:"false"`
	}
}

type withdrawProposalInput struct {
	ID   string `path:"id"`
	Body struct {
		DryRun bool `json:"dry_run" required:"false"`
	}
}

func (s *server) governanceRoutes() {
	add(s, operation{"get-policy", http.MethodGet, "/v1/policy", "governance", "Show the rules in force"},
		func(ctx context.Context, _ *none) (hub.Policy, error) { return s.hub.Policy(ctx) })
	add(s, operation{"check-policy", http.MethodGet, "/v1/policy/check", "governance", "May one member ask another, and by which rule"},
		func(ctx context.Context, in *checkInput) (hub.PolicyDecision, error) {
			return s.hub.CheckPolicy(ctx, hub.PolicyAsk(*in))
		})
	add(s, operation{"list-members", http.MethodGet, "/v1/members", "governance", "List the consortium"},
		func(ctx context.Context, _ *none) (memberList, error) {
			members, err := s.hub.Members(ctx)
			return memberList{members}, err
		})
	add(s, operation{"invite", http.MethodPost, "/v1/invitations", "governance", "Make an invitation for a newcomer"},
		func(ctx context.Context, _ *none) (invitation, error) {
			file, err := s.hub.Invite(ctx)
			return invitation{file}, err
		})
	add(s, operation{"suspend-member", http.MethodPost, "/v1/suspensions", "governance", "Call for a member's emergency suspension"},
		func(ctx context.Context, in *body[hub.SuspendRequest]) (hub.Suspension, error) {
			return s.hub.Suspend(ctx, in.Body)
		})
	s.proposalRoutes()
}

func (s *server) proposalRoutes() {
	add(s, operation{"propose", http.MethodPost, "/v1/proposals", "governance", "Put a proposal on the ledger"},
		func(ctx context.Context, in *body[hub.ProposeRequest]) (hub.Proposal, error) {
			return s.hub.Propose(ctx, in.Body)
		})
	add(s, operation{"list-proposals", http.MethodGet, "/v1/proposals", "governance", "List proposals, newest first"},
		func(ctx context.Context, _ *none) (proposalList, error) {
			proposals, err := s.hub.Proposals(ctx)
			return proposalList{proposals}, err
		})
	add(s, operation{"get-proposal", http.MethodGet, "/v1/proposals/{id}", "governance", "Show a proposal by its id or a unique prefix"},
		func(ctx context.Context, in *idInput) (hub.Proposal, error) { return s.hub.Proposal(ctx, in.ID) })
	add(s, operation{"vote", http.MethodPost, "/v1/proposals/{id}/votes", "governance", "Cast this member's vote"},
		func(ctx context.Context, in *voteInput) (hub.Proposal, error) {
			return s.hub.Vote(ctx, hub.VoteRequest{Proposal: in.ID, Vote: in.Body.Vote, DryRun: in.Body.DryRun})
		})
	add(s, operation{"withdraw-proposal", http.MethodPost, "/v1/proposals/{id}/withdrawal", "governance", "Take back this member's own open proposal"},
		func(ctx context.Context, in *withdrawProposalInput) (hub.Proposal, error) {
			return s.hub.WithdrawProposal(ctx, hub.WithdrawProposalRequest{Proposal: in.ID, DryRun: in.Body.DryRun})
		})
	add(s, operation{"draft", http.MethodPost, "/v1/drafts", "governance", "Write a draft that a seat signs on a machine without a node"},
		func(ctx context.Context, in *body[hub.DraftRequest]) (draft, error) {
			file, err := s.hub.Draft(ctx, in.Body)
			return draft{file}, err
		})
	add(s, operation{"submit-signed", http.MethodPost, "/v1/submissions", "governance", "Put on the ledger what a seat has signed elsewhere"},
		func(ctx context.Context, in *body[hub.SubmitRequest]) (hub.Submitted, error) {
			return s.hub.SubmitSigned(ctx, in.Body)
		})
}
