package state

import (
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// AfterVote says how a proposal would stand right after a member's vote, and changes nothing: its state, its votes
// with that one, and what would still be missing. Errors are those of [State.CheckVote].
func (s *State) AfterVote(name string, proposal entry.Hash, yes bool) (Proposal, Tally, error) {
	if err := s.CheckVote(name, proposal); err != nil {
		return Proposal{}, Tally{}, err
	}
	p := *s.byID[proposal]
	p.Votes = append(slices.Clone(p.Votes), Ballot{Member: name, Sector: s.record(name).Sector, Yes: yes})
	c := s.count(&p)
	switch {
	case c.passes(c.yes, c.yesSectors):
		if s.handOver.Index != 0 && s.changesVoters(p.Content) {
			break // it waits: see decide
		}
		p.State = Accepted
		if err := s.checkContent(p.Content); err != nil {
			p.State, p.Failure = Failed, failureName(err)
		}
	case !c.passes(c.yes+len(c.missing), c.openSectors):
		p.State = Rejected
	}
	return p.view(), s.tally(&p), nil
}
