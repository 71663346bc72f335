package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
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
	Found       []Found // written; they are read back as Matches
	Matches     []Match // read: with the reference and the label as they were then
	Sent        []Sent  // written, and not read back by the lists of queries
	Told        []Told  // written: what holders said of budgets, in place of what they said before
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
	if err := noteTold(ctx, c, q.Told); err != nil {
		return err
	}
	_, err = addMatches(ctx, c, Sighting{Source: FromQuery, Origin: q.ID, At: q.At, Purpose: q.Purpose, Case: q.Case}, q.Found)
	return err
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
	q.Matches, err = s.sightedBy(ctx, FromQuery, id)
	return q, err
}

// sightedBy lists what one origin found, in its order, with reference and label as they were then.
func (s *Store) sightedBy(ctx context.Context, source Source, origin string) ([]Match, error) {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT m.seq, m.id, m.source, m.type, m.holder, s.reference, s.label,
		m.first_seen, m.last_seen, m.state, m.epoch, m.tag, m.proof
		FROM sighting AS s JOIN match AS m ON m.seq = s.match WHERE s.source = ? AND s.origin = ? ORDER BY s.n`, string(source), origin)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, m *Match) error {
		_, err := scanMatch(rows, m)
		return err
	})
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
