package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Withdrawal names what to take out: the digests listed, and all that carry Reference if that is not
// empty. DryRun reports and keeps.
type Withdrawal struct {
	Digests   []indicator.Digest
	Reference string
	DryRun    bool
}

// Withdrawn is an indicator that was taken out.
type Withdrawn struct {
	Type   indicator.Type
	Digest indicator.Digest
}

// Withdraw takes indicators out of the store, with their cached OPRF outputs, and writes them to the
// withdrawal journal, in one transaction. unknown counts the digests that the store does not hold; id is
// that of the [Removal], 0 where nothing was taken out.
func (s *Store) Withdraw(ctx context.Context, w Withdrawal) (out []Withdrawn, unknown, id int64, err error) {
	err = s.main.tx(ctx, func(c *sql.Conn) error {
		out, unknown, id = nil, 0, 0
		for _, d := range w.Digests {
			got, err := s.remove(ctx, c, "withdrawn", "digest = ?", d[:])
			if err != nil {
				return err
			}
			if len(got) == 0 {
				unknown++
			}
			out = append(out, got...)
		}
		if w.Reference != "" {
			got, err := s.remove(ctx, c, "withdrawn", "reference = ?", w.Reference)
			if err != nil {
				return err
			}
			out = append(out, got...)
		}
		var err error
		id, err = s.endRemoval(ctx, c, "withdrawn", out, w.DryRun)
		return err
	})
	if err != nil {
		return nil, 0, 0, fmt.Errorf("withdraw: %w", err)
	}
	return out, unknown, id, nil
}

// Expire takes out every indicator whose expiry date lies before the day of now in UTC, as Withdraw
// does. The date itself is the last day on which an indicator is served.
func (s *Store) Expire(ctx context.Context, now time.Time) (out []Withdrawn, err error) {
	today := now.UTC().Format(time.DateOnly)
	err = s.main.tx(ctx, func(c *sql.Conn) error {
		var err error
		if out, err = s.remove(ctx, c, "expired", "expires < ?", today); err != nil {
			return err
		}
		_, err = s.endRemoval(ctx, c, "expired", out, len(out) == 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("expire: %w", err)
	}
	return out, nil
}

// remove deletes what matches where, a fixed text, and enters it in the journal.
func (s *Store) remove(ctx context.Context, c *sql.Conn, why, where string, arg any) ([]Withdrawn, error) {
	_, err := c.ExecContext(ctx, `INSERT INTO withdrawal (digest, type, cause, at, indicator)
		SELECT digest, type, ?, ?, id FROM indicator WHERE `+where, why, s.now().UnixMilli(), arg)
	if err != nil {
		return nil, err
	}
	rows, err := c.QueryContext(ctx, "DELETE FROM indicator WHERE "+where+" RETURNING type, digest", arg)
	if err != nil {
		return nil, err
	}
	return collect(ctx, rows, func(rows *sql.Rows, w *Withdrawn) error {
		var digest []byte
		err := rows.Scan(&w.Type, &digest)
		copy(w.Digest[:], digest)
		return err
	})
}

func (s *Store) endRemoval(ctx context.Context, c *sql.Conn, why string, out []Withdrawn, discard bool) (id int64, err error) {
	if discard {
		return 0, errDiscard
	}
	changed := map[indicator.Type]int64{}
	for _, w := range out {
		changed[w.Type]--
	}
	if len(out) > 0 {
		id, err = s.noteRemoval(ctx, c, why, changed)
	}
	return id, errors.Join(err, s.main.at("rows"), adjust(ctx, c, changed))
}

// Journal is a line of the withdrawal journal.
type Journal struct {
	ID     int64 // grows with time
	Was    int64 // the id that the indicator had: see [Position]
	Type   indicator.Type
	Digest indicator.Digest
	Cause  string // "withdrawn" or "expired"
	At     time.Time
}

// Withdrawals lists the journal of one type in the order of time, lines after the one called after.
func (s *Store) Withdrawals(ctx context.Context, t indicator.Type, after int64, limit int) ([]Journal, error) {
	rows, err := s.main.read.QueryContext(ctx, `SELECT id, indicator, type, digest, cause, at FROM withdrawal
		WHERE id > ? AND type = ? ORDER BY id LIMIT ?`, after, string(t), pageSize(limit))
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, j *Journal) error {
		var digest []byte
		var at int64
		err := rows.Scan(&j.ID, &j.Was, &j.Type, &digest, &j.Cause, &at)
		copy(j.Digest[:], digest)
		j.At = fromMillis(at)
		return err
	})
}
