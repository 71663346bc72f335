package state

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/wire"
)

// dayCommit is an AuditCommit that was accepted. Of its rows the state hash takes the hash.
type dayCommit struct {
	commit entry.AuditCommit
	index  uint64
	hash   [32]byte // SHA-256 of the body
	keep   []uint64 // days, by row: how long the member keeps what it asked of the row's member
}

type dayCommitImage struct {
	Day    uint64   `cbor:"1,keyasint"`
	Index  uint64   `cbor:"2,keyasint"`
	Commit [32]byte `cbor:"3,keyasint"` // SHA-256 of the body
	Keep   []uint64 `cbor:"4,keyasint"`
}

func (c dayCommit) image() dayCommitImage {
	return dayCommitImage{Day: c.commit.Day, Index: c.index, Commit: c.hash, Keep: c.keep}
}

func hashOfBody(b entry.AuditCommit) [32]byte {
	raw, err := wire.Encode(b)
	if err != nil {
		panic(err) // it was decoded from such bytes: our own bug
	}
	return sha256.Sum256(raw)
}

// prepareAuditCommit accepts each day once and in order: a log that could be amended would be, once it
// is known what is drawn. Suspended members commit too, for what was before.
func (s *State) prepareAuditCommit(by *memberRecord, b entry.AuditCommit) (change, error) {
	if err := s.checkAuditCommit(by, b); err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		c := dayCommit{commit: b, index: index, hash: hashOfBody(b)}
		for _, r := range b.Rows {
			c.keep = append(c.keep, s.retention(by, r.Member))
		}
		by.commits = append(by.commits, c)
		events := []Event{{Kind: LogsCommitted, Index: index, Member: by.Name, Day: b.Day}}
		for _, other := range s.everybody() {
			events = append(events, s.compareLogs(by, other, b.Day, index)...)
		}
		return events
	}, nil
}

func (s *State) checkAuditCommit(by *memberRecord, b entry.AuditCommit) error {
	due, ok := s.DueDay()
	if !ok || b.Day > due {
		return fmt.Errorf("%w: %s, ledger time is %s", entry.ErrDayOpen, entry.Day(b.Day), entry.Instant(s.time))
	}
	if last, ok := by.committed(); ok && b.Day <= last {
		return fmt.Errorf("%w: %s has committed to %s", entry.ErrNoChange, by.Name, entry.Day(last))
	}
	for _, r := range b.Rows {
		switch {
		case r.Member == by.Name:
			return fmt.Errorf("%w: %s lists itself", entry.ErrAuditParty, by.Name)
		case s.anyRecord(r.Member) == nil:
			return fmt.Errorf("%w: %q", entry.ErrUnknownMember, r.Member)
		}
	}
	return nil
}

// retention is how long a member keeps at least what it asks of another, in days; 0 where no rule names
// them.
func (s *State) retention(querier *memberRecord, holder string) uint64 {
	h := s.anyRecord(holder)
	days, _ := policy.Retention(s.policy, policy.Ask{
		From: querier.Name, FromSector: string(querier.Sector), To: h.Name, ToSector: string(h.Sector),
	})
	return days
}

// compareLogs names two members where one log of a day is not the other's. Which of them is at fault the
// ledger does not know: each has what the other signed.
func (s *State) compareLogs(a, b *memberRecord, day, index uint64) (events []Event) {
	for _, pair := range [][2]*memberRecord{{a, b}, {b, a}} {
		if asked, answered, ok := logsOf(pair[0], pair[1], day); ok && asked != answered {
			events = append(events, Event{Kind: LogsDiffer, Index: index, Member: pair[0].Name, Other: pair[1].Name, Day: day})
		}
	}
	return events
}

// logsOf returns a day of what one member says that it asked of another, and of what that one says that
// it answered; ok while both have committed to the day.
func logsOf(querier, holder *memberRecord, day uint64) (asked, answered entry.DayLog, ok bool) {
	q, ok := querier.row(day, holder.Name)
	h, ok2 := holder.row(day, querier.Name)
	return q.Asked, h.Answered, ok && ok2 && querier != holder
}

