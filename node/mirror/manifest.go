package mirror

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
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

// Manifest returns the manifest of the index that is in use, its signature checked, or [ErrNone]. It
// is shared with other callers: do not write to it.
func (m *Mirror) Manifest(ref Ref) (*session.SignedManifest, error) {
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, manifestName)
	if _, err := m.files.Size(path); err != nil { // a person may have deleted the folder
		m.known.drop(func(r Ref) bool { return r == ref })
		return nil, disk(err)
	}
	return m.known.get(ref, func() (*session.SignedManifest, error) { return m.readManifest(ref, path) })
}

func (m *Mirror) readManifest(ref Ref, path string) (*session.SignedManifest, error) {
	raw, err := m.files.ReadFile(path)
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

// Manifests returns the manifests of all indexes of a holder that are in use, by epoch, then type. One
// that the disk has damaged is left out and logged, once: it does not spoil the others.
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
			if errors.Is(err, ErrDisk) {
				m.logDamage(Ref{holder, epoch, t}, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, signed)
		}
	}
	slices.SortFunc(out, func(a, b *session.SignedManifest) int {
		return cmp.Or(cmp.Compare(a.Manifest.Epoch, b.Manifest.Epoch), strings.Compare(a.Manifest.Type, b.Manifest.Type))
	})
	return out, nil
}

func (m *Mirror) logDamage(ref Ref, err error) {
	if m.known.firstDamage(ref) {
		m.options.Log.Error("the manifest of an index is damaged: the index is not used or served until it is written again",
			"holder", ref.Holder.PeerID(), "epoch", ref.Epoch, "type", ref.Type, "error", err)
	}
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
