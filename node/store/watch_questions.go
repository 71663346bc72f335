package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"
)

// KeepQuestions keeps what a query asked about, in runs sealed under key, which is sealed too.
func (s *Store) KeepQuestions(ctx context.Context, query string, at time.Time, key []byte, runs iter.Seq2[Run, error]) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "INSERT INTO question (query, at, key) VALUES (?, ?, ?)", query, at.UnixMilli(), key)
		if err != nil {
			return err
		}
		return insertRuns(ctx, c, "INSERT INTO question_run (query, n, type, count, sealed) VALUES (?, ?, ?, ?, ?)", query, runs)
	})
	if err != nil {
		return fmt.Errorf("keep what was asked about: %w", err)
	}
	return nil
}

// Questions returns what a query asked about, with the sealed key, or [ErrNotFound].
func (s *Store) Questions(ctx context.Context, query string) (key []byte, runs []Run, err error) {
	if err := s.watch.read.QueryRowContext(ctx, "SELECT key FROM question WHERE query = ?", query).Scan(&key); err != nil {
		return nil, nil, cause(ctx, err)
	}
	rows, err := s.watch.read.QueryContext(ctx, "SELECT n, type, count, sealed FROM question_run WHERE query = ? ORDER BY n", query)
	if err != nil {
		return nil, nil, cause(ctx, err)
	}
	runs, err = collect(ctx, rows, func(rows *sql.Rows, r *Run) error { return rows.Scan(&r.N, &r.Type, &r.Count, &r.Sealed) })
	return key, runs, err
}

// DropQuestions erases what queries before a time asked about, keys first, as [Store.RemoveWatch] does.
func (s *Store) DropQuestions(ctx context.Context, before time.Time) error {
	var dropped int64
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		if _, err := c.ExecContext(ctx, "UPDATE question SET key = zeroblob(length(key)) WHERE at < ?", before.UnixMilli()); err != nil {
			return err
		}
		res, err := c.ExecContext(ctx, "DELETE FROM question WHERE at < ?", before.UnixMilli())
		if err != nil {
			return err
		}
		dropped, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return fmt.Errorf("erase what was asked about: %w", err)
	}
	if dropped > 0 {
		s.watch.checkpoint(context.WithoutCancel(ctx))
	}
	return nil
}
