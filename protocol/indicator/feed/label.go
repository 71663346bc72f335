package feed

import (
	"errors"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// label reads the label of a row and checks it whole.
func (r *Reader) label(typ indicator.Type, f fields) (indicator.Label, error) {
	var (
		l   indicator.Label
		err error
	)
	if l.Category, err = r.category(f); err != nil {
		return l, err
	}
	if l.Severity, err = severity(f.severity); err != nil {
		return l, err
	}
	if l.Confidence, err = confidence(f.confidence); err != nil {
		return l, err
	}
	if l.FirstSeen, err = date("first_seen", f.firstSeen); err != nil {
		return l, err
	}
	if l.Expires, err = date("expires", f.expires); err != nil {
		return l, err
	}
	l.Reference, l.Contact = text(f.reference), text(f.contact)
	if err := r.expiry(typ, &l); err != nil {
		return l, err
	}
	return l, l.Check()
}

// category refuses an absent category where the feed could have given one.
func (r *Reader) category(f fields) (indicator.Category, error) {
	if strings.TrimSpace(f.category) == "" {
		if f.noCategory || r.options.Query {
			return indicator.Unspecified, nil
		}
		return "", errors.New("no category")
	}
	return indicator.ParseCategory(f.category)
}

// expiry ends an address after its lifetime and refuses to import what has already ended.
func (r *Reader) expiry(typ indicator.Type, l *indicator.Label) error {
	if typ == indicator.IP {
		r.limitAddress(l)
	}
	if !r.options.Query && l.Expires != nil && l.Expires.Before(r.today) {
		return errors.New("expired before this import")
	}
	return nil
}

// limitAddress ends an address [indicator.IPLifetimeDays] after it was first seen. A first_seen in
// the future counts as today, lest it put the end off.
func (r *Reader) limitAddress(l *indicator.Label) {
	from := r.today
	if l.FirstSeen != nil {
		from = min(from, *l.FirstSeen)
		l.FirstSeen = &from
	}
	if end := from.AddDays(indicator.IPLifetimeDays); l.Expires == nil || end.Before(*l.Expires) {
		l.Expires = &end
	}
}

func severity(s string) (*int, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil, errors.New("severity is 1 to 5")
	}
	return &n, nil
}

func confidence(s string) (*indicator.Confidence, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return nil, nil
	}
	c, err := indicator.ParseConfidence(s)
	return &c, err
}

func date(field, s string) (*indicator.Date, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	d, err := indicator.ParseDate(strings.Clone(s))
	if err != nil {
		return nil, errors.New(field + ": " + err.Error())
	}
	return &d, nil
}

// text copies what a label keeps, so that it does not keep the whole line.
func text(s string) *string {
	s = strings.Clone(strings.TrimSpace(s))
	if s == "" {
		return nil
	}
	return &s
}

// reason drops the wrapping that says no more than that the label is refused.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), indicator.ErrLabel.Error()+": ")
}
