package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Match is an item shared with a holder, as it is kept.
type Match struct {
	ID        string // 32 characters of hex
	Source    Source // that found it first
	Type      indicator.Type
	Holder    string
	Reference *string // this member's own
	Label     []byte  // the holder's newest, encoded; nil where none was revealed
	FirstSeen time.Time
	LastSeen  time.Time
	State     MatchState
	Place     *Place
}

// MatchFilter narrows a list of matches; empty fields let everything through.
type MatchFilter struct {
	Type   indicator.Type
	Holder string
	Source Source // that saw it, first or later
	State  MatchState
	Since  time.Time // first seen then or later
	Until  time.Time // first seen before
	Origin string    // the id of a query, watch or reconcile that saw it
	Case   string    // the case reference under which it was seen
}

// where leaves out what does not narrow, so that the rest is found by its index.
func (f MatchFilter) where(before int64) (string, []any) {
	where, args := "m.seq < ?", []any{before}
	and := func(clause string, arg any) { where, args = where+" AND "+clause, append(args, arg) }
	if f.Type != "" {
		and("m.type = ?", string(f.Type))
	}
	if f.Holder != "" {
		and("m.holder = ?", f.Holder)
	}
	if f.State != "" {
		and("m.state = ?", string(f.State))
	}
	if !f.Since.IsZero() {
		and("m.first_seen >= ?", f.Since.UnixMilli())
	}
	if !f.Until.IsZero() {
		and("m.first_seen < ?", f.Until.UnixMilli())
	}
	const seen = "EXISTS (SELECT 1 FROM sighting AS s WHERE s.match = m.seq AND "
	if f.Source != "" {
		and(seen+"s.source = ?)", string(f.Source))
	}
	if f.Origin != "" {
		and(seen+"s.origin = ?)", f.Origin)
	}
	if f.Case != "" {
		and(seen+"s.case_ref = ?)", f.Case)
	}
	return where, args
}

const matchColumns = "m.seq, m.id, m.source, m.type, m.holder, m.reference, m.label, m.first_seen, m.last_seen, m.state, m.epoch, m.tag, m.proof"

// Matches lists matches, newest first, from where cursor (empty at first) points. next is empty on the
// last page. The order is that of arrival, so a cursor stays right whatever comes in meanwhile.
func (s *Store) Matches(ctx context.Context, f MatchFilter, cursor string, limit int) (page []Match, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	where, args := f.where(before)
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+matchColumns+" FROM match AS m WHERE "+where+
		" ORDER BY m.seq DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	var seqs []int64
	page, err = collect(ctx, rows, func(rows *sql.Rows, m *Match) error {
		seq, err := scanMatch(rows, m)
		seqs = append(seqs, seq)
		return err
	})
	if err == nil && len(page) > limit {
		page, next = page[:limit], cursorAt(seqs[limit-1])
	}
	return page, next, err
}

func scanMatch(row scanner, m *Match) (seq int64, err error) {
	var first, last int64
	var epoch sql.NullInt64
	var tag, proof []byte
	err = row.Scan(&seq, &m.ID, &m.Source, &m.Type, &m.Holder, &m.Reference, &m.Label, &first, &last, &m.State, &epoch, &tag, &proof)
	m.FirstSeen, m.LastSeen = fromMillis(first), fromMillis(last)
	if epoch.Valid {
		m.Place = &Place{Epoch: uint64(epoch.Int64)}
		copy(m.Place.Tag[:], tag)
		copy(m.Place.Proof[:], proof)
	}
	return seq, err
}

// minPrefix is how much of an id a person has to give.
const minPrefix = 4

// Match returns a match by its id or a prefix of it, at least 4 characters, that no other has.
// [ErrNotFound] and [ErrAmbiguous].
func (s *Store) Match(ctx context.Context, id string) (m Match, err error) {
	_, m, err = oneMatch(ctx, s.activity.read, id)
	return m, cause(ctx, err)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func oneMatch(ctx context.Context, db querier, id string) (seq int64, m Match, err error) {
	if len(id) < minPrefix || strings.Trim(id, "0123456789abcdef") != "" {
		return 0, m, ErrNotFound
	}
	rows, err := db.QueryContext(ctx, "SELECT "+matchColumns+" FROM match AS m WHERE m.id >= ? AND m.id < ? LIMIT 2", id, id+"g")
	if err != nil {
		return 0, m, err
	}
	found, err := collect(ctx, rows, func(rows *sql.Rows, m *Match) (err error) {
		seq, err = scanMatch(rows, m)
		return err
	})
	switch {
	case err != nil:
		return 0, m, err
	case len(found) == 0:
		return 0, m, ErrNotFound
	case len(found) > 1:
		return 0, m, ErrAmbiguous
	}
	return seq, found[0], nil
}

// ErrAmbiguous reports the beginning of an id that several have.
var ErrAmbiguous = errors.New("several begin like this: give more of the id")

// Sightings lists who saw a match when, the newest first, at most [MaxPage].
func (s *Store) Sightings(ctx context.Context, id string) ([]Sighting, error) {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT s.source, s.origin, s.at, s.purpose, s.case_ref FROM sighting AS s
		JOIN match AS m ON m.seq = s.match WHERE m.id = ? ORDER BY s.at DESC, s.source, s.origin LIMIT ?`, id, MaxPage)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, g *Sighting) error {
		var at int64
		err := rows.Scan(&g.Source, &g.Origin, &at, &g.Purpose, &g.Case)
		g.At = fromMillis(at)
		return err
	})
}

// Note is what somebody wrote down about a match.
type Note struct {
	At   time.Time
	Text string
}

// MaxNotes bounds the notes of one match.
const MaxNotes = 1000

// ErrNotes reports a match that has as many notes as it may have.
var ErrNotes = errors.New("the match has as many notes as it may have")

// SetMatchState moves the match with this id, in full, to a state, and writes text down beside it if that
// is not empty, both or neither. [ErrNotFound], [ErrNotes].
func (s *Store) SetMatchState(ctx context.Context, id string, to MatchState, text string) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		seq, err := setMatchState(ctx, c, id, to)
		if err != nil || text == "" {
			return err
		}
		return s.addNote(ctx, c, seq, text)
	})
	if err != nil {
		return fmt.Errorf("change the match: %w", err)
	}
	return nil
}

func setMatchState(ctx context.Context, c *sql.Conn, id string, to MatchState) (seq int64, err error) {
	err = c.QueryRowContext(ctx, "UPDATE match SET state = ? WHERE id = ? RETURNING seq", string(to), id).Scan(&seq)
	return seq, mapped(err)
}

func (s *Store) addNote(ctx context.Context, c *sql.Conn, seq int64, text string) error {
	var n int
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM match_note WHERE match = ?", seq).Scan(&n); err != nil {
		return err
	}
	if n >= MaxNotes {
		return ErrNotes
	}
	_, err := c.ExecContext(ctx, "INSERT INTO match_note (match, n, at, text) VALUES (?, ?, ?, ?)", seq, n, s.now().UnixMilli(), text)
	return err
}

// Notes lists what was written down about a match, the oldest first.
func (s *Store) Notes(ctx context.Context, id string) ([]Note, error) {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT t.at, t.text FROM match_note AS t JOIN match AS m ON m.seq = t.match
		WHERE m.id = ? ORDER BY t.n`, id)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, n *Note) error {
		var at int64
		err := rows.Scan(&at, &n.Text)
		n.At = fromMillis(at)
		return err
	})
}
