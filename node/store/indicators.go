package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"math"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// MaxPage is the longest page of any list; DefaultPage stands for a limit of 0 or less.
const (
	MaxPage     = 1000
	DefaultPage = 100
)

// Indicator is one of the member's own.
type Indicator struct {
	Type      indicator.Type
	Digest    indicator.Digest
	Label     []byte // encoded
	Reference string
	Expires   string
	Derived   bool
	Imported  time.Time
}

// Filter narrows a list of indicators; empty fields let everything through.
type Filter struct {
	Type      indicator.Type
	Reference string
}

// where leaves out what does not narrow, so that the rest is found by its index.
func (f Filter) where(before int64) (string, []any) {
	where, args := "id < ?", []any{before}
	if f.Type != "" {
		where, args = where+" AND type = ?", append(args, string(f.Type))
	}
	if f.Reference != "" {
		where, args = where+" AND reference = ?", append(args, f.Reference)
	}
	return where, args
}

const indicatorColumns = "id, type, digest, label, coalesce(reference, ''), coalesce(expires, ''), derived, imported"

// Indicators lists the member's own, newest first, from where cursor (empty at first) points. next is
// empty on the last page. The order is the one of arrival in the store, not the one of timestamps,
// so a cursor stays right whatever comes in or goes out meanwhile.
func (s *Store) Indicators(ctx context.Context, f Filter, cursor string, limit int) (page []Indicator, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	where, args := f.where(before)
	rows, err := s.main.read.QueryContext(ctx, "SELECT "+indicatorColumns+" FROM indicator WHERE "+where+
		" ORDER BY id DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	defer rows.Close()
	var last int64
	for rows.Next() {
		if len(page) == limit {
			return page, cursorAt(last), nil
		}
		var i Indicator
		if last, err = scanIndicator(rows, &i); err != nil {
			return nil, "", cause(ctx, err)
		}
		page = append(page, i)
	}
	return page, "", cause(ctx, rows.Err())
}

// Indicator returns the member's own indicator with a digest, or [ErrNotFound].
func (s *Store) Indicator(ctx context.Context, d indicator.Digest) (Indicator, error) {
	var i Indicator
	row := s.main.read.QueryRowContext(ctx, "SELECT "+indicatorColumns+" FROM indicator WHERE digest = ?", d[:])
	_, err := scanIndicator(row, &i)
	return i, cause(ctx, err)
}

type scanner interface{ Scan(dest ...any) error }

func scanIndicator(row scanner, i *Indicator) (id int64, err error) {
	var digest []byte
	var imported int64
	if err := row.Scan(&id, &i.Type, &digest, &i.Label, &i.Reference, &i.Expires, &i.Derived, &imported); err != nil {
		return 0, err
	}
	i.Imported = fromMillis(imported)
	copy(i.Digest[:], digest)
	return id, nil
}

// Tally is how many indicators of a type are held. Revision grows with every change of that set and
// never repeats, so an index that was built at one revision is out of date at any other.
type Tally struct {
	Type     indicator.Type
	Held     int64
	Revision int64
}

// Count tallies the member's indicators by type, in alphabetical order, types that were held once
// included.
func (s *Store) Count(ctx context.Context) ([]Tally, error) {
	rows, err := s.main.read.QueryContext(ctx, "SELECT type, held, revision FROM tally ORDER BY type")
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, t *Tally) error {
		return rows.Scan(&t.Type, &t.Held, &t.Revision)
	})
}

// collect reads all rows and closes them.
func collect[T any](ctx context.Context, rows *sql.Rows, scan func(*sql.Rows, *T) error) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, cause(ctx, err)
		}
		all = append(all, v)
	}
	return all, cause(ctx, rows.Err())
}

func pageSize(limit int) int {
	if limit <= 0 {
		return DefaultPage
	}
	return min(limit, MaxPage)
}

// A cursor is the row number of the last line shown, 8 bytes in base64url: opaque to its users.
func cursorAt(id int64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(id)))
}

func parseCursor(c string) (before int64, err error) {
	if c == "" {
		return math.MaxInt64, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(c)
	if err != nil || len(b) != 8 || b[0] >= 0x80 {
		return 0, ErrCursor
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}
