package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// busyTimeout is how long a statement waits for another connection of this process, which at worst
// is in the middle of a large commit.
const busyTimeout = 10 * time.Second

// readers is the size of the read pool. Reads do not wait for writes (WAL).
const readers = 4

// Page caches in KiB. The writer's is the memory that a large import costs.
const (
	writerCache = 48 << 10
	readerCache = 4 << 10
)

// synchronous is SQLite's pragma of that name: what a commit waits for.
type synchronous string

const (
	synced   synchronous = "FULL" // a commit is on the disk: it stands also after a power cut
	unsynced synchronous = "OFF"  // it is with the kernel: for tests in which no power is cut
)

// db is one SQLite file: a single connection that writes, and a pool that only reads.
type db struct {
	path  string
	write *sql.DB
	read  *sql.DB
	// fault, nil outside tests, is asked at named points whether to fail there.
	fault func(point string) error
}

func openDB(path string, schemas []string, sync synchronous) (*db, error) {
	// SQLite gives -wal and -shm the mode of the file itself.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, mapped(err)
	}
	if err := f.Close(); err != nil {
		return nil, mapped(err)
	}
	d := &db{path: path}
	if d.write, err = sql.Open("sqlite", dsn(path, writerCache, sync, false)); err != nil {
		return nil, mapped(err)
	}
	d.write.SetMaxOpenConns(1)
	if err := d.migrate(schemas); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Base(path), mapped(err)), d.write.Close())
	}
	if d.read, err = sql.Open("sqlite", dsn(path, readerCache, sync, true)); err != nil {
		return nil, errors.Join(mapped(err), d.write.Close())
	}
	d.read.SetMaxOpenConns(readers)
	return d, nil
}

func dsn(path string, cacheKiB int, sync synchronous, readOnly bool) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path // no working folder: SQLite will report it
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", fmt.Sprintf("synchronous(%s)", sync), "foreign_keys(1)",
		"secure_delete(FAST)", "trusted_schema(0)", "temp_store(MEMORY)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		fmt.Sprintf("journal_size_limit(%d)", 8<<20),
	}}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	}
	return (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String()
}

// migrate brings the file to the newest version, one step a transaction.
func (d *db) migrate(schemas []string) error {
	ctx := context.Background()
	version, err := d.version(ctx, len(schemas))
	if err != nil {
		return err
	}
	for ; version < len(schemas); version++ {
		err := d.tx(ctx, func(c *sql.Conn) error {
			_, err := c.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d",
				schemas[version], applicationID, version+1))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *db) version(ctx context.Context, known int) (int, error) {
	var app, version, tables int
	err := errors.Join(
		d.write.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app),
		d.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		d.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables))
	switch {
	case err != nil:
		return 0, err
	case app != applicationID && (app != 0 || tables != 0):
		return 0, fmt.Errorf("%w: it is not a database of crosslight", ErrSchema)
	case version < 0 || version > known:
		return 0, fmt.Errorf("%w: schema %d, at most %d known: run the version that wrote it", ErrSchema, version, known)
	}
	return version, nil
}

func (d *db) close() error {
	return errors.Join(mapped(d.read.Close()), mapped(d.write.Close()))
}
