package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors of a store. After each of them nothing of the operation has been kept, and the store
// goes on working; texts say what to do next.
var (
	// ErrFull reports a disk, quota or database limit that is exhausted.
	ErrFull = errors.New("the disk is full: nothing was kept; free some space and repeat")
	// ErrDisk reports a disk that failed to read or write.
	ErrDisk = errors.New("the disk failed: nothing was kept; check the disk and the folder's permissions, then repeat")
	// ErrLocked reports a database that another process holds.
	ErrLocked = errors.New("another process holds the database: stop it and repeat")
	// ErrDamaged reports a file that is not an intact database.
	ErrDamaged = errors.New("the database is damaged: stop the node and restore the file from a backup")
	// ErrSchema reports a database of a version that this program does not know.
	ErrSchema = errors.New("the database was written by another version of crosslight")
	// ErrLedger reports a database that belongs to another consortium.
	ErrLedger = errors.New("the database belongs to another ledger: use the home folder of this one")
	// ErrNotFound reports something that is not in the store.
	ErrNotFound = errors.New("not in the store")
	// ErrCursor reports a page cursor that no list of this store gave out.
	ErrCursor = errors.New("not a cursor of this list: start again without one")
	// ErrClosed reports an import that has already been committed or aborted.
	ErrClosed = errors.New("the import is closed")
	// ErrRow reports a row that breaks the limits of [Row].
	ErrRow = errors.New("not a row of an import")
)

// The errors of [Store.Charge].
var (
	// ErrBudget reports a charge above the day's limit. Nothing was charged.
	ErrBudget = errors.New("budget spent")
	// ErrCeiling reports a charge above the ceiling of all queriers of a type. It is an [ErrBudget].
	ErrCeiling = fmt.Errorf("%w by all queriers of the type together", ErrBudget)
	// ErrReplay reports a request that was charged before, unchanged: it may be answered again, for
	// nothing was charged now.
	ErrReplay = errors.New("request was charged before")
	// ErrRequestID reports a request id that stands for another request. Nothing was charged.
	ErrRequestID = errors.New("request id was used for another request")
)

// mapped gives err its name in this package. It drops the driver's text where that could quote a
// value, and keeps the result code, which cannot.
func mapped(err error) error {
	var fault *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w (%w)", ErrFull, err)
	case errors.As(err, &fault):
		return fmt.Errorf("%w (SQLite result %d)", named(fault.Code()), fault.Code())
	}
	return err
}

// errSQL is for results that only our own statements can cause.
var errSQL = errors.New("the database refused a statement")

func named(code int) error {
	switch code & 0xff { // the rest is SQLite's extended code
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ErrDisk
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrLocked
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrDamaged
	case sqlite3.SQLITE_INTERRUPT:
		return context.Canceled
	}
	return errSQL
}

// cause prefers the context's own error, which SQLite reports as an interrupt or a closed
// connection.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return mapped(err)
}
