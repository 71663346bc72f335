package mirror

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/crosslight/crosslight/protocol/member"
)

// checkLimit compares an index with the mirror's limit. That the sizes in a manifest fit its counts,
// and cannot overflow, session has checked.
func (p *Pull) checkLimit() error {
	var total uint64
	for _, s := range p.signed.Manifest.Segments {
		total += s.TagsSize + s.LabelsSize
	}
	if limit := p.mirror.options.MaxIndex; total > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, total, limit)
	}
	return nil
}

// admit lets a download begin that fits beside the holder's other indexes and leaves the reserve, after
// all other downloads under way. One that has nothing to come, as that of a member's own index, needs
// no room.
func (p *Pull) admit() error {
	m, missing := p.mirror, p.Missing()
	if missing > 0 {
		used, err := m.used(p.ref.Holder)
		if err != nil {
			return err
		}
		if limit := m.options.MaxHolder; missing > limit || used > limit-missing {
			return fmt.Errorf("%w: %d bytes beside %d that are mirrored of this holder, at most %d", ErrTooLarge, missing, used, limit)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if missing > 0 {
		if err := m.room(missing); err != nil {
			return err
		}
	}
	m.pulls[p] = true
	return nil
}

// room says whether need bytes more leave the reserve free, after all that is still to come of the
// downloads under way. The error is [ErrFull]. The caller holds the mutex.
func (m *Mirror) room(need uint64) error {
	for p := range m.pulls {
		need += p.missing.Load()
	}
	return m.leaves(need)
}

// leaves says whether need bytes more leave the reserve free. A platform that cannot tell has room.
func (m *Mirror) leaves(need uint64) error {
	free, err := m.files.Free(m.dir)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return disk(err)
	}
	if reserve := m.options.Reserve; free < reserve || free-reserve < need {
		return fmt.Errorf("%w: %d bytes are free, %d are needed and %d are to stay free for the ledger", ErrFull, free, need, reserve)
	}
	return nil
}

// used returns how many bytes of disk the indexes of a holder take, downloads under way included.
func (m *Mirror) used(holder member.PublicKey) (uint64, error) {
	return m.size(m.holderDir(holder), 2)
}

// size adds up the files depth folders below dir.
func (m *Mirror) size(dir string, depth int) (total uint64, err error) {
	names, err := m.names(dir)
	for _, name := range names {
		path, n := filepath.Join(dir, name), uint64(0)
		if depth > 0 {
			n, err = m.size(path, depth-1)
		} else {
			n, err = m.fileSize(path)
		}
		if err != nil {
			break
		}
		total += n
	}
	return total, err
}

// fileSize returns the length of a file; one that went in the meantime has none.
func (m *Mirror) fileSize(path string) (uint64, error) {
	n, err := m.files.Size(path)
	if err = disk(err); err != nil && !errors.Is(err, ErrNone) {
		return 0, err
	}
	return uint64(n), nil
}
