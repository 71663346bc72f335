package state

import (
	"github.com/crosslight/crosslight/ledger/entry"
)

// execute does what checkContent has found possible.
func (s *State) execute(proposal *proposalRecord, index uint64) []Event {
	switch p := proposal.Content.(type) {
	case entry.Admit:
		return s.admit(p, index)
	case entry.Suspend:
		return s.suspend(s.record(p.Member), index)
	case entry.Reinstate:
		m := s.record(p.Member)
		m.Status = m.standing()
		s.overturn(m)
		return []Event{{Kind: MemberReinstated, Index: index, Member: p.Member}}
	case entry.SetPolicy:
		s.policy = p.Policy
		return append([]Event{{Kind: PolicyChanged, Index: index}}, s.ageEpochs(index)...)
	case entry.EpochEnd:
		return s.endEpochs(p, index)
	case entry.Expel:
		return s.expel(s.record(p.Member), index)
	case entry.SetVoter:
		m := s.record(p.Member)
		return []Event{s.changeVoters(index, m.Name, func() { m.Voter = p.Voter })}
	case entry.RevokeKey:
		return s.revoke(p.Key, index)
	case entry.OpenAudit:
		return s.openAudit(p, proposal.ID, index)
	}
	return s.amendBoard(proposal.Content, index)
}

// amendBoard does what changes how decisions are made.
func (s *State) amendBoard(p entry.Proposal, index uint64) []Event {
	switch p := p.(type) {
	case entry.SetSeat:
		m := s.record(p.Member)
		if p.Seat {
			s.giveSeat(m)
			return []Event{{Kind: SeatGiven, Index: index, Member: m.Name}}
		}
		s.takeSeat(m)
		return []Event{{Kind: SeatTaken, Index: index, Member: m.Name}}
	case entry.SetSector:
		s.record(p.Member).Sector = p.Sector
		return append([]Event{{Kind: SectorChanged, Index: index, Member: p.Member}}, s.amend(index)...)
	case entry.SetThresholds:
		s.thresholds = p.Thresholds
		return append([]Event{{Kind: ThresholdsChanged, Index: index}}, s.amend(index)...)
	case entry.SetUpgrade:
		s.version = p.Version
		return []Event{{Kind: UpgradeAccepted, Index: index}}
	}
	panic("state: a proposal that checkContent lets through has no effect") // our own bug
}

func (s *State) admit(p entry.Admit, index uint64) []Event {
	m := newRecord(p.Card.Card, index)
	if p.Seat {
		s.giveSeat(m)
	}
	s.insert(m)
	s.newcomers = append(s.newcomers, m)
	return []Event{{Kind: MemberAdmitted, Index: index, Member: m.Name}}
}

// suspend is the board's: it stands until the board ends it, and frees the seats that called for it.
func (s *State) suspend(m *memberRecord, index uint64) []Event {
	called := s.breach(m, index)
	kind := MemberSuspended
	if len(m.emergency.By) > 0 {
		kind = SuspensionRatified
	}
	m.Status, m.emergency = Suspended, Emergency{}
	s.settleCalls(m.Name)
	return append([]Event{{Kind: kind, Index: index, Member: m.Name}}, called...)
}
