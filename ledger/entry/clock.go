package entry

import (
	"fmt"
	"time"
)

// MaxTime is the last second that an entry may speak of: the end of the year 9999.
const MaxTime = 253_402_300_799

// ClockAttest says what a voter's clock shows. Signed by the operator key. Ledger time is made of
// these, never of a clock that is read while an entry is applied.
type ClockAttest struct {
	Time uint64 `cbor:"1,keyasint"` // Unix seconds, 1 to MaxTime
}

// Kind is KindClockAttest.
func (ClockAttest) Kind() Kind { return KindClockAttest }

func (b ClockAttest) check() error {
	if b.Time == 0 || b.Time > MaxTime {
		return fmt.Errorf("%w: a clock at %d, 1 to %d", ErrField, b.Time, uint64(MaxTime))
	}
	return nil
}

// Instant writes Unix seconds as RFC 3339 in UTC. Seconds beyond MaxTime are written as MaxTime.
func Instant(seconds uint64) string {
	return time.Unix(int64(min(seconds, MaxTime)), 0).UTC().Format(time.RFC3339)
}

// NewClockAttest signs what the member's clock shows. The key is the operator key.
func NewClockAttest(s Signer, seq, seconds uint64) (Raw, error) {
	return s.sign(seq, ClockAttest{Time: seconds})
}
