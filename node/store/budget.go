package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Meter is what a member has used here of a day's evaluations of a type.
type Meter struct {
	Member string
	Type   indicator.Type
	Used   uint64
}

// Meters lists the meters of a ledger day, by type, then member.
func (s *Store) Meters(ctx context.Context, day string) ([]Meter, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT type, member, used FROM meter WHERE day = ? ORDER BY type, member", day)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, m *Meter) error { return rows.Scan(&m.Type, &m.Member, &m.Used) })
}

// Told is what a holder last said is left of this member's budget.
type Told struct {
	Holder string // member
	Type   indicator.Type
	Left   uint64
	Resets time.Time // of ledger time, whole seconds
	At     time.Time // milliseconds are kept
}

// NoteTold keeps what holders have said in place of what they said before.
func (s *Store) NoteTold(ctx context.Context, all []Told) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error { return noteTold(ctx, c, all) })
	if err != nil {
		return fmt.Errorf("note what is left of budgets: %w", err)
	}
	return nil
}

func noteTold(ctx context.Context, c *sql.Conn, all []Told) error {
	for _, t := range all {
		_, err := c.ExecContext(ctx, `INSERT INTO told (holder, type, remaining, resets, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (holder, type) DO UPDATE SET remaining = excluded.remaining, resets = excluded.resets, at = excluded.at`,
			t.Holder, string(t.Type), int64(min(t.Left, 1<<62)), t.Resets.Unix(), t.At.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// Told lists what holders last said, by holder, then type.
func (s *Store) Told(ctx context.Context) ([]Told, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT holder, type, remaining, resets, at FROM told ORDER BY holder, type")
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, t *Told) error {
		var resets, at int64
		err := rows.Scan(&t.Holder, &t.Type, &t.Left, &resets, &at)
		t.Resets, t.At = time.Unix(resets, 0).UTC(), fromMillis(at)
		return err
	})
}
