package audit

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// files reads an export through an os.Root: no link and no name leads out of it.
type files struct {
	root *os.Root
	seen map[string]bool // paths of regular files; of folders with a slash at the end
}

func openFiles(dir string) (*files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open export: %w", err)
	}
	f := &files{root: root, seen: map[string]bool{}}
	if err := fs.WalkDir(root.FS(), ".", f.note); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *files) close() { _ = f.root.Close() } // nothing was written

func (f *files) note(name string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("read export: %w", err)
	case name == ".":
	case !fileName.MatchString(name) && !folderName.MatchString(name):
		return fmt.Errorf("%w: %q does not belong to it", ErrLayout, name)
	case d.Type().IsRegular():
		f.seen[name] = true
	case d.IsDir():
		f.seen[name+"/"] = true
	default:
		return fmt.Errorf("%w: %q is neither file nor folder", ErrLayout, name)
	}
	return nil
}

// matchLayout wants exactly the files and folders that a ledger of that size is written out to, but for
// its hand-overs. It
// walks the layout only as far as files are there, so that a checkpoint with an absurd size costs
// nothing.
func (f *files) matchLayout(size uint64) error {
	if size/tlog.TileWidth > uint64(len(f.seen)) {
		return fmt.Errorf("%w: far fewer than a ledger of %d entries has", ErrLayout, size)
	}
	left := make(map[string]bool, len(f.seen))
	for name := range f.seen {
		left[name] = !strings.HasPrefix(name, handOverFolder+"/") // those are known only after the replay
	}
	maps.DeleteFunc(left, func(_ string, here bool) bool { return !here })
	names := []string{checkpointName}
	for _, t := range tlog.Layout(size) {
		names = append(names, t.Path())
	}
	for _, name := range names {
		if !f.seen[name] {
			return fmt.Errorf("%w: %s is missing", ErrLayout, name)
		}
		delete(left, name)
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			delete(left, dir+"/")
		}
	}
	if extra := slices.Sorted(maps.Keys(left)); len(extra) > 0 {
		return fmt.Errorf("%w: %q does not belong to it", ErrLayout, extra[0])
	}
	return nil
}

// read returns a file of at most limit bytes.
func (f *files) read(name string, limit int) ([]byte, error) {
	file, err := f.root.Open(name)
	if err != nil {
		if !f.seen[name] {
			return nil, fmt.Errorf("%w: %s is missing", ErrLayout, name)
		}
		return nil, fmt.Errorf("read export: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("read export: %w", err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("%w: %s is longer than %d bytes", ErrLayout, name, limit)
	}
	return data, nil
}
