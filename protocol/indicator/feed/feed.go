package feed

import (
	"bufio"
	"errors"
	"io"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Format is how a feed is written.
type Format string

// The formats.
const (
	CSV            Format = "csv"
	JSONL          Format = "jsonl"
	ThreatExchange Format = "threatexchange"
)

// MaxLine is the longest line read, terminator included, in bytes. A longer one is refused.
const MaxLine = 64 << 10

var (
	// ErrFormat reports a feed whose format is unknown or cannot be told from its beginning.
	ErrFormat = errors.New("unknown feed format: give one of csv, jsonl, threatexchange")
	// ErrHeader reports a CSV feed without a usable header. Its text says what is wrong.
	ErrHeader = errors.New("unusable CSV header")
	// ErrEncoding reports a feed that is not UTF-8 from its first bytes.
	ErrEncoding = errors.New("feed is UTF-16: save it as UTF-8")
)

// Options say how to read a feed.
type Options struct {
	// Format is empty to detect it from the beginning of the stream.
	Format Format
	// Region is the default region of national phone numbers, ISO 3166-1 alpha-2.
	Region string
	// Now is the time of the import: the first_seen of an address that has none.
	Now time.Time
	// Query marks lines as questions, not holdings: they need no category, and one that has expired
	// may still be asked about.
	Query bool
}

// Item is an indicator ready for the store.
type Item struct {
	Type   indicator.Type
	Digest indicator.Digest
	Label  indicator.Label
}

// Row is what one data line came to. Exactly one of these holds: Refusal is set; Suppressed is true;
// or Type, Digest and Label stand for an accepted indicator.
type Row struct {
	Line       int64 // number of its first line in the feed, from 1, header included
	Type       indicator.Type
	Digest     indicator.Digest
	Label      indicator.Label
	Derived    []Item // what follows from the value, under the same label
	Refusal    string // the reason, which never quotes the value
	Suppressed bool
	Reason     string // why it is suppressed
	Masked     string // display form for its owner's eyes; empty for a digest
}

// Reader reads a feed row by row. It is not safe for concurrent use.
type Reader struct {
	options Options
	today   indicator.Date
	source  source
}

// source yields the records of one format. An error is of the stream; io.EOF ends it.
type source interface {
	next() (record, error)
}

// record is one data line taken apart, or the reason why it could not be.
type record struct {
	line    int64
	fields  fields
	refusal string
}

// NewReader starts reading a feed: it detects the format if need be and reads a CSV header. Errors
// are [ErrFormat], [ErrHeader], [ErrEncoding] or the reader's own.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	buf := bufio.NewReaderSize(r, MaxLine)
	if err := skipBOM(buf); err != nil {
		return nil, err
	}
	if o.Format == "" {
		head, err := buf.Peek(detectBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if o.Format, err = Detect("", head); err != nil {
			return nil, err
		}
	}
	src, err := open(o.Format, &lines{r: buf})
	if err != nil {
		return nil, err
	}
	return &Reader{options: o, today: indicator.DateOf(o.Now), source: src}, nil
}

// open returns the source of a format.
func open(f Format, in *lines) (source, error) {
	switch f {
	case CSV:
		return newCSV(in)
	case JSONL:
		return &jsonLines{in: in}, nil
	case ThreatExchange:
		return &threatExchange{in: in}, nil
	}
	return nil, ErrFormat
}

// Next returns the next row, or io.EOF after the last. Any other error is of the stream, not of a
// line: the feed cannot be read further.
func (r *Reader) Next() (Row, error) {
	rec, err := r.source.next()
	if err != nil {
		return Row{}, err
	}
	if rec.refusal != "" {
		return Row{Line: rec.line, Refusal: rec.refusal}, nil
	}
	row := r.row(rec.fields)
	row.Line = rec.line
	return row, nil
}
