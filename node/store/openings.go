package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Opening is what this member keeps of one request to a holder. Sealed is what opens its elements, under
// a key that is elsewhere.
type Opening struct {
	Hash      [32]byte // of the header
	Holder    string   // peer id
	Day       uint64   // of ledger time, since 1970-01-01
	Until     uint64   // the last day on which it is kept
	Count     uint64   // elements
	Header    []byte
	Signature []byte // 64 bytes
	Sealed    []byte
	Answered  bool // the holder has signed that it answered
}

// KeepOpenings keeps requests that are about to leave, and notes which of those before were answered, in
// one transaction; it is on disk when it returns.
func (s *Store) KeepOpenings(ctx context.Context, keep []Opening, answered [][32]byte) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		for _, o := range keep {
			_, err := c.ExecContext(ctx, `INSERT INTO opening (hash, holder, day, until, count, header, signature, sealed, answered)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`, o.Hash[:], o.Holder, int64(o.Day), int64(o.Until), int64(o.Count), o.Header, o.Signature, o.Sealed)
			if err != nil {
				return err
			}
		}
		for _, h := range answered {
			if _, err := c.ExecContext(ctx, "UPDATE opening SET answered = 1 WHERE hash = ?", h[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what opens a request: %w", err)
	}
	return nil
}

// EachOpening calls f with what was asked of a holder on a day, without Sealed, in ascending order of hash.
func (s *Store) EachOpening(ctx context.Context, day uint64, holder string, f func(Opening) error) error {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT hash, until, count, header, signature, answered FROM opening
		WHERE day = ? AND holder = ? ORDER BY hash`, int64(day), holder)
	if err != nil {
		return cause(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		o, hash := Opening{Holder: holder, Day: day}, []byte{}
		if err := rows.Scan(&hash, &o.Until, &o.Count, &o.Header, &o.Signature, &o.Answered); err != nil {
			return cause(ctx, err)
		}
		copy(o.Hash[:], hash)
		if err := f(o); err != nil {
			return err
		}
	}
	return cause(ctx, rows.Err())
}

// OpeningByHash returns what is kept of a request, or [ErrNotFound].
func (s *Store) OpeningByHash(ctx context.Context, hash [32]byte) (Opening, error) {
	o := Opening{Hash: hash}
	err := s.activity.read.QueryRowContext(ctx, `SELECT holder, day, until, count, header, signature, sealed, answered
		FROM opening WHERE hash = ?`, hash[:]).
		Scan(&o.Holder, &o.Day, &o.Until, &o.Count, &o.Header, &o.Signature, &o.Sealed, &o.Answered)
	return o, cause(ctx, err)
}

// ActiveDays lists the days after one day, and up to another, on which this member asked or answered
// something, in ascending order.
func (s *Store) ActiveDays(ctx context.Context, after, last uint64) ([]uint64, error) {
	rows, err := s.activity.read.QueryContext(ctx, `SELECT day FROM opening WHERE day > ?1 AND day <= ?2
		UNION SELECT log_day FROM request WHERE log_day > ?1 AND log_day <= ?2 ORDER BY 1`, int64(after), int64(last))
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, day *uint64) error { return rows.Scan(day) })
}

// EraseOpenings removes what was kept of a day until another. The rows are overwritten in the file
// (SQLite's secure_delete); what the log beside it still holds is sealed under a key that must be
// destroyed first.
func (s *Store) EraseOpenings(ctx context.Context, day, until uint64) (n int64, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		res, err := c.ExecContext(ctx, "DELETE FROM opening WHERE day = ? AND until = ?", int64(day), int64(until))
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase what was kept of a day: %w", err)
	}
	return n, nil
}

// Undated lists up to limit headers of requests that this member answered and that belong to no day yet.
func (s *Store) Undated(ctx context.Context, limit int) ([]Answered, error) {
	return s.answered(ctx, "SELECT querier, id, hash, count, header FROM request WHERE log_day IS NULL LIMIT ?", limit)
}

// Answered is a request that this member answered.
type Answered struct {
	Querier string // peer id
	ID      [16]byte
	Hash    [32]byte // of the header
	Count   uint64
	Header  []byte
}

// AnsweredOn lists what a querier was answered on a day, in ascending order of hash.
func (s *Store) AnsweredOn(ctx context.Context, day uint64, querier string) ([]Answered, error) {
	return s.answered(ctx, `SELECT querier, id, hash, count, header FROM request WHERE log_day = ? AND querier = ? ORDER BY hash`, int64(day), querier)
}

func (s *Store) answered(ctx context.Context, query string, args ...any) ([]Answered, error) {
	rows, err := s.activity.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, a *Answered) error {
		var id, hash []byte
		err := rows.Scan(&a.Querier, &id, &hash, &a.Count, &a.Header)
		copy(a.ID[:], id)
		copy(a.Hash[:], hash)
		return err
	})
}

// NoDay is for what is charged and is no question that an audit could open.
const NoDay = 1<<64 - 1

// Date notes the day that each request belongs to.
func (s *Store) Date(ctx context.Context, list []Answered, day func(Answered) uint64) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		for _, a := range list {
			_, err := c.ExecContext(ctx, "UPDATE request SET log_day = ? WHERE querier = ? AND id = ?", int64(day(a)), a.Querier, a.ID[:])
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("date requests: %w", err)
	}
	return nil
}

// SaveDayLog keeps what a holder has signed of a day's log. The first stands.
func (s *Store) SaveDayLog(ctx context.Context, day uint64, holder string, summary, signature []byte) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "INSERT INTO day_log (day, holder, summary, signature) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			int64(day), holder, summary, signature)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a holder's log: %w", err)
	}
	return nil
}

// SaveNonce keeps this seat's nonce of a round, before it is committed to, and returns the one that is
// kept: a nonce that was drawn before a crash is the one that may have been committed to.
func (s *Store) SaveNonce(ctx context.Context, audit [32]byte, round uint64, nonce [32]byte) ([32]byte, error) {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "INSERT INTO audit_nonce (audit, round, nonce) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			audit[:], int64(round), nonce[:])
		return err
	})
	if err != nil {
		return nonce, fmt.Errorf("keep a nonce: %w", err)
	}
	return s.Nonce(ctx, audit, round)
}

// Nonce returns the nonce of a round, or [ErrNotFound].
func (s *Store) Nonce(ctx context.Context, audit [32]byte, round uint64) (nonce [32]byte, err error) {
	var b []byte
	err = s.activity.read.QueryRowContext(ctx, "SELECT nonce FROM audit_nonce WHERE audit = ? AND round = ?", audit[:], int64(round)).Scan(&b)
	if err != nil {
		return nonce, cause(ctx, err)
	}
	if len(b) != len(nonce) {
		return nonce, errors.Join(ErrDamaged, errors.New("a nonce has another length"))
	}
	return [32]byte(b), nil
}

// OpeningDays lists the days of which something is kept, each with the last day on which it is.
func (s *Store) OpeningDays(ctx context.Context) ([][2]uint64, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT DISTINCT day, until FROM opening ORDER BY day, until")
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, d *[2]uint64) error { return rows.Scan(&d[0], &d[1]) })
}

// CountOpenings is how many requests left here for a holder on a day.
func (s *Store) CountOpenings(ctx context.Context, day uint64, holder string) (n int, err error) {
	err = s.activity.read.QueryRowContext(ctx, "SELECT count(*) FROM opening WHERE day = ? AND holder = ?", int64(day), holder).Scan(&n)
	return n, cause(ctx, err)
}

// CountAnswered is how many requests of a querier belong to a day or to none yet, which may turn out to be
// of that day.
func (s *Store) CountAnswered(ctx context.Context, day uint64, querier string) (n int, err error) {
	err = s.activity.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM request WHERE log_day = ?1 AND querier = ?2)
		+ (SELECT count(*) FROM request WHERE log_day IS NULL AND querier = ?2)`, int64(day), querier).Scan(&n)
	return n, cause(ctx, err)
}
