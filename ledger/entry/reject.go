package entry

import "errors"

// Rejection is the reason why the ledger refuses an entry. Each is one of the variables below and has
// a number and a name that never change, so that every node, and every later version, refuses the
// same entry for the same reason. Wrapped rejections say more in words; code and name decide.
type Rejection struct {
	Code uint16 // stable number
	Name string // stable name, lower case with dashes
	text string
}

func (r *Rejection) Error() string { return r.text }

// Rejections of bytes that are no entry.
var (
	// ErrMalformed reports bytes that do not have the shape of an entry.
	ErrMalformed = reject(1, "malformed", "malformed entry")
	// ErrNotCanonical reports an entry that is not in deterministic encoding.
	ErrNotCanonical = reject(2, "not-canonical", "entry is not in deterministic encoding")
	// ErrTooLarge reports an entry above MaxEnvelope.
	ErrTooLarge = reject(3, "too-large", "entry is too large")
	// ErrVersion reports an entry of a version that this ledger has not been upgraded to.
	ErrVersion = reject(4, "unknown-version", "entry of an unknown version")
	// ErrKind reports a kind without a number in the specification.
	ErrKind = reject(5, "unknown-kind", "entry of an unknown kind")
	// ErrKindNotServed reports a kind that has a number but is not accepted here: a kind of a later
	// version, or a second genesis.
	ErrKindNotServed = reject(6, "kind-not-served", "entries of this kind are not accepted")
	// ErrField reports a field outside its limits.
	ErrField = reject(7, "bad-field", "a field is not valid")
)

// Rejections of an envelope.
var (
	// ErrWrongLedger reports an entry made for another ledger.
	ErrWrongLedger = reject(10, "wrong-ledger", "entry is for another ledger")
	// ErrWrongIncarnation reports an entry made before a recovery, or for one that has not happened.
	ErrWrongIncarnation = reject(11, "wrong-incarnation", "entry is for another incarnation of the ledger")
	// ErrUnknownKey reports a signing key that no member holds.
	ErrUnknownKey = reject(12, "unknown-key", "no member holds the signing key")
	// ErrWrongRole reports a key of a member that does not sign entries of this kind.
	ErrWrongRole = reject(13, "wrong-role", "this key does not sign entries of this kind")
	// ErrBadSignature reports a signature that does not verify.
	ErrBadSignature = reject(14, "bad-signature", "signature does not verify")
	// ErrReplayed reports a sequence number that its key has used before.
	ErrReplayed = reject(15, "replayed", "sequence number was used before")
	// ErrSequenceGap reports a sequence number that skips one.
	ErrSequenceGap = reject(16, "sequence-gap", "sequence number skips one")
	// ErrDuplicate reports an entry that stands on the ledger already as the newest of its key; the
	// outcome that comes with it carries its index, so a sender who was cut off can go on.
	ErrDuplicate = reject(17, "duplicate", "this very entry stands on the ledger")
	// ErrSuspended reports an entry that a suspended member may not make.
	ErrSuspended = reject(18, "suspended", "the member is suspended")
	// ErrNoSeat reports a proposal or vote of a member without a seat on the board.
	ErrNoSeat = reject(19, "no-seat", "the member has no seat")
)

// Rejections of keys that stood once.
var (
	// ErrRevokedKey reports a signing key that was replaced or revoked, or whose member was expelled.
	ErrRevokedKey = reject(20, "revoked-key", "the signing key is no longer valid")
)

// Rejections of node infos and epochs.
var (
	// ErrNoChange reports an entry that would leave everything as it is.
	ErrNoChange = reject(30, "no-change", "the entry changes nothing")
	// ErrEpoch reports an epoch that is not the member's next one.
	ErrEpoch = reject(31, "wrong-epoch", "not the member's next epoch")
	// ErrKeyStands reports an OPRF key that stands on the ledger already, whoever committed it.
	ErrKeyStands = reject(32, "oprf-key-stands", "the OPRF key stands on the ledger already")
	// ErrPossession reports a proof of possession that does not hold.
	ErrPossession = reject(33, "bad-possession", "possession of the OPRF key is not proved")
)

