package state

// settle does what an entry has made possible for others. Votes that have been cast are counted again
// when seats or thresholds have changed, and what waited for a hand-over goes on when it is closed:
// oldest proposal first, and from the beginning again after each that changed as much itself. Every
// round but the last closes a proposal, so it ends. Rotations whose time has come go first.
func (s *State) settle(index uint64) []Event {
	var events []Event
	for s.stirred {
		s.stirred = false
		events = append(events, s.rotateDue(index)...)
		for _, p := range s.proposals {
			if p.State != Open {
				continue
			}
			events = append(events, s.decide(p, index)...)
			if s.stirred {
				break
			}
		}
	}
	return events
}
