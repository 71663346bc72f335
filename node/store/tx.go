package store

import (
	"context"
	"database/sql"
	"errors"
)

// errDiscard ends a transaction without an error and without keeping it.
var errDiscard = errors.New("store: discard")

// tx runs f between BEGIN IMMEDIATE and COMMIT on the one writing connection. database/sql's own
// transactions are not used: after a COMMIT that failed (a full disk) they hand the connection back
// with the transaction still open.
func (d *db) tx(ctx context.Context, f func(*sql.Conn) error) error {
	c, err := d.write.Conn(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	err = d.run(ctx, c, f)
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	return cause(ctx, err)
}

func (d *db) run(ctx context.Context, c *sql.Conn, f func(*sql.Conn) error) error {
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f(c)
	if err == nil {
		err = d.at("commit")
	}
	if err == nil {
		// Not cancelled half-way: from here on the outcome is the disk's alone.
		_, err = c.ExecContext(context.WithoutCancel(ctx), "COMMIT")
	}
	if err == nil {
		return d.at("committed")
	}
	// SQLite may have rolled back by itself (a full disk), in which case this one is refused.
	_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if errors.Is(err, errDiscard) {
		return nil
	}
	return err
}

// at is where tests let the disk or the process fail.
func (d *db) at(point string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(point)
}

// checkpoint folds the write-ahead log into the file, which gives the disk space of a large commit
// back. What cannot be folded now is folded later; nothing depends on it.
func (d *db) checkpoint(ctx context.Context) {
	_, _ = d.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
}
