package indicator

import (
	"errors"
	"time"
)

// ErrDate reports a date that is not one.
var ErrDate = errors.New("not a date: write YYYY-MM-DD")

// Date is a civil date, "YYYY-MM-DD" (RFC 3339 full-date), which sorts as text. It has no zone: a
// label says the day, not the hour, and so gives away less.
type Date string

// ParseDate reads a full-date or an RFC 3339 timestamp, which is cut to the date as written.
func ParseDate(s string) (Date, error) {
	if len(s) == len(time.DateOnly) {
		_, err := time.Parse(time.DateOnly, s)
		return dateOr(s, err)
	}
	_, err := time.Parse(time.RFC3339, s)
	if err != nil || len(s) < len(time.DateOnly) {
		return "", ErrDate
	}
	return Date(s[:len(time.DateOnly)]), nil
}

func dateOr(s string, err error) (Date, error) {
	if err != nil {
		return "", ErrDate
	}
	return Date(s), nil
}

// DateOf returns the civil date of t in UTC.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }

// Check accepts exactly what [ParseDate] returns.
func (d Date) Check() error {
	if len(d) != len(time.DateOnly) {
		return ErrDate
	}
	_, err := time.Parse(time.DateOnly, string(d))
	_, err = dateOr(string(d), err)
	return err
}

// AddDays returns the date n days later. d must be valid; an invalid one is returned as it is.
func (d Date) AddDays(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}

// Before reports whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d < other }
