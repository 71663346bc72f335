package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// AlertFilter narrows a list of alerts; empty fields let everything through.
type AlertFilter struct {
	Watch  string
	Holder string
	Type   indicator.Type
	Open   bool // not acknowledged yet
}

func (f AlertFilter) where() (string, []any) {
	where, args := "true", []any{}
	and := func(clause string, more ...any) { where, args = where+" AND "+clause, append(args, more...) }
	if f.Watch != "" {
		and("watch = ?", f.Watch)
	}
	if f.Holder != "" {
		and("holder = ?", f.Holder)
	}
	if f.Type != "" {
		and("type = ?", string(f.Type))
	}
	if f.Open {
		and("acked IS NULL")
	}
	return where, args
}

const alertColumns = `seq, watch, watch_name, holder, item, type, match, reference, label, at, acked,
	(SELECT count(*) FROM left_out AS l WHERE l.watch = alert.watch AND l.item = alert.item)`

// Alerts lists alerts, newest first, from where cursor (empty at first) points. next is empty on the last
// page.
func (s *Store) Alerts(ctx context.Context, f AlertFilter, cursor string, limit int) (page []Alert, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	where, args := f.where()
	page, err = s.alerts(ctx, where+" AND seq < ? ORDER BY seq DESC LIMIT ?", append(args, before, limit+1)...)
	if err == nil && len(page) > limit {
		page, next = page[:limit], cursorAt(page[limit-1].Seq)
	}
	return page, next, err
}

// AlertsAfter lists the alerts raised after one, in the order in which they were raised.
func (s *Store) AlertsAfter(ctx context.Context, seq int64, limit int) ([]Alert, error) {
	return s.alerts(ctx, "seq > ? ORDER BY seq LIMIT ?", seq, pageSize(limit))
}

// Alert returns one alert, or [ErrNotFound].
func (s *Store) Alert(ctx context.Context, seq int64) (Alert, error) {
	all, err := s.alerts(ctx, "seq = ?", seq)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Alert{}, err
	}
	return all[0], nil
}

// NewestAlert is the number of the alert that was raised last, 0 where none ever was.
func (s *Store) NewestAlert(ctx context.Context) (seq int64, err error) {
	err = s.activity.read.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alert'").Scan(&seq)
	return seq, cause(ctx, err)
}

func (s *Store) alerts(ctx context.Context, where string, args ...any) ([]Alert, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+alertColumns+" FROM alert WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, a *Alert) error {
		var item []byte
		var at int64
		var acked sql.NullInt64
		err := rows.Scan(&a.Seq, &a.Watch, &a.WatchName, &a.Holder, &item, &a.Type, &a.Match, &a.Reference, &a.Label, &at, &acked, &a.LeftOut)
		copy(a.Item[:], item)
		a.At = fromMillis(at)
		if acked.Valid {
			t := fromMillis(acked.Int64)
			a.Acked = &t
		}
		return err
	})
}

// AlertTally counts the alerts of one watch, those that were pruned among the raised.
type AlertTally struct{ Raised, Open int64 }

// CountAlerts tallies alerts by the id of their watch.
func (s *Store) CountAlerts(ctx context.Context) (map[string]AlertTally, error) {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT watch, sum(raised), sum(open) FROM (
		SELECT watch, count(*) AS raised, count(*) FILTER (WHERE acked IS NULL) AS open FROM alert GROUP BY watch
		UNION ALL SELECT watch, count(*), 0 FROM past_alert GROUP BY watch) GROUP BY watch`)
	if err != nil {
		return nil, cause(ctx, err)
	}
	type line struct {
		watch string
		AlertTally
	}
	lines, err := collect(ctx, rows, func(rows *sql.Rows, l *line) error { return rows.Scan(&l.watch, &l.Raised, &l.Open) })
	out := map[string]AlertTally{}
	for _, l := range lines {
		out[l.watch] = l.AlertTally
	}
	return out, err
}

// Ack acknowledges the alerts in seqs and, where watch is not empty, all of that watch up to the one
// numbered through. acked counts those that were open, unknown those of seqs that there are not. A dry
// run counts and keeps.
func (s *Store) Ack(ctx context.Context, seqs []int64, watch string, through int64, dry bool) (acked, unknown int64, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		acked, unknown = 0, 0
		now := s.now().UnixMilli()
		for _, seq := range seqs {
			var there int64
			if err := c.QueryRowContext(ctx, "SELECT count(*) FROM alert WHERE seq = ?", seq).Scan(&there); err != nil {
				return err
			}
			unknown += 1 - there
			if err := ack(ctx, c, &acked, "seq = ?", now, seq); err != nil {
				return err
			}
		}
		if watch != "" {
			if err := ack(ctx, c, &acked, "watch = ? AND seq <= ?", now, watch, through); err != nil {
				return err
			}
		}
		if dry {
			return errDiscard
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("acknowledge: %w", err)
	}
	return acked, unknown, nil
}

func ack(ctx context.Context, c *sql.Conn, n *int64, where string, now int64, args ...any) error {
	res, err := c.ExecContext(ctx, "UPDATE alert SET acked = ? WHERE acked IS NULL AND "+where, append([]any{now}, args...)...)
	if err != nil {
		return err
	}
	more, err := res.RowsAffected()
	*n += more
	return err
}

// Outbox lists alerts that a receiver has not taken yet, in order.
func (s *Store) Outbox(ctx context.Context, receiver string, limit int) ([]Alert, error) {
	return s.alerts(ctx, "seq IN (SELECT alert FROM outbox WHERE receiver = ? ORDER BY alert LIMIT ?) ORDER BY seq", receiver, limit)
}

// Taken strikes alerts that a receiver has taken from its outbox.
func (s *Store) Taken(ctx context.Context, receiver string, alerts []Alert) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		for _, a := range alerts {
			if _, err := c.ExecContext(ctx, "DELETE FROM outbox WHERE receiver = ? AND alert = ?", receiver, a.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("strike what was taken: %w", err)
	}
	return nil
}

// CountOutbox counts what waits, by receiver.
func (s *Store) CountOutbox(ctx context.Context) (map[string]int64, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT receiver, count(*) FROM outbox GROUP BY receiver")
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var receiver string
		var n int64
		if err := rows.Scan(&receiver, &n); err != nil {
			return nil, cause(ctx, err)
		}
		out[receiver] = n
	}
	return out, cause(ctx, rows.Err())
}

// KeepOutbox drops what waits for receivers that are not in receivers any more, and counts it.
func (s *Store) KeepOutbox(ctx context.Context, receivers []string) (dropped int64, err error) {
	args := make([]any, len(receivers))
	for i, r := range receivers {
		args[i] = r
	}
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		res, err := c.ExecContext(ctx, "DELETE FROM outbox WHERE receiver NOT IN ("+strings.TrimSuffix(strings.Repeat("?,", len(args)), ",")+")", args...)
		if err != nil {
			return err
		}
		dropped, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop what waits for receivers that are gone: %w", err)
	}
	return dropped, nil
}
