package finality

import "errors"

// What a peer's bytes, or a caller's call, can be refused for. None of them changes the machine.
var (
	// ErrVersion reports a message of a version that this code does not know.
	ErrVersion = errors.New("finality message of an unknown version")
	// ErrShape reports fields that do not go together, or a number out of its range.
	ErrShape = errors.New("finality message is not well-formed")
	// ErrLedger reports a statement about another ledger or another incarnation of it.
	ErrLedger = errors.New("statement is about another ledger")
	// ErrVoter reports a signer that is no voter of the height.
	ErrVoter = errors.New("signer is not a voter of this height")
	// ErrSignature reports a signature that does not verify.
	ErrSignature = errors.New("vote is not signed by its signer")
	// ErrQuorum reports a certificate with too few or too many signers, out of order, or one twice.
	ErrQuorum = errors.New("certificate does not hold exactly a quorum")
	// ErrAhead reports a statement about a height whose turn has not come here, or whose voters are not
	// known here yet. Whoever sent it will show the final certificate that leads there.
	ErrAhead = errors.New("height is ahead of this node")
	// ErrBehind reports a statement about a height that is final here. The answer is the certificate.
	ErrBehind = errors.New("height is final already")
	// ErrEvidence reports a pair of statements that proves nothing.
	ErrEvidence = errors.New("evidence proves nothing")
	// ErrVoters reports a list that is no voter set.
	ErrVoters = errors.New("voter set is not valid")
	// ErrState reports persisted state that is damaged or belongs to another ledger or key. It is fatal:
	// a voter that has forgotten what it signed must not vote.
	ErrState = errors.New("finality state is not usable")
	// ErrPropose reports a proposal that this node may not make now.
	ErrPropose = errors.New("cannot propose")
	// ErrCosignature reports a cosignature, well signed, of what is not final at its height. The message is
	// proof against the cosigner beside the final certificate.
	ErrCosignature = errors.New("cosignature is of what is not final")
	// ErrFork reports a quorum of locks against what is final here. It is fatal: more than b voters
	// cheat, and the two certificates in [Ready.Fork] prove it.
	ErrFork = errors.New("two conflicting histories are final")
)
