package replica

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"github.com/gofrs/flock"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrInUse reports that another process has the folder open.
var ErrInUse = errors.New("the ledger's folder is in use by another process")

// lockWait is how long Open waits for a process that is just ending.
const lockWait = time.Second

// openDatabase opens the log of a folder, after a look at all its pages.
func openDatabase(dir string, noSync bool) (db *raftboltdb.BoltStore, err error) {
	defer func() {
		if recover() != nil { // bbolt's answer to some kinds of damage, and the memory's to a file cut short
			err = fmt.Errorf("%w: %s is not readable", ErrCorrupt, logPath(dir))
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := checkDatabase(logPath(dir)); err != nil {
		return nil, err
	}
	db, err = raftboltdb.New(raftboltdb.Options{
		Path: logPath(dir), BoltOptions: &bbolt.Options{Timeout: lockWait}, NoSync: noSync,
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s; stop that node first", ErrInUse, dir)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, logPath(dir), err)
	}
	return nil, classify(err)
}

// checkDatabase checks the pages of the database at path, which need not exist. It waits for the end of a
// process that has it open, for lockWait at most. Errors: [ErrInUse], [ErrCorrupt], the disk's.
func checkDatabase(path string) (err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // bbolt makes it
	}
	if err != nil {
		return classify(err)
	}
	release, err := lockShared(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	file, err := os.Open(path)
	if err != nil {
		return classify(err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return classify(err)
	}
	c := pageCheck{file: file, size: uint64(info.Size())}
	var ok bool
	if c.meta, ok = c.newestMeta(); !ok {
		return fmt.Errorf("%w: no valid meta page", errPages)
	}
	return c.run()
}

// lockShared keeps writers away from a file, as bbolt's own lock for readers does.
func lockShared(path string) (release func() error, err error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	ok, err := lock.TryRLockContext(ctx, lockWait/20)
	if errors.Is(err, context.DeadlineExceeded) || err == nil && !ok {
		return nil, fmt.Errorf("%w: %s; stop that node first", ErrInUse, path)
	}
	if err != nil {
		return nil, classify(err)
	}
	return lock.Close, nil
}
