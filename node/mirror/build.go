package mirror

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Build makes a segment of the member's own index. It is for one goroutine. Nobody sees the segment
// before a manifest that lists it is put in use with [Mirror.Publish].
type Build struct {
	mirror  *Mirror
	ref     Ref
	dir     string
	scratch file
	builder *index.Builder
	kind    index.Kind
	count   uint64
	closed  bool
}

// The files of a build under way; one at a time for each index.
const (
	scratchName = "build.scratch" + partSuffix
	tagsName    = "build.tags" + partSuffix
	labelsName  = "build.labels" + partSuffix
)

// NewBuild starts a segment of the index (holder, c.Epoch, c.Type), where holder is the member's own
// node key. Every build draws a fresh salt. Errors are [ErrBusy], [ErrFull] where less than the reserve
// is free, and the disk's.
func (m *Mirror) NewBuild(holder member.PublicKey, c index.Context, kind index.Kind) (*Build, error) {
	ref := Ref{holder, c.Epoch, c.Type}
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	if err := m.leaves(0); err != nil {
		return nil, err
	}
	if err := m.take(ref); err != nil {
		return nil, err
	}
	b := &Build{mirror: m, ref: ref, dir: dir, kind: kind}
	if err = m.files.MkdirAll(dir); err == nil {
		b.scratch, err = m.files.OpenFile(filepath.Join(dir, scratchName), os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	}
	if err != nil {
		m.giveBack(ref)
		return nil, disk(err)
	}
	var salt [index.SaltSize]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	b.builder = index.NewBuilder(c, kind, salt, b.scratch)
	return b, nil
}

// Add puts in an item: its OPRF output and its encoded label. Errors are index's and the disk's;
// after one the build can only be aborted.
func (b *Build) Add(f *[index.OutputSize]byte, label []byte) error {
	b.count++
	if b.count%checkEvery == 0 {
		if err := b.mirror.leaves(0); err != nil {
			return err
		}
	}
	return built(b.builder.Add(f, label))
}

// checkEvery is how many items, of a quarter of a KiB each, a build takes between two looks at the
// disk's free space.
const checkEvery = 1 << 16

// built tells the disk's errors from the builder's own.
func built(err error) error {
	for _, own := range []error{index.ErrTooLong, index.ErrDuplicate, index.ErrCount, index.ErrKind} {
		if errors.Is(err, own) {
			return err
		}
	}
	return disk(err)
}

// Finish writes the segment to disk under its name and returns what a manifest says of it. It ends
// the build.
func (b *Build) Finish() (session.SegmentInfo, error) {
	if b.closed {
		return session.SegmentInfo{}, ErrTurn
	}
	err := b.mirror.leaves(index.TagsSize(b.count) + index.LabelsSize(b.kind, b.count))
	var sum index.Summary
	if err == nil {
		sum, err = b.write()
	}
	if err == nil {
		err = b.name(sum)
	}
	if err = errors.Join(err, b.Abort()); err != nil {
		return session.SegmentInfo{}, fmt.Errorf("build the index: %w", err)
	}
	return session.SegmentInfo{
		Kind: session.SegmentKind(sum.Kind), Name: sum.Name, Count: sum.Count,
		TagsSize: sum.TagsSize, LabelsSize: sum.LabelsSize, Labels: sum.LabelsHash,
	}, nil
}

func (b *Build) write() (index.Summary, error) {
	tags, err := b.create(tagsName)
	if err != nil {
		return index.Summary{}, disk(err)
	}
	labels, err := b.create(labelsName)
	if err != nil {
		return index.Summary{}, errors.Join(disk(err), tags.Close())
	}
	sum, err := b.builder.Finish(tags, labels)
	if err = built(err); err == nil {
		err = disk(errors.Join(tags.Sync(), labels.Sync()))
	}
	return sum, errors.Join(err, disk(errors.Join(tags.Close(), labels.Close())))
}

func (b *Build) create(name string) (file, error) {
	return b.mirror.files.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
}

// name gives the files the segment's name, labels first: tags that are there have their labels.
func (b *Build) name(sum index.Summary) error {
	files := b.mirror.files
	if sum.Kind != index.Withdrawal {
		err := files.Rename(filepath.Join(b.dir, labelsName), segmentPath(b.dir, sum.Name, session.LabelsFile))
		if err != nil {
			return disk(err)
		}
	}
	if err := files.Rename(filepath.Join(b.dir, tagsName), segmentPath(b.dir, sum.Name, session.TagsFile)); err != nil {
		return disk(err)
	}
	return disk(files.SyncDir(b.dir))
}

// Abort ends the build and removes its temporary files. After Finish it does nothing, so that it can
// be deferred.
func (b *Build) Abort() error {
	if b.closed {
		return nil
	}
	b.closed = true
	err := disk(b.scratch.Close())
	for _, name := range []string{scratchName, tagsName, labelsName} {
		if rerr := disk(b.mirror.files.Remove(filepath.Join(b.dir, name))); !errors.Is(rerr, ErrNone) {
			err = errors.Join(err, rerr)
		}
	}
	b.mirror.giveBack(b.ref)
	return err
}

// Publish puts a manifest of own segments in use, all of which must have been built here. The errors
// are those of [Mirror.Begin], [ErrTurn] for a segment that is not here, and the disk's.
func (m *Mirror) Publish(holder member.PublicKey, signed *session.SignedManifest) error {
	p, err := m.Begin(holder, signed, true)
	if err != nil {
		return err
	}
	return p.Commit()
}
