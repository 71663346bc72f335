package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Charge is a request to answer, and what it is charged to. The meter is that of (Member, Type, Day),
// whatever the request is for: a question, the enrolment of a watch, a count, a set. It outlives restarts,
// epochs and node keys, and is bound together with those of the member's affiliates.
type Charge struct {
	RequestID  [16]byte
	HeaderHash [32]byte // of the signed request header
	Querier    string   // peer id
	Member     string   // whose node that is
	Affiliates []string // that count as one with it, Member included or not
	Type       indicator.Type
	Day        string // the ledger's day, YYYY-MM-DD
	Count      uint64 // elements to evaluate, below 2^31
	Limit      uint64 // evaluations a day that policy allows the member and its affiliates
	Ceiling    uint64 // evaluations a day of this type for all members together; 0 is no bound
	Header     []byte // the signed request header, verbatim, kept for the audit
	Signature  []byte // the querier's over it, 64 bytes
}

// Charge enters the request in the log and raises the meter, in one transaction that parallel
// requests cannot race, and returns what is left of the day's limit. A request that was charged
// before gives [ErrReplay] and what is left: answer it again. The other errors, [ErrRequestID],
// [ErrBudget] and [ErrCeiling], which is one too, mean refuse; nothing was charged or logged.
func (s *Store) Charge(ctx context.Context, r Charge) (left uint64, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		used, err := usedBy(ctx, c, r)
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
		if err := underCeiling(ctx, c, r); err != nil {
			return err
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

// usedBy adds up what the member and its affiliates have used of the day.
func usedBy(ctx context.Context, c *sql.Conn, r Charge) (uint64, error) {
	args := []any{r.Day, string(r.Type), r.Member}
	for _, name := range r.Affiliates {
		if name != r.Member {
			args = append(args, name)
		}
	}
	places := strings.TrimSuffix(strings.Repeat("?,", len(args)-2), ",")
	var n int64
	err := c.QueryRowContext(ctx, "SELECT coalesce(sum(used), 0) FROM meter WHERE day = ? AND type = ? AND member IN ("+places+")", args...).Scan(&n)
	return uint64(n), err
}

// underCeiling refuses what would take all members together above the ceiling.
func underCeiling(ctx context.Context, c *sql.Conn, r Charge) error {
	if r.Ceiling == 0 {
		return nil
	}
	var n int64
	err := c.QueryRowContext(ctx, "SELECT coalesce(sum(used), 0) FROM meter WHERE day = ? AND type = ?", r.Day, string(r.Type)).Scan(&n)
	if err == nil && r.Count > r.Ceiling-min(uint64(n), r.Ceiling) {
		err = ErrCeiling
	}
	return err
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
	_, err = c.ExecContext(ctx, `INSERT INTO meter (day, type, member, used) VALUES (?, ?, ?, ?)
		ON CONFLICT (day, type, member) DO UPDATE SET used = used + excluded.used`,
		r.Day, string(r.Type), r.Member, int64(r.Count))
	return err
}