// Rejections of clocks.
var (
	// ErrNotAVoter reports a clock of a member whose node is no voter.
	ErrNotAVoter = reject(34, "not-a-voter", "the member's node is no voter")
	// ErrClockBehind reports a clock that is further behind ledger time than counts.
	ErrClockBehind = reject(35, "clock-behind", "the clock is too far behind ledger time")
)

// Rejections of newcomers.
var (
	// ErrAckRoot reports an acknowledgement of another history than the one that admitted the member.
	ErrAckRoot = reject(36, "wrong-root", "the acknowledged root is not the ledger's")
	// ErrNotAcknowledged reports an entry of, or about, a member that has not acknowledged the ledger yet.
	ErrNotAcknowledged = reject(37, "not-acknowledged", "the member has not acknowledged the ledger yet")
)

// ErrAhead reports a voter that vouches for more entries than there are.
var ErrAhead = reject(38, "ahead", "it speaks of entries that are not there yet")

// Rejections of proposals and votes.
var (
	// ErrUnknownMember reports a name that is no member's.
	ErrUnknownMember = reject(40, "unknown-member", "no such member")
	// ErrMemberExists reports an applicant whose name is a member's.
	ErrMemberExists = reject(41, "member-exists", "a member has this name")
	// ErrKeyExists reports an applicant with a key that is on the ledger.
	ErrKeyExists = reject(42, "key-exists", "a member has this key")
	// ErrCard reports a member card whose fields or signatures do not hold.
	ErrCard = reject(43, "bad-card", "the member card is not valid")
	// ErrAlreadySuspended reports the suspension of a suspended member.
	ErrAlreadySuspended = reject(44, "already-suspended", "the member is suspended already")
	// ErrNotSuspended reports the reinstatement of a member that is not suspended.
	ErrNotSuspended = reject(45, "not-suspended", "the member is not suspended")
	// ErrPolicy reports a policy that is not valid.
	ErrPolicy = reject(46, "bad-policy", "the policy is not valid")
	// ErrPolicyVersion reports a policy that is not the next version of the one in force.
	ErrPolicyVersion = reject(47, "wrong-policy-version", "not the next version of the policy")
	// ErrFull reports an admission beyond the greatest number of members.
	ErrFull = reject(48, "consortium-full", "the consortium is full")
	// ErrUnknownProposal reports a vote on a proposal that does not exist.
	ErrUnknownProposal = reject(50, "unknown-proposal", "no such proposal")
	// ErrClosed reports a vote on a proposal that has been decided.
	ErrClosed = reject(51, "proposal-closed", "the proposal has been decided")
	// ErrVoted reports a second vote by one seat.
	ErrVoted = reject(52, "already-voted", "the seat has voted on this proposal")
	// ErrTooManyOpen reports a proposal of a member that has as many open as are allowed.
	ErrTooManyOpen = reject(53, "too-many-open", "the member has too many open proposals")
	// ErrNotProposer reports a withdrawal by another member than the one that proposed.
	ErrNotProposer = reject(54, "not-proposer", "only the proposer withdraws a proposal")
)

// Rejections of calls for an emergency suspension.
var (
	// ErrRest reports a call by a seat, or against a member, of an emergency suspension that the board
	// has not ratified in the last 30 days of ledger time.
	ErrRest = reject(55, "suspension-rests", "an emergency suspension was not ratified in the last 30 days")
	// ErrCallStands reports a seat whose call waits, or whose emergency suspension is in force.
	ErrCallStands = reject(56, "call-stands", "the seat has an emergency suspension under way")
	// ErrOwnMember reports a seat that names its own member: a friend's call and a lapse would buy it
	// 30 days in which nobody can.
	ErrOwnMember = reject(57, "own-member", "a seat does not call for its own member's suspension")
)

// Rejections of a genesis.
var (
	// ErrGenesis reports a genesis whose fields do not hold.
	ErrGenesis = reject(60, "bad-genesis", "the genesis is not valid")
	// ErrFounders reports too few founders, too few sectors, or founders who share a name or a key.
	ErrFounders = reject(61, "bad-founders", "the founders cannot found a consortium")
	// ErrGenesisSignature reports a founder's signature that is missing or does not verify.
	ErrGenesisSignature = reject(62, "genesis-signature", "a founder's signature is missing or does not verify")
)

