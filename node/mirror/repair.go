package mirror

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/crosslight/crosslight/privacy/index"
)

// Verify reads every byte of an index in use and compares it with the signed manifest: what a disk
// may have lost since it came. Errors are [ErrNone] and [ErrDisk].
func (m *Mirror) Verify(ref Ref) error {
	v, err := m.Use(ref)
	if err != nil {
		return err
	}
	err = readable(func() error {
		for i, s := range v.index.segments {
			if err := s.Verify(index.Name(v.index.signed.Manifest.Segments[i].Name)); err != nil {
				return fmt.Errorf("%w: %w", ErrDisk, err)
			}
		}
		return nil
	})
	return errors.Join(err, v.Release())
}

// Repair verifies an index and, if this disk has damaged it, removes its segments, so that the next
// download brings them again. The manifest stays where it can be read: a holder's damage here is no
// leave to go back to an older one. nil says that every byte is the holder's own; [ErrDisk] that it
// was not, [ErrBusy] with it that the segments are still there because a download is under way. Other
// errors are [ErrNone] and [ErrRef].
func (m *Mirror) Repair(ref Ref) error {
	err := m.Verify(ref)
	if !errors.Is(err, ErrDisk) || shortage(err) {
		return err
	}
	dir, derr := m.refDir(ref)
	if derr != nil {
		return derr
	}
	if berr := m.take(ref); berr != nil {
		return errors.Join(err, berr)
	}
	defer m.giveBack(ref)
	same := func(r Ref) bool { return r == ref }
	m.known.drop(same) // to hear what the disk has
	_, merr := m.Manifest(ref)
	return errors.Join(err, m.clear(ref, dir, func(name string) bool { return name != manifestName || merr != nil }))
}

// shortage tells an error of a process or system that has run out of something from damage.
func shortage(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
