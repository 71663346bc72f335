package state

import "github.com/crosslight/crosslight/ledger/entry"

// EventKind says what happened.
type EventKind string

// The events. One entry may bring several: a vote that decides also brings what was decided.
const (
	NodeInfoChanged    EventKind = "node-info-changed"
	EpochCommitted     EventKind = "epoch-committed"
	EpochCalled        EventKind = "epoch-called" // to end
	AffiliatesDeclared EventKind = "affiliates-declared"
	ProposalOpened     EventKind = "proposal-opened"
	VoteCast           EventKind = "vote-cast"
	ProposalAccepted   EventKind = "proposal-accepted"
	ProposalRejected   EventKind = "proposal-rejected"
	ProposalFailed     EventKind = "proposal-failed"
	ProposalWithdrawn  EventKind = "proposal-withdrawn"
	ProposalExpired    EventKind = "proposal-expired"
	TimeMoved          EventKind = "time-moved"
	MemberAdmitted     EventKind = "member-admitted"
	MemberSuspended    EventKind = "member-suspended"
	SuspensionCalled   EventKind = "suspension-called"
	SuspensionRatified EventKind = "suspension-ratified"
	SuspensionLapsed   EventKind = "suspension-lapsed"
	MemberReinstated   EventKind = "member-reinstated"
	PolicyChanged      EventKind = "policy-changed"
	ProposalDropped    EventKind = "proposal-dropped"
	MemberJoined       EventKind = "member-joined"
	MemberExpelled     EventKind = "member-expelled"
	SeatGiven          EventKind = "seat-given"
	SeatTaken          EventKind = "seat-taken"
	SectorChanged      EventKind = "sector-changed"
	ThresholdsChanged  EventKind = "thresholds-changed"
	UpgradeAccepted    EventKind = "upgrade-accepted"
	KeyRevoked         EventKind = "key-revoked"
	KeyRotated         EventKind = "key-rotated"
	RotationAnnounced  EventKind = "rotation-announced"
	RotationStopped    EventKind = "rotation-stopped"
	CheckpointSealed   EventKind = "checkpoint-sealed"
	VoterAtFault       EventKind = "voter-at-fault" // it contradicts what its key has signed
	StateAnchored      EventKind = "state-anchored"
	ManifestsAnchored  EventKind = "manifests-anchored"
	LedgerRecovered    EventKind = "ledger-recovered"
	HandedOver         EventKind = "handed-over"
	LogsCommitted      EventKind = "logs-committed"
	LogsDiffer         EventKind = "logs-differ" // Member asked, Other answered
	AuditOpened        EventKind = "audit-opened"
	NonceCommitted     EventKind = "nonce-committed"
	NonceRevealed      EventKind = "nonce-revealed"
	NonceWithheld      EventKind = "nonce-withheld"
	QuestionsDrawn     EventKind = "questions-drawn"
	AuditJudged        EventKind = "audit-judged"
	AuditEnded         EventKind = "audit-ended"
	HoldCalled         EventKind = "hold-called"
	HoldBegun          EventKind = "hold-begun"
	HoldReleased       EventKind = "hold-released"
	// VotersChanged says that the voter set of checkpoints ends with this entry: the next one begins
	// with what follows it.
	VotersChanged EventKind = "voters-changed"
)

// Event is something that followed from an entry, in the order in which it happened. The node acts on
// events: it closes streams, adds addresses, mirrors another epoch.
type Event struct {
	Kind     EventKind
	Index    uint64     // of the entry
	Member   string     // whom it concerns, or who acted
	Proposal entry.Hash // of proposals, votes and audits, zero otherwise
	Epoch    uint64     // of EpochCommitted and EpochCalled, zero otherwise
	Other    string     // of logs, audits and holds: the other member that it concerns, empty otherwise
	Day      uint64     // of logs, since 1970-01-01, zero otherwise
}
