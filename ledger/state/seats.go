package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// SeatAge, in seconds of ledger time, is how long a new seat does not count towards constitutional
// votes, and how long one that was taken away still does, as a seat that does not say yes. Two thirds
// of the board could otherwise pack it, or thin it out, and change the constitution the same day.
const SeatAge = 90 * 24 * 3600

// seated says whether the member's seat counts towards constitutional votes now.
func (s *State) seated(m *memberRecord) bool { return m.Seat && m.SeatFrom <= s.time }

// taken says whether the member has lost a seat that still counts towards constitutional votes.
func (s *State) taken(m *memberRecord) bool { return m.seatUntil > s.time }

// giveSeat: a seat that comes back while it still counts is the one that it was.
func (s *State) giveSeat(m *memberRecord) {
	if !s.taken(m) {
		m.SeatFrom = s.time + SeatAge
	}
	m.Seat, m.seatUntil, s.stirred = true, 0, true
}

func (s *State) takeSeat(m *memberRecord) {
	if s.seated(m) {
		m.seatUntil = s.time + SeatAge
	}
	m.Seat, s.stirred = false, true
}

func (s *State) checkSetSeat(p entry.SetSeat) error {
	m := s.record(p.Member)
	switch {
	case m == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, p.Member)
	case m.Seat && p.Seat:
		return fmt.Errorf("%w: %s has a seat", entry.ErrNoChange, p.Member)
	case !m.Seat && !p.Seat:
		return fmt.Errorf("%w: %s has no seat", entry.ErrNoChange, p.Member)
	case p.Seat:
		return nil
	}
	return s.checkBoardWithout(m)
}

// checkBoardWithout says whether the board can do without the seat of a member.
func (s *State) checkBoardWithout(m *memberRecord) error {
	return s.checkBoard(m, "", s.thresholds.Sectors)
}

// checkBoard says whether the board could still decide, its constitution too, if one member were of
// another sector (or had no seat, where that is empty) and decisions took yes from that many sectors.
func (s *State) checkBoard(changed *memberRecord, to member.Sector, sectors uint64) error {
	seats, from := 0, map[member.Sector]bool{}
	for _, m := range s.members {
		sector := m.Sector
		if m == changed {
			sector = to
		}
		if !m.Seat || sector == "" {
			continue
		}
		seats++
		if s.seated(m) {
			from[sector] = true
		}
	}
	switch {
	case to == "" && changed != nil && uint64(seats) < sectors:
		return fmt.Errorf("%w: %d would be left, decisions take yes from %d sectors", entry.ErrLastSeat, seats, sectors)
	case uint64(len(from)) < sectors:
		return fmt.Errorf("%w: seats of %d sectors, decisions take %d; a seat counts after 90 days", entry.ErrTooFewSectors, len(from), sectors)
	}
	return nil
}

func (s *State) checkSetSector(p entry.SetSector) error {
	m := s.record(p.Member)
	switch {
	case m == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, p.Member)
	case m.Sector == p.Sector:
		return fmt.Errorf("%w: %s is of the sector %s", entry.ErrNoChange, p.Member, p.Sector)
	}
	if m.Seat {
		if err := s.checkBoard(m, p.Sector, s.thresholds.Sectors); err != nil {
			return err
		}
	}
	if m.Voter {
		return s.checkVoterSectors(append(s.voterSectors(m), p.Sector))
	}
	return nil
}

func (s *State) checkSetThresholds(p entry.SetThresholds) error {
	if p.Thresholds == s.thresholds {
		return fmt.Errorf("%w: these thresholds are in force", entry.ErrNoChange)
	}
	return s.checkBoard(nil, "", p.Thresholds.Sectors)
}

// amend ends what was voted on under the constitution of before.
func (s *State) amend(index uint64) []Event {
	var events []Event
	for _, p := range s.proposals {
		if p.State == Open {
			p.State, p.Decided = Dropped, index
			events = append(events, Event{Kind: ProposalDropped, Index: index, Proposal: p.ID})
		}
	}
	return events
}
