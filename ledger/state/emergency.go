package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
)

// Emergency suspension, in seconds of ledger time. It takes two seats of different sectors, restricts
// the member and nothing else, and ends by itself: it leaves seats, voters and their clocks as they
// were, so whoever suspends gains no vote and cannot stop the time that ends it.
const (
	// CallLife is how long one seat's call waits for another's.
	CallLife = 24 * 3600
	// EmergencyLife is how long an emergency suspension lasts unless the board ratifies it.
	EmergencyLife = 72 * 3600
	// EmergencyRest is how long, after one that the board did not ratify, neither its seats may call
	// nor its member be named.
	EmergencyRest = 30 * 24 * 3600
)

// call is a seat's call that waits for one of another sector.
type call struct {
	Member string `cbor:"1,keyasint"` // who is to be suspended, empty where no call waits
	At     uint64 `cbor:"2,keyasint"` // ledger time
}

// rest is ledger time until which a seat may not call, and a member may not be named. They are apart:
// a seat that called wrongly is not to gain safety from calls, nor one that was wronged to lose its own.
type rest struct {
	Calls uint64 `cbor:"1,keyasint"`
	Named uint64 `cbor:"2,keyasint"`
}

// Emergency is a suspension that has not been ratified. The zero value is none.
type Emergency struct {
	By    []string `cbor:"1,keyasint"` // the two seats' members, the earlier call first
	Until uint64   `cbor:"2,keyasint"` // ledger time at which it lapses
}

func (s *State) prepareEmergency(by *memberRecord, b entry.EmergencySuspend) (change, error) {
	if err := s.CheckEmergency(by.Name, b.Member); err != nil {
		return nil, err
	}
	target := s.record(b.Member)
	return func(index uint64) []Event {
		events := []Event{{Kind: SuspensionCalled, Index: index, Member: target.Name}}
		first := s.seconded(by, target.Name)
		if first == nil {
			by.call = call{Member: target.Name, At: s.time}
			return events
		}
		s.settleCalls(target.Name) // a third seat's too: it is free again
		called := s.breach(target, index)
		target.Status = Suspended
		target.emergency = Emergency{By: []string{first.Name, by.Name}, Until: s.time + EmergencyLife}
		events = append(events, Event{Kind: MemberSuspended, Index: index, Member: target.Name})
		return append(events, called...)
	}, nil
}

// CheckEmergency says whether a member's seat could call for the suspension of another now. A stolen
// seat key is good for one call, or for half of one emergency suspension, at a time.
func (s *State) CheckEmergency(caller, name string) error {
	by, target := s.record(caller), s.record(name)
	switch {
	case by == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, caller)
	case !by.Seat:
		return fmt.Errorf("%w: %s cannot call for a suspension", entry.ErrNoSeat, caller)
	case target == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	case by == target:
		return fmt.Errorf("%w: %s", entry.ErrOwnMember, name)
	case by.Status == Suspended:
		return fmt.Errorf("%w: %s calls for no suspension until it is reinstated", entry.ErrSuspended, caller)
	case target.Status == Suspended:
		return fmt.Errorf("%w: %s", entry.ErrAlreadySuspended, name)
	}
	switch {
	case by.rest.Calls > s.time:
		return fmt.Errorf("%w: %s calls for none until %s", entry.ErrRest, caller, entry.Instant(by.rest.Calls))
	case target.rest.Named > s.time:
		return fmt.Errorf("%w: none against %s until %s", entry.ErrRest, name, entry.Instant(target.rest.Named))
	}
	if s.calling(by) {
		return fmt.Errorf("%w: %s has named %s", entry.ErrCallStands, caller, by.call.Member)
	}
	for _, m := range s.members {
		for _, seat := range m.emergency.By {
			if seat == caller {
				return fmt.Errorf("%w: %s has suspended %s", entry.ErrCallStands, caller, m.Name)
			}
		}
	}
	return nil
}

// calling says whether a seat's call still waits for another's.
func (s *State) calling(m *memberRecord) bool {
	return m.call.Member != "" && s.time < m.call.At+CallLife && m.Seat && m.Status != Suspended
}

// settleCalls lets the calls go that a suspension by the board has made idle.
func (s *State) settleCalls(name string) {
	for _, m := range s.members {
		if m.call.Member == name {
			m.call = call{}
		}
	}
}

// seconded returns the seat of another sector that has named the member first, or nil. Calls wait in
// order of time, and those of one second in order of name.
func (s *State) seconded(by *memberRecord, name string) *memberRecord {
	var first *memberRecord
	for _, m := range s.members {
		waits := s.calling(m) && m.call.Member == name
		if waits && m.Sector != by.Sector && (first == nil || m.call.At < first.call.At) {
			first = m
		}
	}
	return first
}

// lapse ends the emergency suspensions whose time is over, in ascending order of name.
func (s *State) lapse(index uint64) []Event {
	var events []Event
	for _, m := range s.members {
		if len(m.emergency.By) > 0 && m.emergency.Until <= s.time {
			m.Status = m.standing()
			s.overturn(m)
			events = append(events, Event{Kind: SuspensionLapsed, Index: index, Member: m.Name})
		}
	}
	return events
}

// overturn lets an emergency suspension go that the board has not made its own, if there is one.
func (s *State) overturn(m *memberRecord) {
	if len(m.emergency.By) == 0 {
		return
	}
	m.rest.Named = s.time + EmergencyRest
	for _, name := range m.emergency.By {
		if seat := s.record(name); seat != nil {
			seat.rest.Calls = s.time + EmergencyRest
		}
	}
	m.emergency = Emergency{}
}

// Emergency returns the emergency suspension that a member is under, and whether it is under one.
func (s *State) Emergency(name string) (Emergency, bool) {
	m := s.record(name)
	if m == nil || len(m.emergency.By) == 0 {
		return Emergency{}, false
	}
	return Emergency{By: append([]string(nil), m.emergency.By...), Until: m.emergency.Until}, true
}

// Callers lists the members whose seats have named a member and wait for another, in ascending order.
func (s *State) Callers(name string) []string {
	var out []string
	for _, m := range s.members {
		if s.calling(m) && m.call.Member == name {
			out = append(out, m.Name)
		}
	}
	return out
}

// WouldSuspend says whether a call by that member would act now, and not wait for another.
func (s *State) WouldSuspend(caller, name string) bool {
	by := s.record(caller)
	return by != nil && s.CheckEmergency(caller, name) == nil && s.seconded(by, name) != nil
}
