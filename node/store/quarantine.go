package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// QuarantineState is what became of hits that were held back.
type QuarantineState string

// The states of a quarantine.
const (
	QuarantineWaiting   QuarantineState = "waiting"
	QuarantineReleasing QuarantineState = "releasing" // an operator released it; alerts are being raised
	QuarantineReleased  QuarantineState = "released"
	QuarantineDropped   QuarantineState = "dropped"
)

// Quarantine is hits of one watch at one holder that wait for an operator.
type Quarantine struct {
	Seq              int64
	Watch, WatchName string
	Holder           string
	At, LastAt       time.Time // of its first and its newest hit
	State            QuarantineState
	Settled          *time.Time
	Hits             int64 // that it holds
}

// Hold keeps hits that wait for an operator, beside those of the same watch and holder that wait already,
// and counts those that were not known. Neither a match nor an alert comes of them yet.
func (s *Store) Hold(ctx context.Context, hits Hits) (quarantine, held int64, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		held = 0
		at := hits.At.UnixMilli()
		err := c.QueryRowContext(ctx, `INSERT INTO quarantine (watch, watch_name, holder, purpose, case_ref, at, last_at, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')
			ON CONFLICT (watch, holder) WHERE state = 'waiting' DO UPDATE SET last_at = excluded.last_at RETURNING seq`,
			hits.Watch, hits.WatchName, hits.Holder, hits.Purpose, hits.Case, at, at).Scan(&quarantine)
		if err != nil {
			return err
		}
		put, err := c.PrepareContext(ctx, `INSERT INTO held (quarantine, watch, holder, item, type, reference, label, epoch, tag, proof)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, f := range hits.Found {
			var epoch, tag, proof any
			if f.Place != nil {
				epoch, tag, proof = int64(f.Place.Epoch), f.Place.Tag[:], f.Place.Proof[:]
			}
			res, err := put.ExecContext(ctx, quarantine, hits.Watch, hits.Holder, f.Item[:], string(f.Type), f.Reference, f.Label, epoch, tag, proof)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			held += n
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("hold hits back: %w", err)
	}
	return quarantine, held, nil
}

const quarantineColumns = `seq, watch, watch_name, holder, at, last_at, state, settled,
	(SELECT count(*) FROM held WHERE held.quarantine = quarantine.seq)`

// Quarantines lists quarantines, newest first: those in a state or, where it is empty, all.
func (s *Store) Quarantines(ctx context.Context, state QuarantineState) ([]Quarantine, error) {
	return s.quarantines(ctx, "? = '' OR state = ? ORDER BY seq DESC", state, state)
}

// Quarantine returns one, or [ErrNotFound].
func (s *Store) Quarantine(ctx context.Context, seq int64) (Quarantine, error) {
	all, err := s.quarantines(ctx, "seq = ?", seq)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Quarantine{}, err
	}
	return all[0], nil
}

func (s *Store) quarantines(ctx context.Context, where string, args ...any) ([]Quarantine, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+quarantineColumns+" FROM quarantine WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, q *Quarantine) error {
		var at, last int64
		var settled sql.NullInt64
		err := rows.Scan(&q.Seq, &q.Watch, &q.WatchName, &q.Holder, &at, &last, &q.State, &settled, &q.Hits)
		q.At, q.LastAt = fromMillis(at), fromMillis(last)
		if settled.Valid {
			t := fromMillis(settled.Int64)
			q.Settled = &t
		}
		return err
	})
}

// Settle says what becomes of a quarantine that waits: [QuarantineReleasing] or [QuarantineDropped]. What
// is dropped never raises an alert; that it was seen is kept, what it said is not. One that does not wait
// gives [ErrSettled].
func (s *Store) Settle(ctx context.Context, seq int64, to QuarantineState) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		res, err := c.ExecContext(ctx, "UPDATE quarantine SET state = ?, settled = ? WHERE seq = ? AND state = 'waiting'", to, s.now().UnixMilli(), seq)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = ErrSettled
			}
			return err
		}
		if to == QuarantineDropped {
			_, err = c.ExecContext(ctx, "UPDATE held SET reference = NULL, label = NULL, epoch = NULL, tag = NULL, proof = NULL WHERE quarantine = ?", seq)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("settle the quarantine: %w", err)
	}
	return nil
}

// Release raises the alerts of at most limit hits of a quarantine that is being released, as [Store.Raise]
// does, and says whether that was the last of it. A crash in between leaves the rest to be released.
func (s *Store) Release(ctx context.Context, seq int64, limit int, each int64, receivers []string) (raised []Alert, done bool, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		hits := Hits{At: s.now()}
		err := c.QueryRowContext(ctx, "SELECT watch, watch_name, holder, purpose, case_ref FROM quarantine WHERE seq = ? AND state = 'releasing'", seq).
			Scan(&hits.Watch, &hits.WatchName, &hits.Holder, &hits.Purpose, &hits.Case)
		if err != nil {
			return err
		}
		if hits.Found, err = heldOf(ctx, c, seq, hits.Holder, limit); err != nil {
			return err
		}
		for _, f := range hits.Found {
			if _, err := c.ExecContext(ctx, "DELETE FROM held WHERE watch = ? AND holder = ? AND item = ?", hits.Watch, hits.Holder, f.Item[:]); err != nil {
				return err
			}
		}
		if raised, err = raise(ctx, c, hits, each, receivers); err != nil {
			return err
		}
		if done = len(hits.Found) < limit; done {
			_, err = c.ExecContext(ctx, "UPDATE quarantine SET state = 'released' WHERE seq = ?", seq)
		}
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("release the quarantine: %w", err)
	}
	return raised, done, nil
}

func heldOf(ctx context.Context, c *sql.Conn, seq int64, holder string, limit int) ([]Found, error) {
	rows, err := c.QueryContext(ctx, "SELECT item, type, reference, label, epoch, tag, proof FROM held WHERE quarantine = ? LIMIT ?", seq, limit)
	if err != nil {
		return nil, err
	}
	return collect(ctx, rows, func(rows *sql.Rows, f *Found) error {
		var item, tag, proof []byte
		var epoch sql.NullInt64
		f.Holder = holder
		if err := rows.Scan(&item, &f.Type, &f.Reference, &f.Label, &epoch, &tag, &proof); err != nil {
			return err
		}
		copy(f.Item[:], item)
		if epoch.Valid {
			f.Place = &Place{Epoch: uint64(epoch.Int64)}
			copy(f.Place.Tag[:], tag)
			copy(f.Place.Proof[:], proof)
		}
		return nil
	})
}
