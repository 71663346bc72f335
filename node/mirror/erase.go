package mirror

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// erasingName is the file that says that a commit has begun to erase: after a crash the next one goes through all
// segments again.
const erasingName = "erasing"

// eraseWindow is how many tags of a withdrawal are gone through at a time: half a MiB.
const eraseWindow = 1 << 16

// erase overwrites, in the labels that are here, those of items that a later segment of the manifest to come withdraws:
// lookups do not find them any more, and from now on the disk has none to open. It is done before the manifest is
// put in use. The manifest in use until then loses them as well, which its holder has said of them. What was
// erased for a manifest before is not gone through again.
//
// The member's own labels stay until they are compacted: others are served the segments as they were signed.
func (p *Pull) erase(ctx context.Context) error {
	if p.own || !p.labels {
		return nil
	}
	segments := p.signed.Manifest.Segments
	for i, s := range segments {
		for _, w := range segments[i+1:] {
			if s.Kind == session.WithdrawalSegment || w.Kind != session.WithdrawalSegment || !p.redo && !p.fresh[s.Name] && !p.fresh[w.Name] {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.eraseIn(s, w); err != nil {
				return err
			}
		}
	}
	return p.mirror.removeIfThere(filepath.Join(p.dir, erasingName))
}

// noteErasing leaves the mark before the first file of a manifest takes its name, if something of it is to be erased.
func (p *Pull) noteErasing() error {
	if p.own || !p.labels || !slices.ContainsFunc(p.signed.Manifest.Segments, func(s session.SegmentInfo) bool {
		return s.Kind == session.WithdrawalSegment
	}) {
		return nil
	}
	marker := filepath.Join(p.dir, erasingName)
	if _, err := p.mirror.files.Size(marker); err == nil {
		p.redo = true
		return nil
	}
	if err := writeWhole(p.mirror.files, marker, nil); err != nil {
		return disk(err)
	}
	return disk(p.mirror.files.SyncDir(p.dir))
}

// eraseIn erases the labels of a segment whose tags a withdrawal has.
func (p *Pull) eraseIn(s, withdrawal session.SegmentInfo) error {
	tags, err := p.mapFile(s.Name, session.TagsFile)
	if err != nil {
		return err
	}
	defer tags.unmap()
	gone, err := p.mapFile(withdrawal.Name, session.TagsFile)
	if err != nil {
		return err
	}
	defer gone.unmap()
	for from := 0; from < int(withdrawal.Count); from += eraseWindow {
		var items []int
		err := readable(func() error {
			items, err = inBoth(tags.bytes(), gone.bytes(), from, min(from+eraseWindow, int(withdrawal.Count)))
			return err
		})
		if err == nil && len(items) > 0 {
			err = p.mirror.eraseItems(p.dir, s, items)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inBoth returns the places in a segment that have a tag of a withdrawal's items from to to.
func inBoth(tags, withdrawal []byte, from, to int) (items []int, err error) {
	s, err := index.Parse(tags, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	w, err := index.Parse(withdrawal, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	window := make([]index.Tag, 0, to-from)
	for i := from; i < to; i++ {
		window = append(window, w.Tag(i))
	}
	_, err = s.Join(window, 0, int(s.Count()), func(_, item int) error {
		items = append(items, item)
		return nil
	})
	return items, err
}

// eraseItems overwrites the labels at these places with zeros. The sums of what the file will be are on disk before
// the first byte changes: whatever a crash leaves is completed by the same call again.
func (m *Mirror) eraseItems(dir string, s session.SegmentInfo, items []int) error {
	m.erasing.Lock()
	defer m.erasing.Unlock()
	labels := segmentPath(dir, s.Name, session.LabelsFile)
	f, err := m.files.OpenFile(labels, os.O_RDWR)
	if err != nil {
		return disk(err)
	}
	err = m.zero(f, labels, s, items)
	if cerr := disk(f.Close()); err == nil {
		err = cerr
	}
	return err
}

func (m *Mirror) zero(f file, labels string, s session.SegmentInfo, items []int) error {
	sums, err := m.sums(f, labels, s)
	if err != nil {
		return err
	}
	slices.Sort(items)
	chunk := make([]byte, sumsChunk)
	for from := 0; from < len(items); {
		to := from + 1
		for to < len(items) && items[to]/labelsAChunk == items[from]/labelsAChunk {
			to++
		}
		if err := m.foretell(f, labels, s, sums, chunk, items[from:to]); err != nil {
			return err
		}
		from = to
	}
	if err := m.writeSums(labels, sums); err != nil {
		return err
	}
	for _, item := range items {
		if _, err := f.WriteAt(make([]byte, index.LabelSealed), int64(item)*index.LabelSealed); err != nil {
			return disk(err)
		}
	}
	return disk(f.Sync())
}

// foretell puts in the place of a chunk's sum the one that it will have without these items. The chunk has to be
// what its sum says, or what it will be already.
func (m *Mirror) foretell(f file, labels string, s session.SegmentInfo, sums [][32]byte, chunk []byte, items []int) error {
	n := items[0] / labelsAChunk
	chunk = chunk[:chunkSize(s.LabelsSize, n)]
	if _, err := f.ReadAt(chunk, int64(n)*sumsChunk); err != nil {
		return disk(err)
	}
	whole := sumOf(chunk) == sums[n]
	for _, item := range items {
		clear(chunk[item%labelsAChunk*index.LabelSealed:][:index.LabelSealed])
	}
	after := sumOf(chunk)
	if !whole && after != sums[n] {
		return m.torn(labels)
	}
	sums[n] = after
	return nil
}