// Rejections of changes of the board and of the voters, beside those above.
var (
	// ErrLastSeat reports a change that would leave fewer seats than a decision takes sectors.
	ErrLastSeat = reject(70, "last-seat", "the board would have too few seats left to decide anything")
	// ErrTooFewSectors reports a change after which the seats would be of fewer sectors than a decision
	// takes: the board could decide nothing any more, not even to undo it.
	ErrTooFewSectors = reject(71, "too-few-sectors", "the board would be of too few sectors to decide anything")
	// ErrTooFewVoters reports a change below the least number of voters.
	ErrTooFewVoters = reject(72, "too-few-voters", "there would be too few voters")
	// ErrTooManyVoters reports a voter beyond the greatest number.
	ErrTooManyVoters = reject(73, "too-many-voters", "there would be too many voters")
	// ErrSectorMajority reports a change after which one sector would hold a raft majority.
	ErrSectorMajority = reject(74, "sector-majority", "one sector would hold a majority of the voters")
	// ErrHandOverOpen reports a change of the voters while the one before has not been handed over.
	ErrHandOverOpen = reject(75, "hand-over-open", "the voters before have not handed over yet")
	// ErrUpgrade reports an upgrade to another version than the next one.
	ErrUpgrade = reject(76, "wrong-upgrade", "not the next version of entries")
	// ErrNoSuchKey reports a key that no member holds now.
	ErrNoSuchKey = reject(77, "no-such-key", "no member holds this key")
	// ErrNoHandOver reports a hand-over while none is due.
	ErrNoHandOver = reject(78, "no-hand-over", "no hand-over is open")
	// ErrCertificate reports a certificate that does not show what it has to.
	ErrCertificate = reject(79, "bad-certificate", "the certificate does not show that the entry is final")
)

// Rejections of rotations and revocations.
var (
	// ErrRotation reports a rotation that lacks a signature, or whose signature does not verify.
	ErrRotation = reject(80, "bad-rotation", "the rotation is not signed by the keys that it takes")
	// ErrRotationWaits reports a second rotation of one role while the first waits.
	ErrRotationWaits = reject(81, "rotation-waits", "a rotation waits already")
	// ErrRotationRests reports a voter that rotates a key that it votes with too often.
	ErrRotationRests = reject(82, "rotation-rests", "a voter rotates one such key a day")
	// ErrVoterKey reports a voter that revokes a key that it votes with.
	ErrVoterKey = reject(83, "voter-key", "a voter's node, log and cosigner keys are rotated, not revoked")
	// ErrTooManyKeys reports a member that has retired as many keys as the ledger remembers of one.
	ErrTooManyKeys = reject(84, "too-many-keys", "the member has retired as many keys as it may")
)

// Rejections of a recovery.
var (
	// ErrBase reports a recovery that goes on from another point than this one.
	ErrBase = reject(90, "wrong-base", "the recovery does not go on from here")
	// ErrRecoverySignature reports a signature under a recovery that does not verify, or is no seat's.
	ErrRecoverySignature = reject(91, "recovery-signature", "a signature under the recovery does not hold")
	// ErrRecoveryVotes reports a recovery that too few seats have signed, or of too few sectors.
	ErrRecoveryVotes = reject(92, "recovery-votes", "too few seats have signed the recovery")
)

// Rejections of anchors.
var (
	// ErrAnchorBack reports an anchor of an older manifest than the one that is anchored.
	ErrAnchorBack = reject(96, "anchor-back", "a newer manifest of this index is anchored")
	// ErrAnchorFork reports another manifest of the version that is anchored.
	ErrAnchorFork = reject(97, "anchor-fork", "another manifest of this version is anchored")
)

var rejections []*Rejection

func reject(code uint16, name, text string) *Rejection {
	r := &Rejection{Code: code, Name: name, text: text}
	rejections = append(rejections, r)
	return r
}

// Rejections lists every rejection in the order of its number.
func Rejections() []*Rejection { return append([]*Rejection(nil), rejections...) }

// RejectionOf returns the rejection inside err, or nil where err is something else.
func RejectionOf(err error) *Rejection {
	var r *Rejection
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// RejectionByCode returns the rejection with that number, or nil. A node that passes an entry on for
// another hands the number back.
func RejectionByCode(code uint16) *Rejection {
	for _, r := range rejections {
		if r.Code == code {
			return r
		}
	}
	return nil
}
