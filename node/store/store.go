// Package store keeps what is the member's own: its indicators as digests with their labels, the
// questions it asked with the matches, and the requests it answered with what they were charged to.
// It is two SQLite files (modernc.org/sqlite, WAL, synchronous=FULL), one writing connection each:
//
//	store.db     indicators, withdrawals, cached OPRF outputs: written by imports, which take seconds
//	activity.db  questions asked, requests answered, meters: written on every exchange
//
// They are two so that a member goes on answering while it commits a large import; nothing spans
// both. Each operation is one transaction: after an error or a crash it has happened whole or not at
// all. The one exception is told where it is made ([Store.DropOutputs]).
//
// An import is staged in a file of sorted runs beside the database (stage.go) and merged into it in
// a single transaction in the order of the index, so that memory does not grow with the feed and the
// index is written front to back. DESIGN.md says what else was tried.
//
// What leaks, to whoever reads the two files: digests (which for a phone number are as good as the
// number), labels, references, whom this member asked and who asked it. No raw value,
// no masked value, no blinding factor and no digest of a question is in them, and no OPRF output in the clear:
// node/holder seals them under the epoch's key.
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
	dir      string
	now      func() time.Time
	create   func(path string) (stageFile, error)
}

// Open opens or makes the store at path, HOME/store.db, with activity.db beside it. It removes what
// an interrupted import left behind. Errors are [ErrSchema], [ErrDamaged], [ErrLocked], [ErrFull]
// and [ErrDisk].
func Open(path string) (*Store, error) {
	s := &Store{dir: filepath.Dir(path), now: time.Now, create: createStage}
	if err := s.removeStaged(); err != nil {
		return nil, err
	}
	var err error
	if s.main, err = openDB(path, mainSchemas); err != nil {
		return nil, err
	}
	if s.activity, err = openDB(filepath.Join(s.dir, "activity.db"), activitySchemas); err != nil {
		return nil, errors.Join(err, s.main.close())
	}
	return s, nil
}

// SetClock replaces the clock that dates imports and requests. Call it before anything else.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// Close ends the store. Operations under way are waited for.
func (s *Store) Close() error {
	return errors.Join(s.main.close(), s.activity.close())
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
	for _, d := range []*db{s.main, s.activity} {
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
