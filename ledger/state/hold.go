package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Hold is a legal hold: what a member asked on some days is not erased while it is in force.
type Hold struct {
	Member   string   `cbor:"1,keyasint"`
	First    uint64   `cbor:"2,keyasint"` // day
	Last     uint64   `cbor:"3,keyasint"` // day
	Calls    []string `cbor:"4,keyasint"` // members whose seats have called for it, in the order of their entries
	Since    uint64   `cbor:"5,keyasint"` // index from which it is in force, 0 before
	Releases []string `cbor:"6,keyasint"` // members whose seats have called for its release
	Until    uint64   `cbor:"7,keyasint"` // index that released it, 0 before
}

// InForce says whether the hold keeps a member from erasing.
func (h Hold) InForce() bool { return h.Since > 0 && h.Until == 0 }

// Holds lists all legal holds, released ones too, in the order in which they were called for.
func (s *State) Holds() []Hold {
	out := make([]Hold, 0, len(s.holds))
	for _, h := range s.holds {
		view := *h
		view.Calls, view.Releases = slices.Clone(h.Calls), slices.Clone(h.Releases)
		out = append(out, view)
	}
	return out
}

// Held says whether a member must not erase what it asked on a day: a legal hold is in force, or an audit
// that is open may yet draw it.
func (s *State) Held(name string, day uint64) bool {
	for _, h := range s.holds {
		if h.InForce() && h.Member == name && h.First <= day && day <= h.Last {
			return true
		}
	}
	for _, a := range s.audits {
		if a.Open() && a.Content.Querier == name && a.Content.First <= day && day <= a.Content.Last {
			return true
		}
	}
	return false
}

// CheckHold says whether a member's seat could call for a legal hold, or for its release, now.
func (s *State) CheckHold(name string, b entry.LegalHold) error {
	by := s.record(name)
	if by == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	_, err := s.checkHold(by, b)
	return err
}

// checkHold returns the hold that an entry speaks of, nil where it is the first to.
func (s *State) checkHold(by *memberRecord, b entry.LegalHold) (*Hold, error) {
	switch {
	case !by.Seat:
		return nil, fmt.Errorf("%w: %s calls for no hold", entry.ErrNoSeat, by.Name)
	case s.record(b.Member) == nil:
		return nil, fmt.Errorf("%w: %q", entry.ErrUnknownMember, b.Member)
	case by.Name == b.Member:
		return nil, fmt.Errorf("%w: %s", entry.ErrAuditParty, by.Name)
	}
	i := slices.IndexFunc(s.holds, func(h *Hold) bool {
		return h.Until == 0 && h.Member == b.Member && h.First == b.First && h.Last == b.Last
	})
	if i < 0 {
		if b.Release {
			return nil, fmt.Errorf("%w: on %s from %s to %s", entry.ErrUnknownHold, b.Member, entry.Day(b.First), entry.Day(b.Last))
		}
		return nil, nil
	}
	h := s.holds[i]
	called := h.Calls
	if b.Release {
		called = h.Releases
	}
	switch {
	case b.Release && !h.InForce():
		return nil, fmt.Errorf("%w: on %s from %s to %s", entry.ErrUnknownHold, b.Member, entry.Day(b.First), entry.Day(b.Last))
	case slices.Contains(called, by.Name), !b.Release && h.InForce():
		return nil, fmt.Errorf("%w: it stands", entry.ErrNoChange)
	}
	return h, nil
}

func (s *State) prepareLegalHold(by *memberRecord, b entry.LegalHold) (change, error) {
	h, err := s.checkHold(by, b)
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		if h == nil {
			h = &Hold{Member: b.Member, First: b.First, Last: b.Last}
			s.holds = append(s.holds, h)
		}
		called, kind := &h.Calls, HoldCalled
		if b.Release {
			called = &h.Releases
		}
		*called = append(*called, by.Name)
		if s.sectorsOf(*called) >= 2 {
			if b.Release {
				h.Until, kind = index, HoldReleased
			} else {
				h.Since, kind = index, HoldBegun
			}
		}
		return []Event{{Kind: kind, Index: index, Member: h.Member, Other: by.Name}}
	}, nil
}

// sectorsOf counts the sectors of members that have a seat now.
func (s *State) sectorsOf(names []string) int {
	sectors := map[member.Sector]bool{}
	for _, name := range names {
		if m := s.record(name); m != nil && m.Seat {
			sectors[m.Sector] = true
		}
	}
	return len(sectors)
}
