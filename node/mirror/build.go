package mirror

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Build makes a segment of the member's own index. It is for one goroutine, but for Prepare. Nobody sees
// the segment before a manifest that lists it is put in use with [Mirror.Publish]; until Abort, which
// comes after that, its files stay whatever manifest is put in use meanwhile. Several builds of one index
// may be under way.
type Build struct {
	mirror  *Mirror
	ref     Ref
	dir     string
	scratch file
	builder *index.Builder
	kind    index.Kind
	count   uint64
	salt    [index.SaltSize]byte
	name    map[string]bool // the files that are the segment's once it is finished
	closed  bool            // no more items
	over    bool            // aborted
}

// The files of a build under way, behind the build's own name.
const (
	scratchName = ".scratch" + partSuffix
	tagsName    = ".tags" + partSuffix
	labelsName  = ".labels" + partSuffix
)

// path is that of one of the build's files. The salt tells builds apart, and is no secret.
func (b *Build) path(file string) string {
	return filepath.Join(b.dir, "build-"+hex.EncodeToString(b.salt[:])+file)
}

// NewBuild starts a segment of the index (holder, c.Epoch, c.Type), where holder is the member's own
// node key. Every build draws a fresh salt. Errors are [ErrFull] where less than the reserve is free, and
// the disk's.
func (m *Mirror) NewBuild(holder member.PublicKey, c index.Context, kind index.Kind) (*Build, error) {
	ref := Ref{holder, c.Epoch, c.Type}
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	if err := m.leaves(0); err != nil {
		return nil, err
	}
	b := &Build{mirror: m, ref: ref, dir: dir, kind: kind, name: map[string]bool{}}
	_, _ = rand.Read(b.salt[:]) // never fails (crypto/rand)
	m.guard(b)
	if err = m.files.MkdirAll(dir); err == nil {
		b.scratch, err = m.files.OpenFile(b.path(scratchName), os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	}
	if err != nil {
		m.unguard(b)
		return nil, disk(err)
	}
	b.builder = index.NewBuilder(c, kind, b.salt, b.scratch)
	return b, nil
}

// guard keeps a build's files from being removed as files that no manifest lists.
func (m *Mirror) guard(b *Build) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.builds[b] = true
}

func (m *Mirror) unguard(b *Build) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.builds, b)
}

// guarded says whether a file belongs to a build that is not over.
func (m *Mirror) guarded(dir, name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for b := range m.builds {
		if b.dir == dir && (b.name[name] || strings.HasPrefix(filepath.Join(dir, name), b.path(""))) {
			return true
		}
	}
	return false
}

// Add puts in an item: its OPRF output and its encoded label. Errors are index's and the disk's;
// after one the build can only be aborted.
func (b *Build) Add(f *[index.OutputSize]byte, label []byte) error {
	if err := b.grow(1); err != nil {
		return err
	}
	return built(b.builder.Add(f, label))
}

// Prepare does for Put what may be done on many goroutines at once: see index.Builder.
func (b *Build) Prepare(dst []byte, f *[index.OutputSize]byte, label []byte) ([]byte, error) {
	return b.builder.Prepare(dst, f, label)
}

// Put puts in count items that Prepare has made. Errors are those of Add.
func (b *Build) Put(prepared []byte, count int) error {
	if err := b.grow(uint64(count)); err != nil {
		return err
	}
	return built(b.builder.Put(prepared))
}

// grow looks at the disk every so many items.
func (b *Build) grow(n uint64) error {
	before := b.count / checkEvery
	if b.count += n; b.count/checkEvery == before {
		return nil
	}
	return b.mirror.leaves(0)
}

// Count returns how many items were put in.
func (b *Build) Count() uint64 { return b.count }

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

// Finish writes the segment to disk under its name and returns what a manifest says of it. No more items
// can be put in.
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
		err = b.rename(sum)
	}
	if err = errors.Join(err, b.finish()); err != nil {
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
	return b.mirror.files.OpenFile(b.path(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
}

// rename gives the files the segment's name, labels first: tags that are there have their labels.
func (b *Build) rename(sum index.Summary) error {
	files, tags, labels := b.mirror.files, segmentPath(b.dir, sum.Name, session.TagsFile), segmentPath(b.dir, sum.Name, session.LabelsFile)
	b.mirror.mu.Lock()
	b.name[filepath.Base(tags)], b.name[filepath.Base(labels)] = true, true
	b.mirror.mu.Unlock()
	if sum.Kind != index.Withdrawal {
		if err := files.Rename(b.path(labelsName), labels); err != nil {
			return disk(err)
		}
	}
	if err := files.Rename(b.path(tagsName), tags); err != nil {
		return disk(err)
	}
	return disk(files.SyncDir(b.dir))
}

// Abort ends the build and removes its temporary files. It is to be deferred: a finished segment is kept
// until then for a manifest to list it; one that none lists goes with the next manifest.
func (b *Build) Abort() error {
	if b.over {
		return nil
	}
	b.over = true
	err := b.finish()
	b.mirror.unguard(b)
	return err
}

// finish removes what is not the segment.
func (b *Build) finish() error {
	if b.closed {
		return nil
	}
	b.closed = true
	err := disk(b.scratch.Close())
	for _, name := range []string{scratchName, tagsName, labelsName} {
		if rerr := disk(b.mirror.files.Remove(b.path(name))); !errors.Is(rerr, ErrNone) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// Publish puts a manifest of own segments in use, all of which must have been built here. The errors
// are those of [Mirror.Begin], [ErrTurn] for a segment that is not here, and the disk's.
func (m *Mirror) Publish(holder member.PublicKey, signed *session.SignedManifest) error {
	p, err := m.Begin(holder, signed, true)
	if err != nil {
		return err
	}
	p.own = true
	return p.Commit()
}