// row is what a member has committed to of a day and a counterpart; not ok for a day that is not due yet,
// or was missed. A day that was passed over was committed to as empty.
func (m *memberRecord) row(day uint64, name string) (entry.AuditRow, bool) {
	last, ok := m.committed()
	if !ok || day > last {
		return entry.AuditRow{}, false
	}
	if c, ok := m.commitOf(day); ok {
		return c.commit.Row(name), true
	}
	return entry.AuditRow{Member: name}, true
}

func (m *memberRecord) commitOf(day uint64) (dayCommit, bool) {
	i, ok := slices.BinarySearchFunc(m.commits, day, func(c dayCommit, day uint64) int {
		switch {
		case c.commit.Day < day:
			return -1
		case c.commit.Day > day:
			return 1
		}
		return 0
	})
	if !ok {
		return dayCommit{}, false
	}
	return m.commits[i], true
}

func (m *memberRecord) committed() (day uint64, ok bool) {
	if len(m.commits) == 0 {
		return 0, false
	}
	return m.commits[len(m.commits)-1].commit.Day, true
}

// everybody lists all members, former ones included, in a fixed order.
func (s *State) everybody() []*memberRecord { return slices.Concat(s.members, s.former) }

// anyRecord is record, of former members too.
func (s *State) anyRecord(name string) *memberRecord {
	if m := s.record(name); m != nil {
		return m
	}
	if i := slices.IndexFunc(s.former, func(m *memberRecord) bool { return m.Name == name }); i >= 0 {
		return s.former[i]
	}
	return nil
}

// Committed is the last day that a member has committed its logs of, and whether there is one.
func (s *State) Committed(name string) (day uint64, ok bool) {
	m := s.anyRecord(name)
	if m == nil {
		return 0, false
	}
	return m.committed()
}

// Difference is a day of which a querier's log and its holder's do not agree.
type Difference struct {
	Day             uint64
	Querier, Holder string
	Asked, Answered entry.DayLog // what the one, and the other, has committed to
}

// Differences lists the days from first to last of which two members' logs do not agree, in ascending
// order of day, querier and holder.
func (s *State) Differences(first, last uint64) []Difference {
	var out []Difference
	for _, m := range s.everybody() {
		for _, c := range m.commits {
			if c.commit.Day < first || c.commit.Day > last {
				continue
			}
			for _, r := range c.commit.Rows {
				other := s.anyRecord(r.Member)
				out = append(out, differences(m, other, c.commit.Day)...)
				out = append(out, differences(other, m, c.commit.Day)...)
			}
		}
	}
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Querier, b.Querier), cmp.Compare(a.Holder, b.Holder))
	})
	return slices.Compact(out)
}

func differences(q, h *memberRecord, day uint64) []Difference {
	asked, answered, ok := logsOf(q, h, day)
	if !ok || asked == answered {
		return nil
	}
	return []Difference{{Day: day, Querier: q.Name, Holder: h.Name, Asked: asked, Answered: answered}}
}

// Segments lists the days from first to last on which a querier asked a holder and both logs agree, in
// ascending order: what an audit draws from.
func (s *State) Segments(querier, holder string, first, last uint64) []draw.Segment {
	q, h := s.anyRecord(querier), s.anyRecord(holder)
	if q == nil || h == nil {
		return nil
	}
	var out []draw.Segment
	for _, c := range q.commits {
		day := c.commit.Day
		if day < first || day > last {
			continue
		}
		if asked, answered, ok := logsOf(q, h, day); ok && asked == answered && !asked.Empty() {
			out = append(out, draw.Segment{Day: day, Requests: asked.Requests, Elements: asked.Elements, Root: asked.Root})
		}
	}
	return out
}
