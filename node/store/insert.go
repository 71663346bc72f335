package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// insertRows is how many rows one statement inserts; a statement costs more than a row.
const insertRows = 64

const insertColumns = 7

// inserter inserts rows of one kind (derived or not) and counts those that were new.
type inserter struct {
	conn    *sql.Conn
	full    *sql.Stmt
	args    []any
	rows    int64
	new     int64
	byType  map[indicator.Type]int64
	current indicator.Type
}

func insertSQL(rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", insertColumns), ",") + ")"
	return "INSERT INTO indicator (type, digest, label, reference, expires, derived, imported) VALUES " +
		strings.TrimSuffix(strings.Repeat(one+",", rows), ",") + " ON CONFLICT (digest) DO NOTHING"
}

// insertAll puts every first row of a digest into the table, in the order of its index.
func insertAll(ctx context.Context, c *sql.Conn, st *stage, s *Store) (counts Counts, err error) {
	full, err := c.PrepareContext(ctx, insertSQL(insertRows))
	if err != nil {
		return Counts{}, err
	}
	defer full.Close()
	changed := map[indicator.Type]int64{}
	lines := &inserter{conn: c, full: full, byType: changed}
	derived := &inserter{conn: c, full: full, byType: changed}
	now := s.now().UnixMilli()
	var last *indicator.Digest
	var repeated int64
	err = st.each(func(r *staged) error {
		if last != nil && *last == r.Digest {
			if !r.Derived {
				repeated++
			}
			return nil
		}
		d := r.Digest // r is overwritten by the next row
		last = &d
		if r.Derived {
			return derived.add(ctx, r, d[:], now)
		}
		return lines.add(ctx, r, d[:], now)
	})
	if err == nil {
		err = lines.flush(ctx)
	}
	if err == nil {
		err = derived.flush(ctx)
	}
	if err == nil {
		err = s.main.at("rows")
	}
	if err == nil {
		err = adjust(ctx, c, changed)
	}
	return Counts{Imported: lines.new, Duplicates: repeated + lines.rows - lines.new, Derived: derived.new}, err
}

func (in *inserter) add(ctx context.Context, r *staged, digest []byte, now int64) error {
	if r.Type != in.current {
		if err := in.flush(ctx); err != nil {
			return err
		}
		in.current = r.Type
	}
	in.args = append(in.args, string(r.Type), digest, r.Label,
		nullable(r.Reference), nullable(r.Expires), r.Derived, now)
	in.rows++
	if len(in.args) == insertRows*insertColumns {
		return in.flush(ctx)
	}
	return nil
}

// flush inserts what has gathered, all of one type.
func (in *inserter) flush(ctx context.Context) error {
	if len(in.args) == 0 {
		return nil
	}
	var res sql.Result
	var err error
	if rows := len(in.args) / insertColumns; rows == insertRows {
		res, err = in.full.ExecContext(ctx, in.args...)
	} else {
		res, err = in.conn.ExecContext(ctx, insertSQL(rows), in.args...)
	}
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	in.new += n
	in.byType[in.current] += n
	in.args = in.args[:0]
	return err
}

// adjust carries a change of the set into the tally, in the same transaction.
func adjust(ctx context.Context, c *sql.Conn, changed map[indicator.Type]int64) error {
	for t, n := range changed {
		if n == 0 {
			continue
		}
		_, err := c.ExecContext(ctx, `INSERT INTO tally (type, held, revision) VALUES (?, ?, 1)
			ON CONFLICT (type) DO UPDATE SET held = held + excluded.held, revision = revision + 1`, string(t), n)
		if err != nil {
			return err
		}
	}
	return nil
}

// nullable stores an absent text as NULL, which the partial indexes leave out.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
