package feed

import (
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// fields are the columns of one record as text. Empty is absent.
type fields struct {
	typ, value                              string
	category, severity, reference           string
	firstSeen, expires, contact, confidence string
	noCategory                              bool // the format or its header has no category at all
}

// at returns the field of a column, or nil for an unknown one.
func (f *fields) at(column string) *string {
	switch column {
	case "type":
		return &f.typ
	case "value":
		return &f.value
	case "category":
		return &f.category
	case "severity":
		return &f.severity
	case "reference":
		return &f.reference
	case "first_seen":
		return &f.firstSeen
	case "expires":
		return &f.expires
	case "contact":
		return &f.contact
	case "confidence":
		return &f.confidence
	}
	return nil
}

// row canonicalises the value and reads the label.
func (r *Reader) row(f fields) Row {
	typ, err := indicator.ParseType(strings.ToLower(strings.TrimSpace(f.typ)))
	if err != nil {
		return Row{Refusal: "unknown indicator type"}
	}
	row := Row{Type: typ}
	if err := r.value(&row, f.value); err != nil {
		return Row{Type: typ, Refusal: err.Error()}
	}
	if row.Suppressed {
		return row
	}
	if row.Label, err = r.label(typ, f); err != nil {
		return Row{Type: typ, Refusal: reason(err)}
	}
	for i := range row.Derived {
		row.Derived[i].Label = row.Label
	}
	return row
}

// value fills what follows from the value: a raw one, or "digest:" and its digest.
func (r *Reader) value(row *Row, raw string) error {
	raw = strings.TrimSpace(raw)
	if strings.HasPrefix(raw, indicator.DigestPrefix) {
		d, err := indicator.ParseDigest(row.Type, raw)
		if err != nil {
			return err
		}
		row.Digest = d
		row.Reason, row.Suppressed = indicator.SuppressedDigest(row.Type, d)
		return nil
	}
	c, err := indicator.Canonicalise(row.Type, raw, indicator.Options{Region: r.options.Region})
	if err != nil {
		return err
	}
	row.Digest, row.Masked = c.Digest(), indicator.Mask(c)
	row.Reason, row.Suppressed = indicator.Suppressed(c)
	for _, d := range c.Derived() {
		row.Derived = append(row.Derived, Item{Type: d.Type(), Digest: d.Digest()})
	}
	return nil
}
