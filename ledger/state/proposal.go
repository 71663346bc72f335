package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// ProposalState is where a proposal stands.
type ProposalState string

// The states. Accepted means executed; Failed means that the votes sufficed but what was proposed had
// become impossible in the meantime. Withdrawn means that its proposer took it back, Expired
// that ledger time reached its deadline first, Dropped that the constitution changed under it.
const (
	Open      ProposalState = "open"
	Accepted  ProposalState = "accepted"
	Rejected  ProposalState = "rejected"
	Failed    ProposalState = "failed"
	Withdrawn ProposalState = "withdrawn"
	Expired   ProposalState = "expired"
	Dropped   ProposalState = "dropped"
)

// Ballot is one seat's vote.
type Ballot struct {
	Member string
	Sector member.Sector
	Yes    bool
	Index  uint64
}

// Proposal is a proposal and the votes on it.
type Proposal struct {
	ID       entry.Hash
	Kind     entry.ProposalKind
	Content  entry.Proposal
	Reason   string
	Proposer string
	State    ProposalState
	Index    uint64
	Deadline uint64   // ledger time at which it expires
	Votes    []Ballot // in the order in which they were cast
	Decided  uint64   // index of the entry that closed it, 0 while open
	Failure  string   // why it failed: the name of a rejection, empty otherwise
}

type proposalRecord struct {
	Proposal
	body entry.Propose
}

func (p *proposalRecord) view() Proposal {
	out := p.Proposal
	out.Votes = append([]Ballot(nil), p.Votes...)
	return out
}

func (p *proposalRecord) ballot(name string) (Ballot, bool) {
	for _, b := range p.Votes {
		if b.Member == name {
			return b, true
		}
	}
	return Ballot{}, false
}

// Proposals lists all proposals in the order in which they were opened.
func (s *State) Proposals() []Proposal {
	out := make([]Proposal, 0, len(s.proposals))
	for _, p := range s.proposals {
		out = append(out, p.view())
	}
	return out
}

// Proposal returns the proposal of that id.
func (s *State) Proposal(id entry.Hash) (Proposal, bool) {
	p, ok := s.byID[id]
	if !ok {
		return Proposal{}, false
	}
	return p.view(), true
}

func (s *State) preparePropose(by *memberRecord, b entry.Propose, id entry.Hash) (change, error) {
	content, err := s.checkPropose(by, b)
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		p := &proposalRecord{body: b, Proposal: Proposal{
			ID: id, Kind: b.Proposal, Content: content, Reason: b.Reason,
			Proposer: by.Name, State: Open, Index: index, Deadline: s.time + ProposalLife,
		}}
		s.proposals = append(s.proposals, p)
		s.byID[id] = p
		return []Event{{Kind: ProposalOpened, Index: index, Member: by.Name, Proposal: id}}
	}, nil
}

// CheckPropose says whether a member's proposal would be accepted now, before anybody signs it.
func (s *State) CheckPropose(proposer string, b entry.Propose) error {
	by := s.record(proposer)
	if by == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, proposer)
	}
	_, err := s.checkPropose(by, b)
	return err
}

func (s *State) checkPropose(by *memberRecord, b entry.Propose) (entry.Proposal, error) {
	if !by.Seat {
		return nil, fmt.Errorf("%w: %s cannot propose", entry.ErrNoSeat, by.Name)
	}
	content, err := b.Decode()
	if err != nil {
		return nil, err
	}
	if err := s.checkContent(content); err != nil {
		return nil, err
	}
	if n := s.openOf(by.Name); n >= MaxOpen {
		return nil, fmt.Errorf("%w: %s has %d", entry.ErrTooManyOpen, by.Name, n)
	}
	return content, nil
}

func (s *State) prepareWithdraw(by *memberRecord, b entry.WithdrawProposal) (change, error) {
	if err := s.CheckWithdraw(by.Name, b.Proposal); err != nil {
		return nil, err
	}
	p := s.byID[b.Proposal]
	return func(index uint64) []Event {
		p.State, p.Decided = Withdrawn, index
		return []Event{{Kind: ProposalWithdrawn, Index: index, Member: by.Name, Proposal: p.ID}}
	}, nil
}

// CheckWithdraw says whether a member could withdraw a proposal now. Whoever proposed may, with or
// without a seat: a proposal that its proposer no longer wants should not wait for the board.
func (s *State) CheckWithdraw(name string, proposal entry.Hash) error {
	if s.record(name) == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	p, err := s.openProposal(proposal)
	if err != nil {
		return err
	}
	if p.Proposer != name {
		return fmt.Errorf("%w: it is %s's", entry.ErrNotProposer, p.Proposer)
	}
	return nil
}

func (s *State) openProposal(id entry.Hash) (*proposalRecord, error) {
	p, ok := s.byID[id]
	if !ok {
		return nil, entry.ErrUnknownProposal
	}
	if p.State != Open {
		return nil, fmt.Errorf("%w: it was %s at index %d", entry.ErrClosed, p.State, p.Decided)
	}
	return p, nil
}

func (s *State) openOf(name string) int {
	n := 0
	for _, p := range s.proposals {
		if p.State == Open && p.Proposer == name {
			n++
		}
	}
	return n
}
