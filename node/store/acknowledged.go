package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Acknowledged is a mirror's newest signed word on which version of an index it has in use.
type Acknowledged struct {
	Mirror  string // peer ID
	Epoch   uint64
	Type    indicator.Type
	Version uint64
	At      time.Time
	Word    []byte // verbatim, signed
}

// Acknowledge keeps a mirror's word, unless a newer one is here. The caller has checked it.
func (s *Store) Acknowledge(ctx context.Context, words []Acknowledged) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		for _, a := range words {
			_, err := c.ExecContext(ctx, `INSERT INTO acknowledged (mirror, epoch, type, version, at, word) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (mirror, epoch, type) DO UPDATE SET version = excluded.version, at = excluded.at, word = excluded.word
				WHERE excluded.version > version`,
				a.Mirror, int64(a.Epoch), string(a.Type), int64(a.Version), s.now().UnixMilli(), a.Word)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep an acknowledgement: %w", err)
	}
	return nil
}

// Acknowledgements returns the newest word of each mirror on one index.
func (s *Store) Acknowledgements(ctx context.Context, epoch uint64, t indicator.Type) ([]Acknowledged, error) {
	rows, err := s.main.read.QueryContext(ctx, `SELECT mirror, version, at, word FROM acknowledged
		WHERE epoch = ? AND type = ? ORDER BY mirror`, int64(epoch), string(t))
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, a *Acknowledged) error {
		var at int64
		err := rows.Scan(&a.Mirror, &a.Version, &at, &a.Word)
		a.Epoch, a.Type, a.At = epoch, t, fromMillis(at)
		return err
	})
}

// Removal is what was taken out of the store together.
type Removal struct {
	ID    int64
	Cause string // "withdrawn" or "expired"
	At    time.Time
	Types []RemovedType // in alphabetical order
}

// RemovedType is the part of a removal that is of one type.
type RemovedType struct {
	Type  indicator.Type
	Count int64
	Last  int64 // its newest journal line
}

// Removals lists what was taken out, the newest first, those before the cursor only; next is empty at the
// end. The error for a cursor that is none is [ErrCursor].
func (s *Store) Removals(ctx context.Context, cursor string, limit int) (list []Removal, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	rows, err := s.main.read.QueryContext(ctx, "SELECT id, cause, at FROM removal WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit+1)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	list, err = collect(ctx, rows, scanRemoval)
	if len(list) > limit {
		list = list[:limit]
		next = cursorAt(list[limit-1].ID)
	}
	for i := range list {
		if err == nil {
			list[i].Types, err = s.removedTypes(ctx, list[i].ID)
		}
	}
	return list, next, err
}

func scanRemoval(rows *sql.Rows, r *Removal) error {
	var at int64
	err := rows.Scan(&r.ID, &r.Cause, &at)
	r.At = fromMillis(at)
	return err
}

// Removal returns one removal, or [ErrNotFound].
func (s *Store) Removal(ctx context.Context, id int64) (r Removal, err error) {
	var at int64
	err = s.main.read.QueryRowContext(ctx, "SELECT id, cause, at FROM removal WHERE id = ?", id).Scan(&r.ID, &r.Cause, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, cause(ctx, err)
	}
	r.At = fromMillis(at)
	r.Types, err = s.removedTypes(ctx, id)
	return r, err
}

func (s *Store) removedTypes(ctx context.Context, id int64) ([]RemovedType, error) {
	rows, err := s.main.read.QueryContext(ctx, "SELECT type, count, last FROM removed WHERE removal = ? ORDER BY type", id)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, t *RemovedType) error { return rows.Scan(&t.Type, &t.Count, &t.Last) })
}

// GoneWith returns the first version of an index from which everything up to a journal line is gone; ok
// is false while none was published.
func (s *Store) GoneWith(ctx context.Context, epoch uint64, t indicator.Type, line int64) (version uint64, ok bool, err error) {
	var v sql.NullInt64
	err = s.main.read.QueryRowContext(ctx, "SELECT min(version) FROM shown WHERE epoch = ? AND type = ? AND withdrawal >= ?",
		int64(epoch), string(t), line).Scan(&v)
	return uint64(v.Int64), v.Valid && err == nil, cause(ctx, err)
}

// noteRemoval enters, in the transaction that takes them out, that these went together.
func (s *Store) noteRemoval(ctx context.Context, c *sql.Conn, why string, changed map[indicator.Type]int64) (id int64, err error) {
	res, err := c.ExecContext(ctx, "INSERT INTO removal (cause, at) VALUES (?, ?)", why, s.now().UnixMilli())
	if err != nil {
		return 0, err
	}
	if id, err = res.LastInsertId(); err != nil {
		return 0, err
	}
	for t, n := range changed {
		_, err := c.ExecContext(ctx, `INSERT INTO removed (removal, type, count, last)
			SELECT ?, ?, ?, max(id) FROM withdrawal WHERE type = ?`, id, string(t), -n, string(t))
		if err != nil {
			return 0, err
		}
	}
	return id, nil
}
