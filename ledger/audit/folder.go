package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a sink that writes a folder. Until Commit everything is in a folder beside it with a name
// that begins with a dot and ends in .partial and digits: a crash leaves that one behind, to be deleted,
// and never a target that looks complete.
type Folder struct{ target, partial string }

// NewFolder prepares to write the folder target, which must not exist or be empty, in a parent that
// exists. The error is [ErrExists] or one of the file system.
func NewFolder(target string) (*Folder, error) {
	target = filepath.Clean(target)
	if err := checkFree(target); err != nil {
		return nil, err
	}
	parent, base := filepath.Split(target)
	partial, err := os.MkdirTemp(filepath.Clean(parent+"."), "."+base+".partial")
	if err != nil {
		return nil, fmt.Errorf("prepare export folder: %w", err)
	}
	return &Folder{target: target, partial: partial}, nil
}

func checkFree(target string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at export folder: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("%w: %s", ErrExists, target)
	}
	return nil
}

// Put writes one file of the export.
func (f *Folder) Put(name string, data []byte) error {
	path := filepath.Join(f.partial, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// Commit gives the folder its name, if that is still free.
func (f *Folder) Commit() error {
	err := checkFree(f.target)
	if err == nil {
		err = os.Remove(f.target)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = syncFolders(f.partial)
	}
	if err == nil {
		err = os.Rename(f.partial, f.target)
	}
	if err != nil {
		f.Abort()
		return fmt.Errorf("finish export: %w", err)
	}
	return syncFolder(filepath.Dir(f.target))
}

// Abort removes what was written.
func (f *Folder) Abort() { _ = os.RemoveAll(f.partial) } // what stays bears the name of a partial export

// syncFolders makes the names of all files durable.
func syncFolders(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncFolder(path)
	})
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
