package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Errors of a folder.
var (
	// ErrInUse reports a folder that another witness works on.
	ErrInUse = errors.New("another witness works on this folder")
	// ErrDamaged reports a file that is not what was written. The witness must not sign for that ledger
	// under this key any more: it no longer knows what it signed.
	ErrDamaged = errors.New("what the witness holds is damaged: take a new key")
)

const (
	lockName     = "lock"
	unfinished   = ".unfinished"
	folderHeader = "crosslight/witness/v1 "
)

// Folder is a [Store] in a folder of its own: a file a ledger, named by the ledger id, with a checksum in
// its first line and the signed checkpoint below. A file is replaced by renaming; a crash leaves the one
// before or the one after, and perhaps one that begins with .unfinished.
type Folder struct {
	dir  string
	lock *flock.Flock
}

// OpenFolder takes the folder dir, which must exist, for this process. Errors: [ErrInUse], those of the
// file system.
func OpenFolder(dir string) (*Folder, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, fmt.Errorf("open witness folder: %w", err)
	}
	f := &Folder{dir, flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))}
	ok, err := f.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock witness folder: %w", err)
	}
	if !ok {
		return nil, ErrInUse
	}
	return f, nil
}

// Close gives the folder up.
func (f *Folder) Close() error { return f.lock.Close() }

func (f *Folder) path(origin string) (string, error) {
	id, err := tlog.ParseOrigin(origin)
	return filepath.Join(f.dir, hex.EncodeToString(id[:])), err
}

// Newest implements [Store]. The error is [ErrDamaged] or one of the file system.
func (f *Folder) Newest(origin string) (tlog.Note, bool, error) {
	path, err := f.path(origin)
	if err != nil {
		return tlog.Note{}, false, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Note{}, false, nil
	}
	if err != nil {
		return tlog.Note{}, false, err
	}
	head, raw, _ := bytes.Cut(data, []byte("\n"))
	n, err := tlog.ParseNote(raw)
	if err != nil || n.Origin != origin || !bytes.Equal(head, header(raw)) {
		return tlog.Note{}, false, fmt.Errorf("%w: %s", ErrDamaged, filepath.Base(path))
	}
	return n, true, nil
}

func header(raw []byte) []byte {
	return fmt.Appendf(nil, "%s%x", folderHeader, sha256.Sum256(raw))
}

// Keep implements [Store].
func (f *Folder) Keep(n tlog.Note) error {
	path, err := f.path(n.Origin)
	if err != nil {
		return err
	}
	raw := n.Bytes()
	temp := filepath.Join(f.dir, unfinished)
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(append(header(raw), '\n'), raw...))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	d, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
