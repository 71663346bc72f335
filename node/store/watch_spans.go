package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Span is a part of a run that a holder evaluated in an epoch: Count elements from Start on. Sealed holds
// their OPRF outputs.
type Span struct {
	Watch  int64  // its Seq
	Holder string // the member's name
	Epoch  uint64
	Run    int
	Start  int
	Count  int
	Sealed []byte // nil in lists
}

// PutSpan keeps what a holder evaluated. From then on these elements are done with that holder for that
// epoch. One whose watch was removed meanwhile is not kept: [ErrNotFound].
func (s *Store) PutSpan(ctx context.Context, p Span) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		res, err := c.ExecContext(ctx, `INSERT INTO span (watch, holder, epoch, n, start, count, sealed)
			SELECT seq, ?, ?, ?, ?, ?, ? FROM watch WHERE seq = ? ON CONFLICT DO NOTHING`,
			p.Holder, int64(p.Epoch), p.Run, p.Start, p.Count, p.Sealed, p.Watch)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var there int
		return c.QueryRowContext(ctx, "SELECT 1 FROM watch WHERE seq = ?", p.Watch).Scan(&there)
	})
	if err != nil {
		return fmt.Errorf("keep what a holder evaluated: %w", err)
	}
	return nil
}

// Spans lists what a holder evaluated of a watch in an epoch, by run and start, without the outputs.
func (s *Store) Spans(ctx context.Context, watch int64, holder string, epoch uint64) ([]Span, error) {
	return s.spans(ctx, "", "watch = ? AND holder = ? AND epoch = ? ORDER BY n, start", watch, holder, int64(epoch))
}

// SpansOfRun lists the same of one run, with the outputs.
func (s *Store) SpansOfRun(ctx context.Context, watch int64, holder string, epoch uint64, run int) ([]Span, error) {
	return s.spans(ctx, ", sealed", "watch = ? AND holder = ? AND epoch = ? AND n = ? ORDER BY start", watch, holder, int64(epoch), run)
}

func (s *Store) spans(ctx context.Context, more, where string, args ...any) ([]Span, error) {
	rows, err := s.watch.read.QueryContext(ctx, "SELECT watch, holder, epoch, n, start, count"+more+" FROM span WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, p *Span) error { return scanSpan(rows, p, more != "") })
}

func scanSpan(rows *sql.Rows, p *Span, sealed bool) error {
	var epoch int64
	to := []any{&p.Watch, &p.Holder, &epoch, &p.Run, &p.Start, &p.Count}
	if sealed {
		to = append(to, &p.Sealed)
	}
	err := rows.Scan(to...)
	p.Epoch = uint64(epoch)
	return err
}

// EachSpan calls f with everything that a holder evaluated of all watches for one type in an epoch, one
// span in memory at a time.
func (s *Store) EachSpan(ctx context.Context, holder string, epoch uint64, t indicator.Type, f func(Span) error) error {
	rows, err := s.watch.read.QueryContext(ctx, `SELECT p.watch, p.holder, p.epoch, p.n, p.start, p.count, p.sealed
		FROM span AS p JOIN run AS r ON r.watch = p.watch AND r.n = p.n
		WHERE p.holder = ? AND p.epoch = ? AND r.type = ?`, holder, int64(epoch), string(t))
	if err != nil {
		return cause(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Span
		if err := scanSpan(rows, &p, true); err != nil {
			return cause(ctx, err)
		}
		if err := f(p); err != nil {
			return err
		}
	}
	return cause(ctx, rows.Err())
}

// Enrolled is how many elements of a type a holder evaluated of a watch in an epoch.
type Enrolled struct {
	Watch  int64
	Holder string
	Epoch  uint64
	Type   indicator.Type
	Count  int64
}

// Enrolled tallies what holders evaluated, of one watch or, where watch is 0, of all.
func (s *Store) Enrolled(ctx context.Context, watch int64) ([]Enrolled, error) {
	rows, err := s.watch.read.QueryContext(ctx, `SELECT p.watch, p.holder, p.epoch, r.type, sum(p.count)
		FROM span AS p JOIN run AS r ON r.watch = p.watch AND r.n = p.n
		WHERE ? = 0 OR p.watch = ? GROUP BY p.watch, p.holder, p.epoch, r.type ORDER BY 1, 2, 3, 4`, watch, watch)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, e *Enrolled) error {
		var epoch int64
		err := rows.Scan(&e.Watch, &e.Holder, &epoch, &e.Type, &e.Count)
		e.Epoch = uint64(epoch)
		return err
	})
}

// DropSpans forgets what a holder evaluated in an epoch that is over.
func (s *Store) DropSpans(ctx context.Context, holder string, epoch uint64) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "DELETE FROM span WHERE holder = ? AND epoch = ?", holder, int64(epoch))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget an ended epoch: %w", err)
	}
	return nil
}

// Hindrance is what keeps a holder from evaluating the rest of a watch's elements of a type.
type Hindrance struct {
	Watch  int64
	Holder string
	Type   indicator.Type
	Status string     // as in the answers to queries; empty takes the hindrance away
	Detail string     // what to do
	Until  *time.Time // nil where it is not known
}

// SetHindrance notes what keeps a holder from going on, or that nothing does any more.
func (s *Store) SetHindrance(ctx context.Context, h Hindrance) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		if h.Status == "" {
			_, err := c.ExecContext(ctx, "DELETE FROM hindrance WHERE watch = ? AND holder = ? AND type = ?", h.Watch, h.Holder, string(h.Type))
			return err
		}
		var until any
		if h.Until != nil {
			until = h.Until.UnixMilli()
		}
		_, err := c.ExecContext(ctx, `INSERT INTO hindrance (watch, holder, type, status, detail, until)
			SELECT seq, ?, ?, ?, ?, ? FROM watch WHERE seq = ? ON CONFLICT (watch, holder, type)
			DO UPDATE SET status = excluded.status, detail = excluded.detail, until = excluded.until`,
			h.Holder, string(h.Type), h.Status, h.Detail, until, h.Watch)
		return err
	})
	if err != nil {
		return fmt.Errorf("note how a holder stands: %w", err)
	}
	return nil
}

// Hindrances lists what keeps holders from going on, of one watch or, where watch is 0, of all.
func (s *Store) Hindrances(ctx context.Context, watch int64) ([]Hindrance, error) {
	rows, err := s.watch.read.QueryContext(ctx, `SELECT watch, holder, type, status, detail, until FROM hindrance
		WHERE ? = 0 OR watch = ? ORDER BY watch, holder, type`, watch, watch)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, h *Hindrance) error {
		var until sql.NullInt64
		err := rows.Scan(&h.Watch, &h.Holder, &h.Type, &h.Status, &h.Detail, &until)
		if until.Valid {
			at := fromMillis(until.Int64)
			h.Until = &at
		}
		return err
	})
}

// PutSent keeps what this member and a holder signed to one another while a watch was enrolled.
func (s *Store) PutSent(ctx context.Context, watch string, sent []Sent) error {
	err := s.watch.tx(ctx, func(c *sql.Conn) error {
		for _, r := range sent {
			_, err := c.ExecContext(ctx, `INSERT INTO sent (watch, holder, header, signature, receipt, receipt_signature)
				VALUES (?, ?, ?, ?, ?, ?)`, watch, r.Holder, r.Header, r.Signature, r.Receipt, r.ReceiptSignature)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep receipts: %w", err)
	}
	return nil
}
