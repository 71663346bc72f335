package indicator

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of a label, in bytes. An encoded label fits the fixed plain size of the encoded index (240
// bytes with its two-byte length), so that no label's length shows.
const (
	MaxLabel     = 238
	MaxReference = 64
	MaxContact   = 80
)

// ErrLabel is what every error about a label wraps.
var ErrLabel = errors.New("label is not valid")

// Confidence says on what an indicator rests.
type Confidence string

// The degrees of confidence.
const (
	Confirmed     Confidence = "confirmed"
	Investigation Confidence = "investigation"
	Automated     Confidence = "automated"
)

// ParseConfidence returns the confidence written exactly as s. The error wraps [ErrLabel].
func ParseConfidence(s string) (Confidence, error) {
	switch c := Confidence(s); c {
	case Confirmed, Investigation, Automated:
		return c, nil
	}
	return "", fmt.Errorf("%w: confidence is confirmed, investigation or automated", ErrLabel)
}

// Label is what a holder attaches to an indicator and a querier sees of it on a match. Everything
// but the category may be absent. It never holds data of a victim.
type Label struct {
	Category   Category    `cbor:"1,keyasint"`
	Severity   *int        `cbor:"2,keyasint,omitempty"` // 1 (least) to 5
	FirstSeen  *Date       `cbor:"3,keyasint,omitempty"`
	Expires    *Date       `cbor:"4,keyasint,omitempty"` // last day on which it counts
	Reference  *string     `cbor:"5,keyasint,omitempty"` // opaque to others, quoted back in a request
	Contact    *string     `cbor:"6,keyasint,omitempty"` // role mailbox or peer route
	Confidence *Confidence `cbor:"7,keyasint,omitempty"`
}

// Check refuses a label outside its limits. The error wraps [ErrLabel], names the field and never
// quotes its content.
func (l Label) Check() error {
	if _, ok := MappingOf(l.Category); !ok {
		return fmt.Errorf("%w: %w", ErrLabel, ErrCategory)
	}
	if l.Severity != nil && (*l.Severity < 1 || *l.Severity > 5) {
		return fmt.Errorf("%w: severity is 1 to 5", ErrLabel)
	}
	if l.Confidence != nil {
		if _, err := ParseConfidence(string(*l.Confidence)); err != nil {
			return err
		}
	}
	if err := l.checkDates(); err != nil {
		return err
	}
	if err := checkText("reference", l.Reference, MaxReference); err != nil {
		return err
	}
	return checkText("contact", l.Contact, MaxContact)
}

// checkDates refuses dates that are none, and an expiry before the indicator was seen.
func (l Label) checkDates() error {
	if l.FirstSeen != nil && l.FirstSeen.Check() != nil {
		return fmt.Errorf("%w: first_seen: %w", ErrLabel, ErrDate)
	}
	if l.Expires != nil && l.Expires.Check() != nil {
		return fmt.Errorf("%w: expires: %w", ErrLabel, ErrDate)
	}
	if l.FirstSeen != nil && l.Expires != nil && l.Expires.Before(*l.FirstSeen) {
		return fmt.Errorf("%w: expires before first_seen", ErrLabel)
	}
	return nil
}

// checkText bounds a text that other members' terminals will show.
func checkText(field string, s *string, limit int) error {
	switch {
	case s == nil:
		return nil
	case *s == "" || len(*s) > limit:
		return fmt.Errorf("%w: %s is 1 to %d bytes", ErrLabel, field, limit)
	case !utf8.ValidString(*s):
		return fmt.Errorf("%w: %s is not UTF-8", ErrLabel, field)
	}
	for _, r := range *s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: %s holds a control or invisible character", ErrLabel, field)
		}
	}
	return nil
}

// Encode returns the deterministic CBOR of a label that passes [Label.Check], at most [MaxLabel]
// bytes.
func (l Label) Encode() ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	b, err := wire.Encode(l)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxLabel {
		return nil, fmt.Errorf("%w: %d bytes encoded, of at most %d", ErrLabel, len(b), MaxLabel)
	}
	return b, nil
}

// DecodeLabel reads what [Label.Encode] returns and nothing else. Errors wrap [ErrLabel].
func DecodeLabel(b []byte) (Label, error) {
	var l Label
	if err := wire.Decode(b, &l, MaxLabel); err != nil {
		return Label{}, fmt.Errorf("%w: %w", ErrLabel, err)
	}
	return l, l.Check()
}
