package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

func (s *State) prepareVote(by *memberRecord, b entry.Vote) (change, error) {
	if err := s.CheckVote(by.Name, b.Proposal); err != nil {
		return nil, err
	}
	p := s.byID[b.Proposal]
	return func(index uint64) []Event {
		p.Votes = append(p.Votes, Ballot{Member: by.Name, Sector: by.Sector, Yes: b.Yes, Index: index})
		events := []Event{{Kind: VoteCast, Index: index, Member: by.Name, Proposal: p.ID}}
		return append(events, s.decide(p, index)...)
	}, nil
}

// CheckVote says whether a member could vote on a proposal now.
func (s *State) CheckVote(name string, proposal entry.Hash) error {
	by := s.record(name)
	if by == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	if !by.Seat {
		return fmt.Errorf("%w: %s cannot vote", entry.ErrNoSeat, name)
	}
	p, err := s.openProposal(proposal)
	if err != nil {
		return err
	}
	if cast, ok := p.ballot(name); ok {
		return fmt.Errorf("%w: %s by %s", entry.ErrVoted, entry.YesNo(cast.Yes), name)
	}
	return nil
}

// decide closes a proposal as soon as the votes suffice or can no longer suffice. Acceptance executes
// at once; what has become impossible since the proposal was opened is Failed. Only a change of the
// voters waits, open, until the change before it has been handed over: if it failed instead, a voter
// could escape its expulsion by keeping hand-overs open.
func (s *State) decide(p *proposalRecord, index uint64) []Event {
	c := s.count(p)
	switch {
	case c.passes(c.yes, c.yesSectors):
		if s.handOver.Index != 0 && s.changesVoters(p.Content) {
			return nil
		}
		return s.accept(p, index)
	case !c.passes(c.yes+len(c.missing), c.openSectors):
		p.State, p.Decided = Rejected, index
		return []Event{{Kind: ProposalRejected, Index: index, Proposal: p.ID}}
	}
	return nil
}

func (s *State) accept(p *proposalRecord, index uint64) []Event {
	p.Decided = index
	if err := s.checkContent(p.Content); err != nil {
		p.State, p.Failure = Failed, failureName(err)
		return []Event{{Kind: ProposalFailed, Index: index, Proposal: p.ID}}
	}
	p.State = Accepted
	accepted := Event{Kind: ProposalAccepted, Index: index, Proposal: p.ID}
	effects := s.execute(p, index)
	effects[0].Proposal = p.ID
	return append([]Event{accepted}, effects...)
}

// failureName keeps the stable name alone: it goes into the state hash, the text must not.
func failureName(err error) string {
	if r := entry.RejectionOf(err); r != nil {
		return r.Name
	}
	panic("state: a check without a rejection: " + err.Error()) // our own bug
}

// count is the votes on a proposal over the seats of this moment. A ballot of a member that has lost
// its seat does not count. Constitutional votes are counted over the seats that are old enough, and
// over those that were taken away not long ago, which say nothing.
type count struct {
	need        entry.Fraction
	sectors     int // needed
	seats       int
	taken       int // of the seats: taken away and still counted
	young       int // seats beside these that do not count yet
	yes, no     int
	yesSectors  map[member.Sector]bool
	openSectors map[member.Sector]bool // of yes votes and of votes still missing
	missing     []string
}

func (s *State) count(p *proposalRecord) count {
	class := entry.ClassOf(p.Content)
	c := count{
		need: s.thresholds.Of(class), sectors: int(s.thresholds.Sectors),
		yesSectors: map[member.Sector]bool{}, openSectors: map[member.Sector]bool{},
	}
	for _, m := range s.members {
		switch {
		case class == entry.Constitutional && s.taken(m):
			c.seats, c.taken = c.seats+1, c.taken+1
		case class == entry.Constitutional && m.Seat && !s.seated(m):
			c.young++
		case m.Seat:
			c.add(m, p)
		}
	}
	for _, m := range s.former {
		if class == entry.Constitutional && s.taken(m) {
			c.seats, c.taken = c.seats+1, c.taken+1
		}
	}
	return c
}

func (c *count) add(m *memberRecord, p *proposalRecord) {
	c.seats++
	cast, voted := p.ballot(m.Name)
	switch {
	case !voted:
		c.missing = append(c.missing, m.Name)
		c.openSectors[m.Sector] = true
	case cast.Yes:
		c.yes++
		c.yesSectors[m.Sector], c.openSectors[m.Sector] = true, true
	default:
		c.no++
	}
}

func (c count) passes(yes int, from map[member.Sector]bool) bool {
	return c.need.Met(yes, c.seats) && len(from) >= c.sectors
}
