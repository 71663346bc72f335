package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// Lock is the right to run on a home. It ends with [Lock.Release] or with the process.
type Lock struct {
	flock *flock.Flock
}

// Lock takes the home for this process and removes what a crashed [WriteFile] left at its top. When
// another process runs on it the error is [ErrInUse] with that process's number.
func (h Home) Lock() (*Lock, error) {
	if _, err := os.Stat(h.version()); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", ErrMissing, string(h))
	}
	f := flock.New(h.lock(), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the home folder: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%w, process %s: stop it, or choose another folder with --home", ErrInUse, h.owner())
	}
	l := &Lock{flock: f}
	// The text serves people only; the lock itself is the kernel's.
	if err := os.WriteFile(h.lock(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock file: %w", err), l.Release())
	}
	if err := RemoveTemporary(string(h)); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

func (h Home) owner() string {
	text, err := os.ReadFile(h.lock())
	if err != nil {
		return "unknown"
	}
	if _, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// Release gives the home up. The file stays: removing it could pull it from under the next holder.
func (l *Lock) Release() error {
	if err := l.flock.Close(); err != nil {
		return fmt.Errorf("release the home folder: %w", err)
	}
	return nil
}
