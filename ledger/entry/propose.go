package entry

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Propose opens a proposal, which is named by the hash of the entry. Signed by the seat key. It is no
// vote: the proposer votes like every other seat.
type Propose struct {
	Proposal ProposalKind `cbor:"1,keyasint"`
	Content  []byte       `cbor:"2,keyasint"` // deterministic CBOR of the kind's proposal
	Reason   string       `cbor:"3,keyasint"` // for the board, at most 512 bytes of printable UTF-8
}

// Kind is KindPropose.
func (Propose) Kind() Kind { return KindPropose }

func (b Propose) check() error {
	if err := checkText(b.Reason, MaxReason); err != nil {
		return err
	}
	_, err := b.Decode()
	return err
}

// Decode returns what is proposed, one of the types whose names are [ProposalKind]s. Its shape has been
// checked; signatures of an admission's card have not.
func (b Propose) Decode() (Proposal, error) {
	switch b.Proposal {
	case ProposeAdmit:
		return readProposal[Admit](b.Content)
	case ProposeSuspend:
		return readProposal[Suspend](b.Content)
	case ProposeReinstate:
		return readProposal[Reinstate](b.Content)
	case ProposePolicy:
		return readProposal[SetPolicy](b.Content)
	case ProposeExpel:
		return readProposal[Expel](b.Content)
	case ProposeSeat:
		return readProposal[SetSeat](b.Content)
	case ProposeVoter:
		return readProposal[SetVoter](b.Content)
	case ProposeSector:
		return readProposal[SetSector](b.Content)
	case ProposeThresholds:
		return readProposal[SetThresholds](b.Content)
	case ProposeRevoke:
		return readProposal[RevokeKey](b.Content)
	case ProposeUpgrade:
		return readProposal[SetUpgrade](b.Content)
	case ProposeAudit:
		return readProposal[OpenAudit](b.Content)
	case ProposeEpochEnd:
		return readProposal[EpochEnd](b.Content)
	}
	if b.Proposal.Known() {
		return nil, fmt.Errorf("%w: proposal to %s", ErrKindNotServed, b.Proposal)
	}
	return nil, fmt.Errorf("%w: proposal kind %d", ErrKind, uint64(b.Proposal))
}

// Proposal is what a Propose would do, one type for each [ProposalKind].
type Proposal interface {
	// ProposalKind is the kind under which the proposal travels.
	ProposalKind() ProposalKind
	// Subject is whom or what the proposal is about, for a list.
	Subject() string
	// check refuses what no state of the ledger could make valid.
	check() error
}

// Admit makes an organisation a member. With Seat it also gets a seat on the board, which takes the
// grave threshold instead of the ordinary one.
type Admit struct {
	Card member.SignedCard `cbor:"1,keyasint"`
	Seat bool              `cbor:"2,keyasint"`
}

// ProposalKind is ProposeAdmit.
func (Admit) ProposalKind() ProposalKind { return ProposeAdmit }

// Subject is the applicant's name.
func (p Admit) Subject() string { return p.Card.Card.Name }

func (p Admit) check() error {
	if err := member.CheckName(p.Card.Card.Name); err != nil {
		return fmt.Errorf("%w: %w", ErrCard, err)
	}
	return nil
}

// Suspend stops a member from asking and from being asked.
type Suspend struct {
	Member string `cbor:"1,keyasint"`
}

// ProposalKind is ProposeSuspend.
func (Suspend) ProposalKind() ProposalKind { return ProposeSuspend }

// Subject is the member's name.
func (p Suspend) Subject() string { return p.Member }

func (p Suspend) check() error { return checkMemberName(p.Member) }

// Reinstate ends a suspension.
type Reinstate struct {
	Member string `cbor:"1,keyasint"`
}

// ProposalKind is ProposeReinstate.
func (Reinstate) ProposalKind() ProposalKind { return ProposeReinstate }

// Subject is the member's name.
func (p Reinstate) Subject() string { return p.Member }

func (p Reinstate) check() error { return checkMemberName(p.Member) }

// SetPolicy puts another policy in force, whole.
type SetPolicy struct {
	Policy policy.Policy `cbor:"1,keyasint"`
}

// ProposalKind is ProposePolicy.
func (SetPolicy) ProposalKind() ProposalKind { return ProposePolicy }

// Subject is the policy with its version.
func (p SetPolicy) Subject() string { return fmt.Sprintf("policy version %d", p.Policy.Version) }

func (p SetPolicy) check() error {
	if err := p.Policy.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	return nil
}

func checkMemberName(name string) error {
	if err := member.CheckName(name); err != nil {
		return fmt.Errorf("%w: %w", ErrField, err)
	}
	return nil
}

func readProposal[T Proposal](b []byte) (Proposal, error) {
	var v T
	if err := decode(b, &v); err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	return v, nil
}

func encodeProposal(p Proposal) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return wire.Encode(p)
}
