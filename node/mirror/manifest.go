package mirror

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

const (
	manifestName = "manifest"
	partSuffix   = ".part"
)

func segmentPath(dir string, name [32]byte, f session.File) string {
	return filepath.Join(dir, hex.EncodeToString(name[:])+"."+string(f))
}

// Manifest returns the manifest of the index that is in use, its signature checked, or [ErrNone].
func (m *Mirror) Manifest(ref Ref) (*session.SignedManifest, error) {
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	raw, err := m.files.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, disk(err)
	}
	signed, err := session.ParseManifest(raw, ref.Holder)
	if err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrDisk, err)
	}
	if got := signed.Manifest; got.Epoch != ref.Epoch || got.Type != ref.Type {
		return nil, fmt.Errorf("%w: the manifest of another index", ErrDisk)
	}
	return signed, nil
}

// Manifests returns the manifests of all indexes of a holder that are in use, by epoch, then type.
func (m *Mirror) Manifests(holder member.PublicKey) ([]*session.SignedManifest, error) {
	epochs, err := m.names(m.holderDir(holder))
	if err != nil {
		return nil, err
	}
	var out []*session.SignedManifest
	for _, e := range epochs {
		epoch, err := strconv.ParseUint(e, 10, 64)
		if err != nil {
			continue // not ours
		}
		types, err := m.names(m.epochDir(holder, epoch))
		if err != nil {
			return nil, err
		}
		for _, t := range types {
			signed, err := m.Manifest(Ref{holder, epoch, t})
			if errors.Is(err, ErrNone) || errors.Is(err, ErrRef) {
				continue // a first download still under way, or not ours
			}
			if err != nil {
				return nil, err
			}
			out = append(out, signed)
		}
	}
	slices.SortFunc(out, func(a, b *session.SignedManifest) int {
		if a.Manifest.Epoch != b.Manifest.Epoch {
			return int(a.Manifest.Epoch) - int(b.Manifest.Epoch)
		}
		return strings.Compare(a.Manifest.Type, b.Manifest.Type)
	})
	return out, nil
}

// names lists a folder; one that is not there is empty.
func (m *Mirror) names(dir string) ([]string, error) {
	entries, err := m.files.ReadDir(dir)
	if err = disk(err); err != nil && !errors.Is(err, ErrNone) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, nil
}

// Find says which index of a holder a segment belongs to, so that the asker's right to it can be
// checked before [Mirror.ReadPart]. The error is [ErrNone] for a segment that is not in use.
func (m *Mirror) Find(holder member.PublicKey, name [32]byte) (Ref, session.SegmentInfo, error) {
	manifests, err := m.Manifests(holder)
	if err != nil {
		return Ref{}, session.SegmentInfo{}, err
	}
	for _, signed := range manifests {
		for _, s := range signed.Manifest.Segments {
			if s.Name == name {
				return Ref{holder, signed.Manifest.Epoch, signed.Manifest.Type}, s, nil
			}
		}
	}
	return Ref{}, session.SegmentInfo{}, ErrNone
}

// ReadPart reads length bytes, at most session.MaxPart, of a segment's file. The error is [ErrNone]
// where they are not here, labels that this member was not given included.
func (m *Mirror) ReadPart(ref Ref, name [32]byte, f session.File, offset, length uint64) ([]byte, error) {
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	if length == 0 || length > session.MaxPart || offset > session.MaxSegmentSize {
		return nil, fmt.Errorf("%w: a part outside the segment", ErrNone)
	}
	in, err := m.files.OpenFile(segmentPath(dir, name, f), os.O_RDONLY)
	if err != nil {
		return nil, disk(err)
	}
	part := make([]byte, length)
	_, err = in.ReadAt(part, int64(offset))
	cerr := in.Close()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: a part outside the segment", ErrNone)
	}
	if err = errors.Join(err, cerr); err != nil {
		return nil, disk(err)
	}
	return part, nil
}

// checkLimit compares an index with the mirror's limit. That the sizes in a manifest fit its counts,
// and cannot overflow, session has checked.
func (m *Mirror) checkLimit(signed *session.SignedManifest) error {
	var total uint64
	for _, s := range signed.Manifest.Segments {
		total += s.TagsSize + s.LabelsSize
	}
	if total > m.maxIndex {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, total, m.maxIndex)
	}
	return nil
}

// install puts a manifest in the place of the one in use and removes what it does not list. A crash
// before leaves the old index, a crash after leaves files that the next call removes.
func (m *Mirror) install(ref Ref, dir string, signed *session.SignedManifest) error {
	if err := m.files.SyncDir(dir); err != nil { // the segments' names first
		return disk(err)
	}
	if err := writeWhole(m.files, filepath.Join(dir, manifestName), signed.Raw); err != nil {
		return disk(err)
	}
	if err := m.files.SyncDir(dir); err != nil {
		return disk(err)
	}
	m.mu.Lock()
	err := m.forget(func(r Ref) bool { return r == ref })
	m.mu.Unlock()
	m.sweep(dir, signed) // after forget: whoever was mapping the old index has done so
	return err
}

// sweep removes files that the manifest does not list. Mapped ones live on until they are unmapped;
// what cannot be removed now is tried again after the next manifest.
func (m *Mirror) sweep(dir string, signed *session.SignedManifest) {
	keep := map[string]bool{manifestName: true}
	for _, s := range signed.Manifest.Segments {
		for _, f := range []session.File{session.TagsFile, session.LabelsFile} {
			keep[filepath.Base(segmentPath(dir, s.Name, f))] = true
		}
	}
	names, _ := m.names(dir)
	for _, name := range names {
		if !keep[name] {
			_ = m.files.RemoveAll(filepath.Join(dir, name))
		}
	}
}
