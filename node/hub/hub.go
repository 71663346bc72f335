// Package hub is everything that a person can ask of a node, as one interface. The HTTP API serves
// it, the API's client implements it again on the far side, and the command line is written against
// it alone; [github.com/crosslight/crosslight/node/hub/local] is the implementation that does the
// work. Nothing else crosses between a person and a node.
package hub

import (
	"context"
	"io"
)

// Hub is a member's running node, as its people see it. Every method is safe for concurrent use and
// returns one of the errors of this package, wrapped, for everything that is not our own bug.
type Hub interface {
	Mirrors

	// Status says who this node is, whether it is well, and whom it sees.
	Status(ctx context.Context) (Status, error)

	// Import reads indicators from feed until its end and stores them all at once: after an error
	// or a crash nothing of the feed has been kept.
	Import(ctx context.Context, feed io.Reader, opts FeedOptions) (ImportReport, error)
	// Indicators lists the member's own indicators, newest first.
	Indicators(ctx context.Context, filter IndicatorFilter) (IndicatorPage, error)
	// Indicator returns one of the member's own indicators by its digest in hex.
	Indicator(ctx context.Context, digest string) (Indicator, error)
	// Withdraw takes indicators out of the member's store and of the index that others see.
	Withdraw(ctx context.Context, req WithdrawRequest) (WithdrawReport, error)

	// Query asks holders about the values of req and, when feed is not nil, of feed.
	Query(ctx context.Context, req QueryRequest, feed io.Reader) (QueryReport, error)
	// Queries lists past queries, newest first.
	Queries(ctx context.Context, page PageRequest) (QueryPage, error)
	// QueryByID returns a past query with its matches.
	QueryByID(ctx context.Context, id string) (QueryReport, error)

	Watches
	Alerts
	Matches
	Transparencies

	// Policy returns the rules in force.
	Policy(ctx context.Context) (Policy, error)
	// CheckPolicy says whether one member may ask another, and by which rule.
	CheckPolicy(ctx context.Context, ask PolicyAsk) (PolicyDecision, error)

	// Members lists the consortium.
	Members(ctx context.Context) ([]Member, error)
	// Invite returns an invitation file for an organisation that is to join.
	Invite(ctx context.Context) ([]byte, error)

	// Suspend calls for the emergency suspension of a member; with DryRun it only looks.
	Suspend(ctx context.Context, req SuspendRequest) (Suspension, error)

	// Propose puts a proposal on the ledger; with DryRun it says what would change and stops.
	Propose(ctx context.Context, req ProposeRequest) (Proposal, error)
	// Proposals lists proposals, newest first.
	Proposals(ctx context.Context) ([]Proposal, error)
	// Proposal returns one proposal by its id or a unique prefix of it.
	Proposal(ctx context.Context, id string) (Proposal, error)
	// Vote casts this member's vote.
	Vote(ctx context.Context, req VoteRequest) (Proposal, error)
	// WithdrawProposal takes back an open proposal of this member's; with DryRun it only looks.
	WithdrawProposal(ctx context.Context, req WithdrawProposalRequest) (Proposal, error)

	// Draft returns a file that a seat signs on a machine without a node.
	Draft(ctx context.Context, req DraftRequest) ([]byte, error)
	// SubmitSigned puts on the ledger what a seat has signed elsewhere; with DryRun it only looks.
	SubmitSigned(ctx context.Context, req SubmitRequest) (Submitted, error)

	Audits

	// LedgerStatus returns where this node's ledger stands.
	LedgerStatus(ctx context.Context) (LedgerStatus, error)
	// LedgerLog lists ledger entries from index from on.
	LedgerLog(ctx context.Context, from uint64, limit int) (LedgerPage, error)
	// LedgerEntry returns one entry in full, by its index or its leaf hash in hex.
	LedgerEntry(ctx context.Context, ref string) (LedgerDetail, error)
	// LedgerCheckpoint returns the newest final checkpoint, a C2SP signed note, with the cosignatures of a
	// quorum of the voters and of whatever other members and outside witnesses gave theirs.
	LedgerCheckpoint(ctx context.Context) ([]byte, error)
	// LedgerProof proves that an entry, named as in LedgerEntry, stands on the ledger and is final.
	LedgerProof(ctx context.Context, ref string) (LedgerProof, error)
	// LedgerExport writes the whole ledger as a tar stream that `ledger verify` accepts.
	LedgerExport(ctx context.Context, w io.Writer) error

	Epochs
	Budgets
	Reconciling

	// Keys lists this member's public keys and the open epochs.
	Keys(ctx context.Context) (Keys, error)
	// RotateKey puts another of this member's keys in a role, after 24 hours; with DryRun it only looks.
	RotateKey(ctx context.Context, req RotateRequest) (KeyChange, error)
	// RevokeKey stops a rotation that waits; with DryRun it only looks.
	RevokeKey(ctx context.Context, req RevokeRequest) (KeyChange, error)
}
