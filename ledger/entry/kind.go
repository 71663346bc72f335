package entry

import "fmt"

// Kind says what an entry is. The numbers are part of the ledger's format and never change.
type Kind uint64

// The kinds of crosslight/ledger/v1. This version of the ledger serves NodeInfo, EpochCommit, Propose,
// Vote, WithdrawProposal, ClockAttest and Suspend, and Genesis as leaf 0; the others have their number and are refused by name.
const (
	KindGenesis          Kind = 1
	KindPropose          Kind = 2
	KindVote             Kind = 3
	KindWithdrawProposal Kind = 4
	KindAck              Kind = 5
	KindRotate           Kind = 6
	KindRevoke           Kind = 7
	KindSuspend          Kind = 8
	KindHandOver         Kind = 9
	KindClockAttest      Kind = 10
	KindEpochCommit      Kind = 11
	KindAuditCommit      Kind = 12
	KindNodeInfo         Kind = 13
	KindSeal             Kind = 14
	KindStateAnchor      Kind = 15
	KindUpgrade          Kind = 16
	KindRecovery         Kind = 17
	KindManifestAnchor   Kind = 18
	KindAuditOpen        Kind = 19 // an audit is opened by a proposal
	KindAuditNonce       Kind = 20
	KindAuditReveal      Kind = 21
	KindAuditVerdict     Kind = 22
	KindLegalHold        Kind = 23
	KindAffiliate        Kind = 25
)

var kindNames = [...]string{
	KindGenesis: "genesis", KindPropose: "propose", KindVote: "vote",
	KindWithdrawProposal: "withdraw-proposal", KindAck: "ack", KindRotate: "rotate",
	KindRevoke: "revoke", KindSuspend: "suspend", KindHandOver: "hand-over",
	KindClockAttest: "clock-attest", KindEpochCommit: "epoch-commit", KindAuditCommit: "audit-commit",
	KindNodeInfo: "node-info", KindSeal: "seal", KindStateAnchor: "state-anchor",
	KindUpgrade: "upgrade", KindRecovery: "recovery",
	KindManifestAnchor: "manifest-anchor",
	KindAuditOpen:      "audit-open", KindAuditNonce: "audit-nonce", KindAuditReveal: "audit-reveal",
	KindAuditVerdict: "audit-verdict", KindLegalHold: "legal-hold",
	KindAffiliate: "affiliate",
}

// Known reports whether the kind has a number in the specification.
func (k Kind) Known() bool { return k < Kind(len(kindNames)) && kindNames[k] != "" }

func (k Kind) String() string {
	if !k.Known() {
		return fmt.Sprintf("kind %d", uint64(k))
	}
	return kindNames[k]
}

// ProposalKind says what a proposal would do. The numbers are part of the ledger's format.
type ProposalKind uint64

// The proposal kinds of crosslight/ledger/v1. Constitution has its number and is refused by name: what
// a constitution says, Thresholds and Sector change.
const (
	ProposeAdmit        ProposalKind = 1
	ProposeSuspend      ProposalKind = 2
	ProposeReinstate    ProposalKind = 3
	ProposePolicy       ProposalKind = 4
	ProposeExpel        ProposalKind = 5
	ProposeSeat         ProposalKind = 6
	ProposeVoter        ProposalKind = 7
	ProposeSector       ProposalKind = 8
	ProposeThresholds   ProposalKind = 9
	ProposeConstitution ProposalKind = 10
	ProposeRevoke       ProposalKind = 11
	ProposeUpgrade      ProposalKind = 12
	ProposeEpochEnd     ProposalKind = 13
	ProposeAudit        ProposalKind = 14
)

var proposalNames = [...]string{
	ProposeAdmit: "admit", ProposeSuspend: "suspend", ProposeReinstate: "reinstate",
	ProposePolicy: "policy", ProposeExpel: "expel", ProposeSeat: "seat", ProposeVoter: "voter",
	ProposeSector: "sector", ProposeThresholds: "thresholds", ProposeConstitution: "constitution",
	ProposeRevoke: "revoke", ProposeUpgrade: "upgrade", ProposeEpochEnd: "epoch-end", ProposeAudit: "audit",
}

// Known reports whether the kind has a number in the specification.
func (k ProposalKind) Known() bool {
	return k < ProposalKind(len(proposalNames)) && proposalNames[k] != ""
}

func (k ProposalKind) String() string {
	if !k.Known() {
		return fmt.Sprintf("proposal kind %d", uint64(k))
	}
	return proposalNames[k]
}
