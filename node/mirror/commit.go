package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// commit syncs what came, gives the files of each segment their names when it has been checked, and
// installs the manifest.
func (p *Pull) commit(ctx context.Context) error {
	if err := p.sync(); err != nil {
		return err
	}
	if err := p.noteErasing(); err != nil {
		return err
	}
	wants := map[[32]byte][]*want{}
	for _, w := range p.wants {
		wants[w.name] = append(wants[w.name], w)
	}
	for _, s := range p.signed.Manifest.Segments {
		if len(wants[s.Name]) == 0 {
			continue // was checked when it came
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.accept(s, wants[s.Name]); err != nil {
			return err
		}
	}
	if err := p.erase(ctx); err != nil {
		return err
	}
	return p.mirror.install(p)
}

// accept checks a segment and names its files, labels first: tags that are there have their labels.
func (p *Pull) accept(s session.SegmentInfo, wants []*want) error {
	err := p.check(s)
	resumed := slices.ContainsFunc(wants, func(w *want) bool { return w.resumed })
	if errors.Is(err, ErrBytes) && resumed {
		return ErrTorn
	}
	if err != nil {
		return err
	}
	for _, w := range slices.Backward(wants) { // tags were asked for first
		path := segmentPath(p.dir, w.name, w.file)
		if err := p.mirror.removeIfThere(path + sumsSuffix); err != nil { // of labels that were here before
			return err
		}
		if err := p.mirror.files.Rename(path+partSuffix, path); err != nil {
			return disk(err)
		}
	}
	return nil
}

func (p *Pull) sync() error {
	for _, w := range p.wants {
		if w.out == nil { // complete before this pull, or empty
			path := segmentPath(p.dir, w.name, w.file) + partSuffix
			f, err := p.mirror.files.OpenFile(path, os.O_CREATE|os.O_RDWR)
			if err != nil {
				return disk(err)
			}
			w.out = f
		}
		if err := w.out.Sync(); err != nil {
			return disk(err)
		}
	}
	return p.closeFiles()
}

// check reads a segment back from the disk, every byte, and compares it with its name and with what
// the manifest says of it.
func (p *Pull) check(s session.SegmentInfo) error {
	tags, err := p.mapFile(s.Name, session.TagsFile)
	if err != nil {
		return err
	}
	defer tags.unmap()
	var labels *region
	if p.labels && s.Kind != session.WithdrawalSegment {
		if labels, err = p.mapFile(s.Name, session.LabelsFile); err != nil {
			return err
		}
		defer labels.unmap()
	}
	return readable(func() error {
		if err := verify(&p.signed.Manifest, s, tags.bytes(), labels.bytes()); err != nil {
			return fmt.Errorf("%w: %w", ErrBytes, err)
		}
		return nil
	})
}

// mapFile maps a file under the name it has now.
func (p *Pull) mapFile(name [32]byte, f session.File) (*region, error) {
	path := segmentPath(p.dir, name, f)
	if _, err := p.mirror.files.Size(path + partSuffix); err == nil {
		path += partSuffix
	}
	return mapRegion(path)
}

// verify compares a segment with the manifest that lists it: context, header, every byte.
func verify(m *session.Manifest, s session.SegmentInfo, tags, labels []byte) error {
	seg, err := index.Parse(tags, labels)
	if err != nil {
		return err
	}
	if h := seg.Header(); h.Count != s.Count || h.Labels != s.Labels || h.Kind != index.Kind(s.Kind) {
		return fmt.Errorf("%w: header and manifest differ", index.ErrHeader)
	}
	context := index.Context{Ledger: m.Ledger, Holder: m.Holder, Epoch: m.Epoch, Type: m.Type}
	if err := seg.Header().In(context); err != nil {
		return err
	}
	return seg.Verify(index.Name(s.Name))
}
