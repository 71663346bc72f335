package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Retention is what may be pruned.
type Retention struct {
	// Day is the oldest ledger day, YYYY-MM-DD, whose meters are kept. Whoever calls sees to it that the day of the
	// final state and the one before are: requests may still be charged to them.
	Day string
	// Before is when alerts have to be acknowledged, quarantines settled and reconciliations over for them to go.
	Before time.Time
}

// Pruned counts what was pruned.
type Pruned struct{ Meters, Alerts, Quarantines, Reconciles int64 }

// None says that there was nothing to prune.
func (p Pruned) None() bool { return p == Pruned{} }

// perPrune is how many rows of a kind are pruned in one transaction, so that answers to other members do not wait.
const perPrune = 500

// Prune removes what nobody needs any more, in short transactions; a crash leaves the rest to the next call.
// What still counts stays: meters of days that requests can be charged to, alerts that are not acknowledged or that
// a webhook has not taken, floods that wait, reconciliations that are not over. Of an alert of a watch that is still
// there it stays known that it was raised.
func (s *Store) Prune(ctx context.Context, r Retention) (all Pruned, err error) {
	watches, err := s.texts(ctx, "SELECT id FROM watch")
	if err != nil {
		return all, fmt.Errorf("prune: %w", err)
	}
	there := make(map[string]bool, len(watches))
	for _, id := range watches {
		there[id] = true
	}
	for {
		var now Pruned
		err := s.activity.tx(ctx, func(c *sql.Conn) (err error) {
			now, err = prune(ctx, c, r, there)
			return err
		})
		if err != nil {
			return all, fmt.Errorf("prune: %w", err)
		}
		if now.None() {
			break
		}
		all.Meters += now.Meters
		all.Alerts += now.Alerts
		all.Quarantines += now.Quarantines
		all.Reconciles += now.Reconciles
	}
	return all, s.forgetWatches(ctx, there)
}

func prune(ctx context.Context, c *sql.Conn, r Retention, there map[string]bool) (p Pruned, err error) {
	before := r.Before.UnixMilli()
	for n, statement := range map[*int64]string{
		&p.Meters: `DELETE FROM meter WHERE (day, type, member) IN (SELECT day, type, member FROM meter WHERE day < ?1 LIMIT ?3)`,
		&p.Reconciles: `DELETE FROM reconcile WHERE seq IN (SELECT seq FROM reconcile
			WHERE updated < ?2 AND state IN ('denied', 'done', 'failed', 'cancelled', 'expired') LIMIT ?3)`,
	} {
		if *n, err = changed(c.ExecContext(ctx, statement, r.Day, before, perPrune)); err != nil {
			return p, err
		}
	}
	if p.Alerts, err = pruneAlerts(ctx, c, before, there); err != nil {
		return p, err
	}
	p.Quarantines, err = pruneQuarantines(ctx, c, before, there)
	return p, err
}

func changed(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// pruneAlerts moves what tells that an alert was raised to past_alert, unless its watch is gone: a watch's id is
// never used twice.
func pruneAlerts(ctx context.Context, c *sql.Conn, before int64, there map[string]bool) (n int64, err error) {
	type line struct {
		seq   int64
		watch string
	}
	rows, err := c.QueryContext(ctx, `SELECT seq, watch FROM alert WHERE acked < ?
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.alert = alert.seq) LIMIT ?`, before, perPrune)
	if err != nil {
		return 0, err
	}
	due, err := collect(ctx, rows, func(rows *sql.Rows, l *line) error { return rows.Scan(&l.seq, &l.watch) })
	if err != nil {
		return 0, err
	}
	for _, l := range due {
		if there[l.watch] {
			_, err = c.ExecContext(ctx, "INSERT INTO past_alert (watch, item, holder) SELECT watch, item, holder FROM alert WHERE seq = ? ON CONFLICT DO NOTHING", l.seq)
		}
		if err == nil {
			_, err = c.ExecContext(ctx, "DELETE FROM alert WHERE seq = ?", l.seq)
		}
		if err != nil {
			return 0, err
		}
	}
	return int64(len(due)), nil
}

// pruneQuarantines removes those that were settled, with what they hold, once it can raise nothing: a dropped one's
// hits say for as long as there is the watch that they are never to be raised.
func pruneQuarantines(ctx context.Context, c *sql.Conn, before int64, there map[string]bool) (n int64, err error) {
	type line struct {
		seq   int64
		watch string
		held  bool
	}
	rows, err := c.QueryContext(ctx, `SELECT seq, watch, EXISTS (SELECT 1 FROM held WHERE held.quarantine = quarantine.seq)
		FROM quarantine WHERE settled < ? AND state IN ('released', 'dropped')`, before)
	if err != nil {
		return 0, err
	}
	settled, err := collect(ctx, rows, func(rows *sql.Rows, l *line) error { return rows.Scan(&l.seq, &l.watch, &l.held) })
	if err != nil {
		return 0, err
	}
	for _, l := range settled {
		if l.held && there[l.watch] {
			continue
		}
		left, err := changed(c.ExecContext(ctx, `DELETE FROM held WHERE (watch, holder, item) IN
			(SELECT watch, holder, item FROM held WHERE quarantine = ? LIMIT ?)`, l.seq, perPrune))
		if err != nil {
			return 0, err
		}
		n++ // something was done, and the next transaction goes on with it
		if left == perPrune {
			return n, nil
		}
		if _, err := c.ExecContext(ctx, "DELETE FROM quarantine WHERE seq = ?", l.seq); err != nil {
			return 0, err
		}
		if n == perPrune {
			return n, nil
		}
	}
	return n, nil
}

// forgetWatches removes what only says, of watches that are gone, that something is not to be raised again.
func (s *Store) forgetWatches(ctx context.Context, there map[string]bool) error {
	for _, table := range []string{"past_alert", "left_out"} {
		rows, err := s.activity.read.QueryContext(ctx, "SELECT DISTINCT watch FROM "+table)
		if err != nil {
			return cause(ctx, err)
		}
		watches, err := collect(ctx, rows, func(rows *sql.Rows, id *string) error { return rows.Scan(id) })
		if err != nil {
			return err
		}
		for _, id := range watches {
			for more := int64(perPrune); !there[id] && more == perPrune; {
				err := s.activity.tx(ctx, func(c *sql.Conn) (err error) {
					more, err = changed(c.ExecContext(ctx, "DELETE FROM "+table+" WHERE (watch, item, holder) IN (SELECT watch, item, holder FROM "+
						table+" WHERE watch = ? AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.watch = ?1) LIMIT ?)", id, perPrune))
					return err
				})
				if err != nil {
					return fmt.Errorf("prune: %w", err)
				}
			}
		}
	}
	return nil
}
