package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Alert is a hit of a watch, raised once for one (watch, holder, item).
type Alert struct {
	Seq       int64 // grows in the order in which alerts are raised
	Watch     string
	WatchName string
	Holder    string
	Item      [32]byte // as in [Found]
	Type      indicator.Type
	Match     string  // the id of the match
	Reference *string // this member's own
	Label     []byte  // the holder's, encoded, nil where policy reveals the match alone
	At        time.Time
	Acked     *time.Time
	LeftOut   int64 // hits of the same value above the cap, which raised none
}

// Hits is what a watch found at one holder.
type Hits struct {
	Watch, WatchName string
	Holder           string
	Found            []Found // all of Holder
	At               time.Time
	Purpose, Case    string
}

func (h *Hits) sighting() Sighting {
	return Sighting{Source: FromWatch, Origin: h.Watch, At: h.At, Purpose: h.Purpose, Case: h.Case}
}

// Unseen returns those of found that neither raised an alert of the watch at that holder nor wait, were
// dropped or left out.
func (s *Store) Unseen(ctx context.Context, watch, holder string, found []Found) ([]Found, error) {
	ask, err := s.activity.read.PrepareContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM alert      WHERE watch = ?1 AND holder = ?2 AND item = ?3) OR
		EXISTS (SELECT 1 FROM past_alert WHERE watch = ?1 AND holder = ?2 AND item = ?3) OR
		EXISTS (SELECT 1 FROM held       WHERE watch = ?1 AND holder = ?2 AND item = ?3) OR
		EXISTS (SELECT 1 FROM left_out   WHERE watch = ?1 AND holder = ?2 AND item = ?3)`)
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer ask.Close()
	var out []Found
	for _, f := range found {
		var seen bool
		if err := ask.QueryRowContext(ctx, watch, holder, f.Item[:]).Scan(&seen); err != nil {
			return nil, cause(ctx, err)
		}
		if !seen {
			out = append(out, f)
		}
	}
	return out, nil
}

// AlertsSince counts the alerts of a watch about a holder: before a time, those that were pruned included, and
// from then on.
func (s *Store) AlertsSince(ctx context.Context, watch, holder string, since time.Time) (before, after int64, err error) {
	err = s.activity.read.QueryRowContext(ctx, `SELECT
		count(*) FILTER (WHERE at < ?1) + (SELECT count(*) FROM past_alert WHERE watch = ?2 AND holder = ?3),
		count(*) FILTER (WHERE at >= ?1) FROM alert WHERE watch = ?2 AND holder = ?3`, since.UnixMilli(), watch, holder).Scan(&before, &after)
	return before, after, cause(ctx, err)
}

// Raise enters matches and their alerts, and puts the alerts into the outbox of each receiver, all of it
// or nothing. A hit that has an alert already raises none; one above limit alerts of its value is left
// out and counted. raised are the new alerts in order.
func (s *Store) Raise(ctx context.Context, hits Hits, limit int64, receivers []string) (raised []Alert, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		raised, err = raise(ctx, c, hits, limit, receivers)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("raise alerts: %w", err)
	}
	return raised, nil
}

func raise(ctx context.Context, c *sql.Conn, hits Hits, limit int64, receivers []string) (raised []Alert, err error) {
	added, err := addMatches(ctx, c, hits.sighting(), hits.Found)
	if err != nil {
		return nil, err
	}
	for n, f := range hits.Found {
		a := Alert{
			Watch: hits.Watch, WatchName: hits.WatchName, Holder: hits.Holder, Item: f.Item, Type: f.Type, Match: added[n].ID,
			Reference: f.Reference, Label: f.Label, At: fromMillis(hits.At.UnixMilli()),
		}
		ok, err := insertAlert(ctx, c, &a, limit, receivers)
		if err != nil {
			return nil, err
		}
		if ok {
			raised = append(raised, a)
		}
	}
	return raised, nil
}

func insertAlert(ctx context.Context, c *sql.Conn, a *Alert, limit int64, receivers []string) (ok bool, err error) {
	var all, same int64
	err = c.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE holder = ?1) FROM (
		SELECT holder FROM alert WHERE watch = ?2 AND item = ?3 UNION ALL SELECT holder FROM past_alert WHERE watch = ?2 AND item = ?3)`,
		a.Holder, a.Watch, a.Item[:]).Scan(&all, &same)
	if err != nil || same > 0 {
		return false, err
	}
	if all >= limit {
		_, err := c.ExecContext(ctx, "INSERT INTO left_out (watch, item, holder) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", a.Watch, a.Item[:], a.Holder)
		return false, err
	}
	res, err := c.ExecContext(ctx, `INSERT INTO alert (watch, watch_name, holder, item, type, match, reference, label, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.Watch, a.WatchName, a.Holder, a.Item[:], string(a.Type), a.Match, a.Reference, a.Label, a.At.UnixMilli())
	if err != nil {
		return false, err
	}
	if a.Seq, err = res.LastInsertId(); err != nil {
		return false, err
	}
	for _, r := range receivers {
		if _, err := c.ExecContext(ctx, "INSERT INTO outbox (receiver, alert) VALUES (?, ?)", r, a.Seq); err != nil {
			return false, err
		}
	}
	return true, nil
}
