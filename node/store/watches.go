package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Watch is a standing question as it is kept. Its elements stand in runs.
type Watch struct {
	Seq        int64 // given by the store, never used twice
	ID         string
	Name       string
	At         time.Time // milliseconds are kept
	Purpose    string
	Case       string // the case reference; it never leaves the node
	CaseSalt   []byte // opens the commitments to Case that do
	Holders    []string
	Refused    int64 // lines of its feed
	Suppressed int64
	Key        []byte // sealed; opens its runs and spans
	Size       int64  // elements; read, and not written
}

// Run is elements of a watch, of one type, sealed under its key. N counts from 0.
type Run struct {
	N      int
	Type   indicator.Type
	Count  int
	Sealed []byte // nil in lists
}

// AddWatch keeps a watch with its elements, all of it or nothing, and returns its Seq.
func (s *Store) AddWatch(ctx context.Context, w Watch, runs iter.Seq2[Run, error]) (seq int64, err error) {
	err = s.watch.tx(ctx, func(c *sql.Conn) error {
		salt := append([]byte{}, w.CaseSalt...)
		res, err := c.ExecContext(ctx, `INSERT INTO watch (id, name, at, purpose, case_ref, case_salt, refused, suppressed, key)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, w.ID, w.Name, w.At.UnixMilli(), w.Purpose, w.Case, salt, w.Refused, w.Suppressed, w.Key)
		if err != nil {
			return err
		}
		if seq, err = res.LastInsertId(); err != nil {
			return err
		}
		for _, name := range w.Holders {
			if _, err := c.ExecContext(ctx, "INSERT INTO watch_holder (watch, member) VALUES (?, ?)", seq, name); err != nil {
				return err
			}
		}
		return insertRuns(ctx, c, "INSERT INTO run (watch, n, type, count, sealed) VALUES (?, ?, ?, ?, ?)", seq, runs)
	})
	if err != nil {
		return 0, fmt.Errorf("keep the watch: %w", err)
	}
	return seq, nil
}

func insertRuns(ctx context.Context, c *sql.Conn, statement string, owner any, runs iter.Seq2[Run, error]) error {
	put, err := c.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer put.Close()
	for r, err := range runs {
		if err != nil {
			return err
		}
		if _, err := put.ExecContext(ctx, owner, r.N, string(r.Type), r.Count, r.Sealed); err != nil {
			return err
		}
	}
	return nil
}

const watchColumns = `seq, id, name, at, purpose, case_ref, case_salt, refused, suppressed, key,
	(SELECT coalesce(sum(count), 0) FROM run WHERE run.watch = watch.seq)`

// Watches lists watches, newest first, from where cursor (empty at first) points. next is empty on the
// last page.
func (s *Store) Watches(ctx context.Context, cursor string, limit int) (page []Watch, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	page, err = s.watches(ctx, "seq < ? ORDER BY seq DESC LIMIT ?", before, limit+1)
	if err == nil && len(page) > limit {
		page, next = page[:limit], cursorAt(page[limit-1].Seq)
	}
	return page, next, err
}

// AllWatches returns every watch, oldest first.
func (s *Store) AllWatches(ctx context.Context) ([]Watch, error) {
	return s.watches(ctx, "true ORDER BY seq")
}

// Watch returns a watch, or [ErrNotFound].
func (s *Store) Watch(ctx context.Context, id string) (Watch, error) {
	all, err := s.watches(ctx, "id = ?", id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Watch{}, err
	}
	return all[0], nil
}

func (s *Store) watches(ctx context.Context, where string, args ...any) ([]Watch, error) {
	rows, err := s.watch.read.QueryContext(ctx, "SELECT "+watchColumns+" FROM watch WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	all, err := collect(ctx, rows, func(rows *sql.Rows, w *Watch) error {
		var at int64
		err := rows.Scan(&w.Seq, &w.ID, &w.Name, &at, &w.Purpose, &w.Case, &w.CaseSalt, &w.Refused, &w.Suppressed, &w.Key, &w.Size)
		w.At = fromMillis(at)
		return err
	})
	for i := range all {
		if err == nil {
			all[i].Holders, err = s.texts(ctx, "SELECT member FROM watch_holder WHERE watch = ? ORDER BY member", all[i].Seq)
		}
	}
	return all, err
}

func (s *Store) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.watch.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, text *string) error { return rows.Scan(text) })
}

// Runs lists the runs of a watch, in order, without what is sealed in them.
func (s *Store) Runs(ctx context.Context, watch int64) ([]Run, error) {
	rows, err := s.watch.read.QueryContext(ctx, "SELECT n, type, count FROM run WHERE watch = ? ORDER BY n", watch)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, r *Run) error { return rows.Scan(&r.N, &r.Type, &r.Count) })
}

// Run returns one run of a watch, or [ErrNotFound].
func (s *Store) Run(ctx context.Context, watch int64, n int) (r Run, err error) {
	row := s.watch.read.QueryRowContext(ctx, "SELECT n, type, count, sealed FROM run WHERE watch = ? AND n = ?", watch, n)
	return r, cause(ctx, row.Scan(&r.N, &r.Type, &r.Count, &r.Sealed))
}

// RemoveWatch erases a watch with its elements and what holders evaluated of them, or gives
// [ErrNotFound]. Its key is overwritten where it stood, and the write-ahead log cut off, so that what is left
// of the runs on freed pages opens no more. What was signed when it was
// enrolled stays.
func (s *Store) RemoveWatch(ctx context.Context, id string) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		if _, err := c.ExecContext(ctx, "UPDATE watch SET key = zeroblob(length(key)) WHERE id = ?", id); err != nil {
			return err
		}
		res, err := c.ExecContext(ctx, "DELETE FROM watch WHERE id = ?", id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove the watch: %w", err)
	}
	s.watch.checkpoint(context.WithoutCancel(ctx))
	return nil
}
