package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// Epochs, in seconds of ledger time.
const (
	// EpochOverlap is how long an epoch serves beside the next one: queries under way end, and those who
	// mirror fetch the next index, before its key goes.
	EpochOverlap = 3600
	// EpochGrace is how long an epoch that was called to end serves until its holder has opened the next.
	// A holder that does not is not asked any more: nobody can be served under it for ever.
	EpochGrace = 24 * 3600
)

// EpochCause says why an epoch was called to end.
type EpochCause string

// The causes. A graver one takes the place of a lighter one; they stand in that order.
const (
	CauseNone       EpochCause = ""
	CauseAge        EpochCause = "age"        // it is as old as the policy lets one grow
	CauseVote       EpochCause = "vote"       // the board decided so
	CauseSuspension EpochCause = "suspension" // a member that may have been answered under it was suspended or expelled
)

// Epoch is a member's commitment to the OPRF keys of one epoch, and how long they serve.
type Epoch struct {
	Commit entry.EpochCommit
	Index  uint64     // ledger index
	Opened uint64     // ledger time
	Called uint64     // ledger time at which it was called to end, 0 for never
	Cause  EpochCause // of that
	Until  uint64     // ledger time from which nobody is answered under it, 0 while no end is set
}

// prepareEpochCommit refuses a suspended member, whom nobody may ask, and every key that stands: two
// members under one key could sell each other's answers.
func (s *State) prepareEpochCommit(by *memberRecord, b entry.EpochCommit) (change, error) {
	if by.Status == Suspended {
		return nil, fmt.Errorf("%w: %s opens no epoch until it is reinstated", entry.ErrSuspended, by.Name)
	}
	if by.Status == Joining {
		return nil, fmt.Errorf("%w: %s opens no epoch before", entry.ErrNotAcknowledged, by.Name)
	}
	if b.Epoch != by.Epoch+1 {
		return nil, fmt.Errorf("%w: %d, the next of %s is %d", entry.ErrEpoch, b.Epoch, by.Name, by.Epoch+1)
	}
	seen := map[[32]byte]bool{}
	for _, k := range b.Keys {
		if s.oprf[k.Public] || seen[k.Public] {
			return nil, fmt.Errorf("%w: %s", entry.ErrKeyStands, k.Type)
		}
		seen[k.Public] = true
	}
	if err := b.VerifyPossession(s.id, by.Name); err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		for _, k := range b.Keys {
			s.oprf[k.Public] = true
		}
		if last := by.newest(); last != nil {
			last.endBy(s.time + EpochOverlap)
		}
		by.Epoch = b.Epoch
		by.epochs = append(by.epochs, Epoch{Commit: b, Index: index, Opened: s.time})
		return []Event{{Kind: EpochCommitted, Index: index, Member: by.Name, Epoch: b.Epoch}}
	}, nil
}

// newest is the epoch that was opened last, or nil.
func (m *memberRecord) newest() *Epoch {
	if len(m.epochs) == 0 {
		return nil
	}
	return &m.epochs[len(m.epochs)-1]
}

// endBy sets an end, or brings it forward.
func (e *Epoch) endBy(t uint64) {
	if e.Until == 0 || t < e.Until {
		e.Until = t
	}
}

// ServesAt says whether anybody is answered under the epoch at a ledger time.
func (e Epoch) ServesAt(t uint64) bool { return e.Until == 0 || t < e.Until }

// Closed says whether the epoch takes no new indicator into its index any more, though it still serves:
// what a suspended member was told under it must not come to match them.
func (e Epoch) Closed() bool { return e.Cause == CauseSuspension }

// OpenTo says whether a member may be answered under the epoch. One that was suspended since it was opened
// may not, whatever became of the suspension: for that member there is no overlap.
func (e Epoch) OpenTo(m Member) bool { return m.SuspendedAt < e.Index }

// callEpochs calls the epochs of m that serve to end. What was called for as grave a cause stays as it is.
func (s *State) callEpochs(m *memberRecord, cause EpochCause, index uint64) []Event {
	var events []Event
	for i := range m.epochs {
		e := &m.epochs[i]
		if !e.ServesAt(s.time) || gravity(e.Cause) >= gravity(cause) {
			continue
		}
		e.Called, e.Cause = s.time, cause
		e.endBy(s.time + EpochGrace)
		events = append(events, Event{Kind: EpochCalled, Index: index, Member: m.Name, Epoch: e.Commit.Epoch})
	}
	return events
}

