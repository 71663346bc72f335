package mirror

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/edsrzf/mmap-go"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// region is a mapped file. The nil region stands for labels that are not here.
type region struct {
	data mmap.MMap
}

func mapRegion(path string) (*region, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, disk(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, disk(err)
	}
	if info.Size() == 0 {
		return &region{data: mmap.MMap{}}, nil // an empty file cannot be mapped
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, disk(err)
	}
	return &region{data: data}, nil
}

func (r *region) bytes() []byte {
	if r == nil {
		return nil
	}
	return r.data
}

func (r *region) unmap() error {
	if r == nil || len(r.data) == 0 {
		return nil
	}
	return disk(r.data.Unmap())
}

// readable runs f, which reads mapped memory, and turns the fault of a page that the disk cannot
// deliver (SIGBUS: the file was cut short, or the disk failed) into [ErrDisk].
func readable(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if fault, ok := r.(interface{ Addr() uintptr }); ok {
			err = fmt.Errorf("%w (page at %#x)", ErrDisk, fault.Addr())
			return
		}
		panic(r) // our own bug
	}()
	return f()
}

// mapped is an index in memory, with how many use it. Guarded by the mirror's mutex.
type mapped struct {
	signed   *session.SignedManifest
	segments []*index.Segment
	regions  []*region
	tags     []*region // of each segment; they are among regions
	users    int
	dropped  bool
}

// drop unmaps when the last user is gone.
func (l *mapped) drop() error {
	l.dropped = true
	if l.users > 0 {
		return nil
	}
	var err error
	for _, r := range l.regions {
		err = errors.Join(err, r.unmap())
	}
	l.regions, l.tags, l.segments = nil, nil, nil
	return err
}

// View is an index in use. Lookups may run side by side; Release ends it.
type View struct {
	mirror *Mirror
	index  *mapped
}

// Use returns the index in use, mapped. Errors are [ErrNone] and [ErrDisk].
func (m *Mirror) Use(ref Ref) (*View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.loaded[ref]
	if !ok {
		var err error
		if l, err = m.load(ref); err != nil {
			return nil, err
		}
		m.loaded[ref] = l
	}
	l.users++
	return &View{mirror: m, index: l}, nil
}

func (m *Mirror) load(ref Ref) (*mapped, error) {
	signed, err := m.Manifest(ref)
	if err != nil {
		return nil, err
	}
	l := &mapped{signed: signed}
	dir, err := m.refDir(ref)
	for _, s := range signed.Manifest.Segments {
		if err == nil {
			err = l.add(dir, s)
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.drop())
	}
	return l, nil
}

func (l *mapped) add(dir string, s session.SegmentInfo) error {
	tags, err := mapRegion(segmentPath(dir, s.Name, session.TagsFile))
	if err != nil {
		return lost(err)
	}
	l.regions, l.tags = append(l.regions, tags), append(l.tags, tags)
	var labels *region
	if s.Kind != session.WithdrawalSegment {
		labels, err = mapRegion(segmentPath(dir, s.Name, session.LabelsFile))
		if err != nil && !errors.Is(err, ErrNone) {
			return err
		}
		labels.scattered()
		l.regions = append(l.regions, labels)
	}
	return readable(func() error {
		seg, err := index.Parse(tags.bytes(), labels.bytes())
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDisk, err)
		}
		l.segments = append(l.segments, seg)
		return nil
	})
}

// lost is a file that the manifest lists and the disk has not.
func lost(err error) error {
	if errors.Is(err, ErrNone) {
		return fmt.Errorf("%w: a segment is gone", ErrDisk)
	}
	return err
}

// Manifest returns the manifest of the index.
func (v *View) Manifest() *session.SignedManifest { return v.index.signed }

// Count returns the number of entries of all segments but withdrawals.
func (v *View) Count() uint64 {
	var n uint64
	for _, s := range v.index.signed.Manifest.Segments {
		if s.Kind != session.WithdrawalSegment {
			n += s.Count
		}
	}
	return n
}

// Lookup looks for the item whose OPRF output is f, from the newest segment to the oldest: what was
// withdrawn and not added again is not found. label is nil where only tags are here. Errors are
// index's ErrContext and ErrLabel, and [ErrDisk].
func (v *View) Lookup(d *index.Deriver, f *[index.OutputSize]byte) (label []byte, ok bool, err error) {
	err = readable(func() error {
		for i := len(v.index.segments) - 1; i >= 0; i-- {
			s := v.index.segments[i]
			if label, ok, err = s.Lookup(d, f); err != nil {
				return err
			}
			if ok {
				ok = s.Header().Kind != index.Withdrawal
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return label, ok, nil
}

// Release ends the view. Call it once.
func (v *View) Release() error {
	v.mirror.mu.Lock()
	defer v.mirror.mu.Unlock()
	v.index.users--
	if v.index.dropped {
		return v.index.drop()
	}
	return nil
}
