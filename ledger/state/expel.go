package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

func (s *State) checkExpel(name string) error {
	m := s.record(name)
	if m == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	if m.Seat {
		if err := s.checkBoardWithout(m); err != nil {
			return err
		}
	}
	if m.Voter {
		return s.checkVotersWithout(m)
	}
	return nil
}

// expel ends a membership: no key of it signs anything from here on. Its name stays taken, so that a
// rule or a vote that names it never comes to mean somebody else; its ballots stay on record and count
// no more; its open proposals stay, since others have voted on them.
func (s *State) expel(m *memberRecord, index uint64) []Event {
	called := s.breach(m, index)
	events := append([]Event{{Kind: MemberExpelled, Index: index, Member: m.Name}}, called...)
	leave := func() {
		if m.Seat {
			s.takeSeat(m)
		}
		for _, role := range member.Roles() {
			s.dropRotation(m, role, index)
			s.retire(m, role, index)
		}
		s.settleCalls(m.Name)
		at, _ := s.search(m.Name)
		s.members = slices.Delete(s.members, at, at+1)
		s.former = append(s.former, m)
	}
	if !m.Voter {
		leave()
		return events
	}
	changed := s.changeVoters(index, m.Name, leave)
	m.Voter = false
	return append(events, changed)
}

// Former lists the members that were expelled, in the order in which they were. They have no keys.
func (s *State) Former() []Member {
	out := make([]Member, 0, len(s.former))
	for _, m := range s.former {
		out = append(out, m.view())
	}
	return out
}
