package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// Ledger time, in seconds. It is what deadlines on the ledger run by, and it is a function of the
// entries alone.
const (
	// ClockStep is how far one ClockAttest may move ledger time: a common fault of the voters' clocks
	// then takes many entries, which people see, before it expires anything.
	ClockStep = 3600
	// ClockWindow is how far behind ledger time an attestation may be and still count.
	ClockWindow = 3600
	// ProposalLife is how long a proposal is open for.
	ProposalLife = 30 * 24 * 3600
)

// Quorum is how many of n voters bind: q = ⌊(n+b)/2⌋+1, where b = ⌊(n−1)/3⌋ of them may cheat.
func Quorum(n int) int {
	b := max(n-1, 0) / 3
	return (n+b)/2 + 1
}

// Time is ledger time in Unix seconds. It begins at the genesis and never falls.
func (s *State) Time() uint64 { return s.time }

// Attested is what a member's clock showed in its newest ClockAttest, 0 before the first.
func (s *State) Attested(name string) uint64 {
	if m := s.record(name); m != nil {
		return m.attested
	}
	return 0
}

// Clocks says how many voters' attestations are fresh, and how many it takes for time to go on.
func (s *State) Clocks() (fresh, needed int) {
	return len(s.freshClocks()), Quorum(len(s.Voters()))
}

// prepareClockAttest: a suspended voter's clock counts, or suspensions could stop the time that ends
// them. Others' would let admissions outweigh the voters.
func (s *State) prepareClockAttest(by *memberRecord, b entry.ClockAttest) (change, error) {
	switch {
	case !by.Voter:
		return nil, fmt.Errorf("%w: %s", entry.ErrNotAVoter, by.Name)
	case b.Time == by.attested:
		return nil, fmt.Errorf("%w: %s has said so", entry.ErrNoChange, by.Name)
	case b.Time+ClockWindow < s.time:
		return nil, fmt.Errorf("%w: %s, ledger time is %s", entry.ErrClockBehind, entry.Instant(b.Time), entry.Instant(s.time))
	}
	return func(index uint64) []Event {
		by.attested = b.Time
		if !s.step() {
			return nil
		}
		s.noteDay(index)
		moved := Event{Kind: TimeMoved, Index: index}
		return slices.Concat([]Event{moved}, s.lapse(index), s.rotateDue(index), s.expire(index), s.ageEpochs(index), s.settleAudits(index))
	}, nil
}

// freshClocks are the voters' newest attestations that count, in ascending order.
func (s *State) freshClocks() []uint64 {
	var fresh []uint64
	for _, m := range s.members {
		if m.Voter && m.attested > 0 && m.attested+ClockWindow >= s.time {
			fresh = append(fresh, m.attested)
		}
	}
	slices.Sort(fresh)
	return fresh
}

// step moves time to the lower median of the fresh attestations, at most ClockStep, never back. Among
// q fresh ones with at most b of cheats the lower median lies between two honest clocks.
func (s *State) step() bool {
	fresh := s.freshClocks()
	if len(fresh) < Quorum(len(s.Voters())) {
		return false
	}
	next := min(fresh[(len(fresh)-1)/2], s.time+ClockStep)
	if next <= s.time {
		return false
	}
	s.stirred = s.stirred || s.ripens(next)
	s.time = next
	return true
}

// ripens says whether a seat begins or ends to count towards constitutional votes on the way to next.
func (s *State) ripens(next uint64) bool {
	between := func(t uint64) bool { return s.time < t && t <= next }
	return slices.ContainsFunc(slices.Concat(s.members, s.former), func(m *memberRecord) bool {
		return between(m.SeatFrom) || between(m.seatUntil)
	})
}

// expire closes the open proposals whose time is over, in the order in which they were opened.
func (s *State) expire(index uint64) []Event {
	var events []Event
	for _, p := range s.proposals {
		if p.State == Open && p.Deadline <= s.time {
			p.State, p.Decided = Expired, index
			events = append(events, Event{Kind: ProposalExpired, Index: index, Proposal: p.ID})
		}
	}
	return events
}
