package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Query is a question that this member asked, as it is kept: no value, no digest.
type Query struct {
	ID          string
	At          time.Time // milliseconds are kept
	Purpose     string
	Case        string // the case reference; it never leaves the node
	CaseSalt    []byte // opens the commitment to Case that did
	Queried     int64
	Refused     int64
	Suppressed  int64
	Evaluations int64
	Proofs      int64
	Partial     bool
	Asked       []Asked
	Matches     []Match
	Sent        []Sent // written, and not read back by the lists of queries
}

// Sent is one request to a holder and its receipt, each with the signature over it, as they went over
// the wire: for an audit, and against a holder that denies its answer.
type Sent struct {
	Holder                    string
	Header, Signature         []byte
	Receipt, ReceiptSignature []byte
}

// Asked says how one holder answered.
type Asked struct{ Member, Status, Detail string }

// Match is an indicator shared with a holder. Reference is the querier's own, nil where it has none;
// Label is the holder's, encoded, nil where policy reveals the match alone.
type Match struct {
	Type      indicator.Type
	Holder    string
	Reference *string
	Label     []byte
}

// SaveQuery keeps a query with its answers, all of it or nothing.
func (s *Store) SaveQuery(ctx context.Context, q Query) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error { return saveQuery(ctx, c, q) })
	if err != nil {
		return fmt.Errorf("save the query: %w", err)
	}
	return nil
}

func saveQuery(ctx context.Context, c *sql.Conn, q Query) error {
	salt := q.CaseSalt
	if salt == nil {
		salt = []byte{}
	}
	res, err := c.ExecContext(ctx, `INSERT INTO query (id, at, purpose, case_ref, case_salt, queried, refused, suppressed,
		evaluations, proofs, partial) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, q.ID, q.At.UnixMilli(), q.Purpose,
		q.Case, salt, q.Queried, q.Refused, q.Suppressed, q.Evaluations, q.Proofs, q.Partial)
	if err != nil {
		return err
	}
	seq, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for n, a := range q.Asked {
		_, err := c.ExecContext(ctx, "INSERT INTO asked (query, n, member, status, detail) VALUES (?, ?, ?, ?, ?)",
			seq, n, a.Member, a.Status, a.Detail)
		if err != nil {
			return err
		}
	}
	for n, r := range q.Sent {
		_, err := c.ExecContext(ctx, `INSERT INTO sent (query, n, holder, header, signature, receipt, receipt_signature)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, seq, n, r.Holder, r.Header, r.Signature, r.Receipt, r.ReceiptSignature)
		if err != nil {
			return err
		}
	}
	return saveMatches(ctx, c, seq, q.Matches)
}

func saveMatches(ctx context.Context, c *sql.Conn, seq int64, matches []Match) error {
	put, err := c.PrepareContext(ctx, "INSERT INTO match (query, n, type, holder, reference, label) VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for n, m := range matches {
		if _, err := put.ExecContext(ctx, seq, n, string(m.Type), m.Holder, m.Reference, m.Label); err != nil {
			return err
		}
	}
	return nil
}

const queryColumns = `seq, id, at, purpose, case_ref, case_salt, queried, refused, suppressed, evaluations, proofs, partial`

// Queries lists past questions with how each holder answered but without matches, newest first, from
// where cursor (empty at first) points. next is empty on the last page.
func (s *Store) Queries(ctx context.Context, cursor string, limit int) (page []Query, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+queryColumns+" FROM query WHERE seq < ? ORDER BY seq DESC LIMIT ?",
		before, limit+1)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	seqs := []int64{}
	page, err = collect(ctx, rows, func(rows *sql.Rows, q *Query) error {
		seq, err := scanQuery(rows, q)
		seqs = append(seqs, seq)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page, next = page[:limit], cursorAt(seqs[limit-1])
	}
	for i := range page {
		if page[i].Asked, err = s.asked(ctx, seqs[i]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// Query returns a past question with its matches, or [ErrNotFound].
func (s *Store) Query(ctx context.Context, id string) (Query, error) {
	var q Query
	seq, err := scanQuery(s.activity.read.QueryRowContext(ctx, "SELECT "+queryColumns+" FROM query WHERE id = ?", id), &q)
	if err != nil {
		return Query{}, cause(ctx, err)
	}
	if q.Asked, err = s.asked(ctx, seq); err != nil {
		return Query{}, err
	}
	rows, err := s.activity.read.QueryContext(ctx, "SELECT type, holder, reference, label FROM match WHERE query = ? ORDER BY n", seq)
	if err != nil {
		return Query{}, cause(ctx, err)
	}
	q.Matches, err = collect(ctx, rows, func(rows *sql.Rows, m *Match) error {
		return rows.Scan(&m.Type, &m.Holder, &m.Reference, &m.Label)
	})
	return q, err
}

func scanQuery(row scanner, q *Query) (seq int64, err error) {
	var at int64
	err = row.Scan(&seq, &q.ID, &at, &q.Purpose, &q.Case, &q.CaseSalt, &q.Queried, &q.Refused, &q.Suppressed,
		&q.Evaluations, &q.Proofs, &q.Partial)
	q.At = fromMillis(at)
	return seq, err
}

func (s *Store) asked(ctx context.Context, seq int64) ([]Asked, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT member, status, detail FROM asked WHERE query = ? ORDER BY n", seq)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, a *Asked) error { return rows.Scan(&a.Member, &a.Status, &a.Detail) })
}
