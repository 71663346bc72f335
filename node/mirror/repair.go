package mirror

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// Verify reads every byte of an index in use and compares it with the signed manifest: what a disk
// may have lost since it came. Errors are [ErrNone] and [ErrDisk].
func (m *Mirror) Verify(ref Ref) error {
	for {
		verified, err := m.verify(ref)
		if !errors.Is(err, ErrDisk) {
			return err
		}
		if now, merr := m.Manifest(ref); merr != nil || verified == nil || now.Hash == verified.Hash {
			return err
		}
		// Another manifest came into use, and what was verified is not kept whole any more.
	}
}

// verify is Verify of what is in use as it begins, and says which manifest that is.
func (m *Mirror) verify(ref Ref) (*session.SignedManifest, error) {
	v, err := m.Use(ref)
	if err != nil {
		return nil, err
	}
	for i := range v.index.segments {
		if err = m.verifySegment(ref, v, i); err != nil {
			break
		}
	}
	return v.index.signed, errors.Join(err, v.Release())
}

// verifySegment reads one segment. Of labels some may have been erased, and none are meanwhile.
func (m *Mirror) verifySegment(ref Ref, v *View, i int) error {
	m.erasing.RLock()
	defer m.erasing.RUnlock()
	info, s := v.index.signed.Manifest.Segments[i], v.index.segments[i]
	dir, err := m.refDir(ref)
	if err != nil {
		return err
	}
	known, err := m.verifyErased(dir, info)
	if err != nil {
		return err
	}
	return readable(func() (err error) {
		if known {
			if s, err = index.Parse(v.index.tags[i].bytes(), nil); err != nil {
				return fmt.Errorf("%w: %w", ErrDisk, err)
			}
		}
		if err := s.Verify(index.Name(info.Name)); err != nil {
			return fmt.Errorf("%w: %w", ErrDisk, err)
		}
		return nil
	})
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
