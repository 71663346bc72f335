package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxRecord is the longest record in bytes: more than a message of the greatest size with what stood here instead.
const MaxRecord = 16 << 20

// ErrFormat reports a file that is no record of evidence.
var ErrFormat = errors.New("this file is no evidence that a node has kept (HOME/evidence)")

// Kept is a record in its file.
type Kept struct {
	File   string // its path
	Record Record
	Err    error // why it could not be read; the record is empty then
}

// List reads all records in dir, oldest first; a folder that is not there holds none. A file that
// cannot be read is listed with its error.
func List(dir string) ([]Kept, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the evidence folder: %w", err)
	}
	var kept []Kept
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		r, err := Read(path)
		kept = append(kept, Kept{path, r, err})
	}
	slices.SortStableFunc(kept, func(a, b Kept) int { return strings.Compare(a.File, b.File) })
	return kept, nil
}

// Read reads one record. Errors are [ErrFormat] and those of the file system.
func Read(path string) (Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxRecord+1))
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := wire.Decode(raw, &r, MaxRecord); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if r.V != 1 || len(r.Ledger) != 32 {
		return Record{}, fmt.Errorf("%w: version %d", ErrFormat, r.V)
	}
	return r, nil
}
