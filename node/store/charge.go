package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Charge is a request to answer, and what it is charged to. The meter is that of (Querier, Type,
// Day); it outlives restarts and epochs.
type Charge struct {
	RequestID  [16]byte
	HeaderHash [32]byte // of the signed request header
	Querier    string   // peer id
	Type       indicator.Type
	Day        string // the ledger's day, YYYY-MM-DD
	Count      uint64 // elements to evaluate, below 2^31
	Limit      uint64 // evaluations a day that policy allows
	Header     []byte // the signed request header, verbatim, kept for the audit
	Signature  []byte // the querier's over it, 64 bytes
}

// Charge enters the request in the log and raises the meter, in one transaction that parallel
// requests cannot race, and returns what is left of the day's limit. A request that was charged
// before gives [ErrReplay] and what is left: answer it again. The other errors, [ErrRequestID] and
// [ErrBudget], mean refuse; nothing was charged or logged.
func (s *Store) Charge(ctx context.Context, r Charge) (left uint64, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		used, err := used(ctx, c, r)
		if err != nil {
			return err
		}
		left = r.Limit - min(used, r.Limit)
		if err := seen(ctx, c, r); err != nil {
			return err
		}
		if r.Count > min(left, math.MaxInt32) {
			return ErrBudget
		}
		left -= r.Count
		return s.enter(ctx, c, r)
	})
	if err != nil {
		err = fmt.Errorf("charge: %w", err)
	}
	if err != nil && !errors.Is(err, ErrReplay) && !errors.Is(err, ErrBudget) {
		return 0, err
	}
	return left, err
}

func used(ctx context.Context, c *sql.Conn, r Charge) (uint64, error) {
	var n int64
	err := c.QueryRowContext(ctx, "SELECT used FROM meter WHERE querier = ? AND type = ? AND day = ?",
		r.Querier, string(r.Type), r.Day).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return uint64(n), err
}

// seen compares with a request of the same id from the same querier.
func seen(ctx context.Context, c *sql.Conn, r Charge) error {
	var hash []byte
	err := c.QueryRowContext(ctx, "SELECT hash FROM request WHERE querier = ? AND id = ?", r.Querier, r.RequestID[:]).Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case bytes.Equal(hash, r.HeaderHash[:]):
		return ErrReplay
	}
	return ErrRequestID
}

func (s *Store) enter(ctx context.Context, c *sql.Conn, r Charge) error {
	header := r.Header
	if header == nil {
		header = []byte{}
	}
	_, err := c.ExecContext(ctx, `INSERT INTO request (querier, id, hash, type, day, count, header, signature, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.Querier, r.RequestID[:], r.HeaderHash[:], string(r.Type), r.Day,
		int64(r.Count), header, r.Signature, s.now().UnixMilli())
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `INSERT INTO meter (querier, type, day, used) VALUES (?, ?, ?, ?)
		ON CONFLICT (querier, type, day) DO UPDATE SET used = used + excluded.used`,
		r.Querier, string(r.Type), r.Day, int64(r.Count))
	return err
}
