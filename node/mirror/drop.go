package mirror

import (
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// DropHolder removes all indexes of a holder. Views in use stay good until they are released.
func (m *Mirror) DropHolder(holder member.PublicKey) error {
	return m.remove(m.holderDir(holder), func(r Ref) bool { return r.Holder == holder })
}

// DropEpoch removes a holder's indexes of one epoch, as DropHolder does.
func (m *Mirror) DropEpoch(holder member.PublicKey, epoch uint64) error {
	return m.remove(m.epochDir(holder, epoch), func(r Ref) bool { return r.Holder == holder && r.Epoch == epoch })
}

// DropIndex removes one index, as DropHolder does.
func (m *Mirror) DropIndex(ref Ref) error {
	dir, err := m.refDir(ref)
	if err != nil {
		return err
	}
	return m.remove(dir, func(r Ref) bool { return r == ref })
}

// remove holds the mutex throughout, so that nobody maps what is going.
func (m *Mirror) remove(dir string, gone func(Ref) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.removeLocked(dir, gone)
}

func (m *Mirror) removeLocked(dir string, gone func(Ref) bool) error {
	err := errors.Join(m.forget(gone), disk(m.files.RemoveAll(dir)))
	m.known.drop(gone)
	maps.DeleteFunc(m.told, func(r Ref, _ *session.SignedManifest) bool { return gone(r) })
	return err
}

// DropLabels removes the sealed labels of an index and goes on with its tags, for a member that may no
// longer have them. Views in use stay as they are until they are released. Errors are [ErrBusy],
// [ErrRef] and the disk's.
func (m *Mirror) DropLabels(ref Ref) error {
	dir, err := m.refDir(ref)
	if err != nil {
		return err
	}
	if err := m.take(ref); err != nil {
		return err
	}
	defer m.giveBack(ref)
	return m.dropLabels(ref, dir)
}

const labelsSuffix = "." + string(session.LabelsFile)

func (m *Mirror) dropLabels(ref Ref, dir string) error {
	return m.clear(ref, dir, func(name string) bool {
		return strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(name, partSuffix), sumsSuffix), labelsSuffix)
	})
}

// clear removes the files of an index that gone names. It holds the mutex throughout, as remove does.
func (m *Mirror) clear(ref Ref, dir string, gone func(name string) bool) error {
	names, err := m.names(dir)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var forgotten bool
	for _, name := range names {
		if !gone(name) {
			continue
		}
		if !forgotten {
			err, forgotten = m.forget(func(r Ref) bool { return r == ref }), true
		}
		err = errors.Join(err, disk(m.files.RemoveAll(filepath.Join(dir, name))))
	}
	return err
}

var holderPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Retain removes the indexes of all holders that current does not have, and of the others those of
// epochs before the current one. Whoever calls it lists itself, and calls it only when its ledger has
// caught up: a holder that it has not heard of yet would be fetched anew. Later epochs than the
// current one stay, since an epoch never goes back and a ledger may be behind. What is being written
// stays until the next call. An empty current is that of a caller that knows nothing, and changes
// nothing.
func (m *Mirror) Retain(current map[member.PublicKey]uint64) error {
	if len(current) == 0 {
		return nil
	}
	epochs := make(map[string]uint64, len(current)) // by folder
	for holder, epoch := range current {
		epochs[m.holderDir(holder)] = epoch
	}
	folders, err := m.names(m.dir)
	for _, name := range folders {
		dir := filepath.Join(m.dir, name)
		epoch, keep := epochs[dir]
		switch {
		case !holderPattern.MatchString(name): // not ours
		case keep:
			err = errors.Join(err, m.endEpochs(dir, epoch))
		default:
			err = errors.Join(err, m.removeUnlessBusy(dir))
		}
	}
	return err
}

func (m *Mirror) endEpochs(dir string, current uint64) error {
	names, err := m.names(dir)
	for _, name := range names {
		epoch, perr := strconv.ParseUint(name, 10, 64)
		if perr == nil && epoch < current {
			err = errors.Join(err, m.removeUnlessBusy(filepath.Join(dir, name)))
		}
	}
	return err
}

// removeUnlessBusy removes the folder of a holder or of one of its epochs, as remove does.
func (m *Mirror) removeUnlessBusy(dir string) error {
	within := func(r Ref) bool {
		epoch := m.epochDir(r.Holder, r.Epoch)
		return epoch == dir || filepath.Dir(epoch) == dir
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for r := range m.busy {
		if within(r) {
			return nil
		}
	}
	for b := range m.builds {
		if within(b.ref) {
			return nil
		}
	}
	return m.removeLocked(dir, within)
}
