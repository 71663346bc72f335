package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csvRecords reads Crosslight CSV: RFC 4180 under a header. encoding/csv is not used because one
// stray quote makes it swallow the lines up to the next, and a line must never spoil another.
type csvRecords struct {
	in          *lines
	columns     []string
	hasCategory bool
	values      []string // reused
}

// knownColumns are the columns that a header may name.
var knownColumns = []string{
	"type", "value", "category", "severity", "reference", "first_seen", "expires", "contact", "confidence",
}

// columnName folds the case and the spaces of a column's name.
func columnName(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "_")
}

// newCSV reads the header. A stream without any line has no records and no error.
func newCSV(in *lines) (source, error) {
	head, err := in.next()
	if errors.Is(err, io.EOF) {
		return &csvRecords{in: in}, nil
	}
	if err != nil {
		return nil, err
	}
	columns, state := splitRecord(string(head.text), nil)
	if head.long || state != complete {
		return nil, fmt.Errorf("%w: the first line is not a CSV record", ErrHeader)
	}
	if err := checkColumns(columns); err != nil {
		return nil, err
	}
	return &csvRecords{in: in, columns: columns, hasCategory: has(columns, "category")}, nil
}

// checkColumns folds the names in place and refuses a header that would leave a column unread.
func checkColumns(columns []string) error {
	for i, c := range columns {
		columns[i] = columnName(c)
		if !has(knownColumns, columns[i]) {
			return fmt.Errorf("%w: column %d is none of %s", ErrHeader, i+1, strings.Join(knownColumns, ","))
		}
		if has(columns[:i], columns[i]) {
			return fmt.Errorf("%w: column %s occurs twice", ErrHeader, columns[i])
		}
	}
	if !has(columns, "type") || !has(columns, "value") {
		return fmt.Errorf("%w: columns type and value are needed, separated by commas", ErrHeader)
	}
	return nil
}

// next returns the next record. A record whose quotes never close is refused alone: the lines after
// its first are read again as records of their own.
func (c *csvRecords) next() (record, error) {
	first, err := c.in.next()
	if err != nil {
		return record{}, err
	}
	if first.long {
		return record{line: first.n, refusal: refusalLong}, nil
	}
	text := string(first.text)
	values, state := splitRecord(text, c.values[:0])
	if state == unclosed {
		values, state, err = c.join(text)
		if err != nil {
			return record{}, err
		}
	}
	c.values = values
	return c.record(first.n, values, state), nil
}

// join adds lines to a record that ended inside quotes, up to MaxLine bytes. When they do not make
// one, it gives them back. Quotes pair up exactly when the record ends outside of them, so it is
// split once and the cost stays linear.
func (c *csvRecords) join(text string) ([]string, recordState, error) {
	joined, taken, err := c.gather(text)
	if err != nil {
		return nil, malformed, err
	}
	if joined != "" {
		if values, state := splitRecord(joined, c.values[:0]); state == complete {
			return values, complete, nil
		}
	}
	c.in.unread(taken)
	return nil, malformed, nil
}

// gather reads lines until the number of quotes is even. joined is empty when that does not come
// within MaxLine bytes or before the end.
func (c *csvRecords) gather(text string) (joined string, taken []line, err error) {
	var b strings.Builder
	b.WriteString(text)
	for {
		more, err := c.in.any()
		if errors.Is(err, io.EOF) {
			return "", taken, nil
		}
		if err != nil {
			return "", nil, err
		}
		more = more.keep()
		taken = append(taken, more)
		if more.long || b.Len()+len(more.text) >= MaxLine {
			return "", taken, nil
		}
		b.WriteByte('\n')
		b.Write(more.text)
		if bytes.Count(more.text, []byte{'"'})%2 == 1 {
			return b.String(), taken, nil
		}
	}
}

// record assigns values to columns.
func (c *csvRecords) record(n int64, values []string, state recordState) record {
	if state != complete {
		return record{line: n, refusal: "malformed CSV: a quote out of place or never closed (RFC 4180)"}
	}
	if len(values) != len(c.columns) {
		return record{line: n, refusal: fmt.Sprintf("%d fields, the header has %d", len(values), len(c.columns))}
	}
	var f fields
	f.noCategory = !c.hasCategory
	for i, name := range c.columns {
		*f.at(name) = values[i]
	}
	return record{line: n, fields: f}
}
