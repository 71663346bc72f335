package mirror

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/crosslight/crosslight/node/home"
)

// fileSystem is what the mirror does to a disk. Tests put one in its place that fails, with or
// without having done the work. What is mapped is read from the disk itself.
type fileSystem interface {
	MkdirAll(dir string) error
	OpenFile(path string, flag int) (file, error)
	Rename(from, to string) error
	Remove(path string) error
	RemoveAll(path string) error
	SyncDir(dir string) error
	ReadDir(dir string) ([]fs.DirEntry, error)
	ReadFile(path string) ([]byte, error)
	Size(path string) (int64, error)
	// Free returns the bytes that are free, or errors.ErrUnsupported.
	Free(path string) (uint64, error)
}

type file interface {
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
}

type osFiles struct {
	free func(dir string) (uint64, error) // nil asks the file system
}

func (osFiles) MkdirAll(dir string) error                 { return os.MkdirAll(dir, 0o700) }
func (osFiles) Rename(from, to string) error              { return os.Rename(from, to) }
func (osFiles) Remove(path string) error                  { return os.Remove(path) }
func (osFiles) RemoveAll(path string) error               { return os.RemoveAll(path) }
func (osFiles) SyncDir(dir string) error                  { return home.SyncDir(dir) }
func (osFiles) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osFiles) ReadFile(path string) ([]byte, error)      { return os.ReadFile(path) }

func (osFiles) OpenFile(path string, flag int) (file, error) { return os.OpenFile(path, flag, 0o600) }

func (o osFiles) Free(path string) (uint64, error) {
	if o.free != nil {
		return o.free(path)
	}
	return freeSpace(path)
}

func (osFiles) Size(path string) (int64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// writeWhole writes a small file so that either the old or the new one is there.
func writeWhole(files fileSystem, path string, data []byte) error {
	temp := path + partSuffix
	f, err := files.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = files.Rename(temp, path)
	}
	if err != nil {
		_ = files.Remove(temp) // it may be gone already; if it stays, the next write takes its place
	}
	return err
}
