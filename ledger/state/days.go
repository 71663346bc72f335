package state

import (
	"cmp"
	"slices"
)

// daySeconds is a day of ledger time.
const daySeconds = 86_400

// dayStart says with how many leaves a day of ledger time began.
type dayStart struct {
	Day  uint64 `cbor:"1,keyasint"` // since 1970-01-01
	Size uint64 `cbor:"2,keyasint"` // leaves, the entry included that moved time into the day
}

// Today is the day of ledger time, since 1970-01-01.
func (s *State) Today() uint64 { return s.time / daySeconds }

// DayAt is the day that a question belongs to which acts on the ledger at that size: that of ledger time
// after as many leaves. It follows from the signed header and the ledger alone, so that querier and
// holder cannot come to two days. Sizes beyond the ledger's are of today.
func (s *State) DayAt(size uint64) uint64 {
	i, found := slices.BinarySearchFunc(s.days, size, func(d dayStart, size uint64) int { return cmp.Compare(d.Size, size) })
	if found {
		i++
	}
	if i == 0 {
		return s.createdAt / daySeconds
	}
	return s.days[i-1].Day
}

// noteDay is for the entry that has moved time.
func (s *State) noteDay(index uint64) {
	if day := s.Today(); day != s.DayAt(index) {
		s.days = append(s.days, dayStart{Day: day, Size: index + 1})
	}
}

// When a day is over, in seconds of ledger time after its end. The two differ so that what a holder lets
// in at the last moment is in its log before it commits to that.
const (
	// DayLate is until when a holder answers questions of the day.
	DayLate = 3600
	// DayDue is from when the day's logs are committed to.
	DayDue = 7200
)

// DayClosed says whether holders answer no question any more that acts on the ledger at that size.
func (s *State) DayClosed(size uint64) bool { return (s.DayAt(size)+1)*daySeconds+DayLate <= s.time }

// DueDay is the newest day whose logs may be committed to, and whether there is one.
func (s *State) DueDay() (day uint64, ok bool) {
	if s.time < daySeconds+DayDue {
		return 0, false
	}
	return (s.time-DayDue)/daySeconds - 1, true
}