func gravity(c EpochCause) int {
	return slices.Index([]EpochCause{CauseNone, CauseAge, CauseVote, CauseSuspension}, c)
}

// breach follows a suspension or expulsion of m, before its status changes: whatever others evaluated for
// it lies with it, and would match entries that they add from here on. The ledger does not show who asked
// whom, so all others' epochs end. One that could not ask anybody since its last suspension, or never,
// has nothing that was not dealt with then.
func (s *State) breach(m *memberRecord, index uint64) []Event {
	if m.Status != Active {
		return nil
	}
	m.SuspendedAt = index
	var events []Event
	for _, other := range s.members {
		if other != m {
			events = append(events, s.callEpochs(other, CauseSuspension, index)...)
		}
	}
	return events
}

// ageEpochs calls the newest epochs that are as old as the policy lets them grow, in ascending order of
// member.
func (s *State) ageEpochs(index uint64) []Event {
	if s.policy.EpochDays == 0 {
		return nil
	}
	var events []Event
	for _, m := range s.members {
		if e := m.newest(); e != nil && s.time >= e.Opened+s.policy.EpochDays*24*3600 {
			events = append(events, s.callEpochs(m, CauseAge, index)...)
		}
	}
	return events
}

// epochsTurn says what follows from a suspension or expulsion beside it.
const epochsTurn = "All other members' epochs end: what it was told under them matches nothing that is added from then on."

// checkEpochEnd: there is an epoch that the board has not called to end yet.
func (s *State) checkEpochEnd(p entry.EpochEnd) error {
	if p.Member != "" && s.record(p.Member) == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, p.Member)
	}
	if len(s.toEnd(p)) == 0 {
		return fmt.Errorf("%w: no epoch that it names goes on", entry.ErrNoChange)
	}
	return nil
}

// toEnd are the members whose newest epochs a decision would call to end, in ascending order of name.
func (s *State) toEnd(p entry.EpochEnd) []*memberRecord {
	var out []*memberRecord
	for _, m := range s.members {
		e := m.newest()
		named := p.Member == "" || p.Member == m.Name
		if named && e != nil && e.ServesAt(s.time) && gravity(e.Cause) < gravity(CauseVote) {
			out = append(out, m)
		}
	}
	return out
}

func (s *State) endEpochs(p entry.EpochEnd, index uint64) []Event {
	var events []Event
	for _, m := range s.toEnd(p) {
		events = append(events, s.callEpochs(m, CauseVote, index)...)
	}
	return events
}

func (s *State) describeEpochEnd(p entry.EpochEnd) []string {
	var lines []string
	for _, m := range s.toEnd(p) {
		lines = append(lines, fmt.Sprintf("Epoch %d of %s ends: its node builds the next index, opens the next epoch, and erases the old key an hour later.",
			m.Epoch, m.Name))
	}
	return append(lines,
		"Whoever does not open the next epoch within 24 hours of ledger time is not asked any more until it has.",
		"Members fetch the new indexes, and watches are evaluated anew, which is charged to their budgets.")
}

// Epoch returns the newest epoch of a member. Its slices are shared: do not write to them.
func (s *State) Epoch(name string) (Epoch, bool) {
	m := s.record(name)
	if m == nil || len(m.epochs) == 0 {
		return Epoch{}, false
	}
	return *m.newest(), true
}

// Epochs lists all epochs of a member, oldest first.
func (s *State) Epochs(name string) []Epoch {
	if m := s.record(name); m != nil {
		return slices.Clone(m.epochs)
	}
	return nil
}

// Serving lists the epochs of a member under which it may be asked now, newest first: at most two, as long
// as it does not open them faster than they end.
func (s *State) Serving(name string) []Epoch {
	var out []Epoch
	for _, e := range slices.Backward(s.Epochs(name)) {
		if e.ServesAt(s.time) {
			out = append(out, e)
		}
	}
	return out
}
