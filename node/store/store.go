// Package store keeps what is the member's own: its indicators as digests with their labels, the
// questions it asked, what it matched, what it told others of that and was told, and the requests it
// answered with what they were charged to.
// It is three SQLite files (modernc.org/sqlite, WAL, synchronous=FULL), one writing connection each:
//
//	store.db     indicators, withdrawals, cached OPRF outputs: written by imports, which take seconds
//	activity.db  questions asked, matches, statements about them, requests answered, meters, alerts: written
//	             on every exchange
//	watch.db     what is watched, and what holders evaluated of it: written by the hundred megabytes
//
// They are three so that a member goes on answering while it commits a large import or enrols a watch;
// nothing spans two. Each operation is one transaction: after an error or a crash it has happened whole or not at
// all. The one exception is told where it is made ([Store.DropOutputs]).
//
// An import is staged in a file of sorted runs beside the database (stage.go) and merged into it in
// a single transaction in the order of the index, so that memory does not grow with the feed and the
// index is written front to back. DESIGN.md says what else was tried.
//
// What leaks, to whoever reads the files: digests (which for a phone number are as good as the
// number), labels, references, whom this member asked and who asked it, what matched (tags, labels, keyed
// ids) and what was said of it. No raw value and no masked value is in them. Blinding factors and digests of
// questions are sealed under keys of their days (node/audit), what is watched under keys that the ring
// seals (watch.db), OPRF outputs under the epoch's key (node/holder).
package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Store is a member's own data. It is safe for concurrent use by one process; the home's lock keeps
// a second process out.
type Store struct {
	main     *db
	activity *db
	watch    *db
	dir      string
	now      func() time.Time
	create   func(path string) (stageFile, error)
}

// Open opens or makes the store at path, HOME/store.db, with activity.db and watch.db beside it. It removes what
// an interrupted import left behind. Errors are [ErrSchema], [ErrDamaged], [ErrLocked], [ErrFull]
// and [ErrDisk].
func Open(path string) (*Store, error) { return open(path, synced) }

func open(path string, sync synchronous) (*Store, error) {
	s := &Store{dir: filepath.Dir(path), now: time.Now, create: createStage}
	if err := s.removeStaged(); err != nil {
		return nil, err
	}
	var err error
	if s.main, err = openDB(path, mainSchemas, sync); err != nil {
		return nil, err
	}
	if s.activity, err = openDB(filepath.Join(s.dir, "activity.db"), activitySchemas, sync); err != nil {
		return nil, errors.Join(err, s.main.close())
	}
	if s.watch, err = openDB(filepath.Join(s.dir, "watch.db"), watchSchemas, sync); err != nil {
		return nil, errors.Join(err, s.main.close(), s.activity.close())
	}
	return s, nil
}

// SetClock replaces the clock that dates imports and requests. Call it before anything else.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// Close ends the store. Operations under way are waited for.
func (s *Store) Close() error {
	return errors.Join(s.main.close(), s.activity.close(), s.watch.close())
}

func (s *Store) removeStaged() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return mapped(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stagePrefix) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("remove what an interrupted import left: %w", mapped(err))
		}
	}
	return nil
}

// BindLedger ties the store to a ledger, at its first call, and refuses every other one with
// [ErrLedger] from then on: indexes and meters of two consortia must not mix.
func (s *Store) BindLedger(ctx context.Context, id [32]byte) error {
	for _, d := range []*db{s.main, s.activity, s.watch} {
		err := d.tx(ctx, func(c *sql.Conn) error { return bind(ctx, c, id[:]) })
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(d.path), err)
		}
	}
	return nil
}

func bind(ctx context.Context, c *sql.Conn, id []byte) error {
	var have []byte
	err := c.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'ledger'").Scan(&have)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = c.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES ('ledger', ?)", id)
		return err
	case err != nil:
		return err
	case !bytes.Equal(have, id):
		return ErrLedger
	}
	return nil
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
