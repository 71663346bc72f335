package state

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// ManifestAnchor is the newest manifest of one index that its holder put on the ledger.
type ManifestAnchor struct {
	Epoch    uint64   `cbor:"1,keyasint"`
	Type     string   `cbor:"2,keyasint"` // indicator type
	Version  uint64   `cbor:"3,keyasint"`
	Manifest [32]byte `cbor:"4,keyasint"` // its hash
	Index    uint64   `cbor:"5,keyasint"` // of the entry
}

// keptEpochs is how many of a member's newest epochs keep their anchors: that in force, and the one that
// it overlaps with.
const keptEpochs = 2

func (m *memberRecord) findManifest(epoch uint64, typ string) (int, bool) {
	return slices.BinarySearchFunc(m.manifests, typ, func(a ManifestAnchor, typ string) int {
		return cmp.Or(cmp.Compare(a.Epoch, epoch), cmp.Compare(a.Type, typ))
	})
}

// ManifestAnchor returns the anchor of a member's index, and whether there is one.
func (s *State) ManifestAnchor(name string, epoch uint64, typ string) (ManifestAnchor, bool) {
	m := s.record(name)
	if m == nil {
		return ManifestAnchor{}, false
	}
	at, ok := m.findManifest(epoch, typ)
	if !ok {
		return ManifestAnchor{}, false
	}
	return m.manifests[at], true
}

// ManifestAnchors returns all anchors of a member, in ascending order of epoch and type.
func (s *State) ManifestAnchors(name string) []ManifestAnchor {
	m := s.record(name)
	if m == nil {
		return nil
	}
	return slices.Clone(m.manifests)
}

// prepareManifestAnchor accepts anchors of indexes under keys that stand here, none of which goes back. An
// entry is refused as a whole: what the rest of it says can be entered again.
func (s *State) prepareManifestAnchor(by *memberRecord, b entry.ManifestAnchor) (change, error) {
	switch by.Status {
	case Suspended:
		return nil, fmt.Errorf("%w: %s anchors nothing until it is reinstated", entry.ErrSuspended, by.Name)
	case Joining:
		return nil, fmt.Errorf("%w: %s anchors nothing before", entry.ErrNotAcknowledged, by.Name)
	}
	fresh := false
	for _, a := range b.Anchors {
		newer, err := by.checkAnchor(a)
		if err != nil {
			return nil, err
		}
		fresh = fresh || newer
	}
	if !fresh {
		return nil, fmt.Errorf("%w: %s has anchored these", entry.ErrNoChange, by.Name)
	}
	return func(index uint64) []Event {
		for _, a := range b.Anchors {
			by.anchor(ManifestAnchor{a.Epoch, a.Type, a.Version, a.Manifest, index})
		}
		by.manifests = slices.DeleteFunc(by.manifests, func(a ManifestAnchor) bool { return a.Epoch+keptEpochs <= by.Epoch })
		return []Event{{Kind: ManifestsAnchored, Index: index, Member: by.Name}}
	}, nil
}

// checkAnchor says whether an anchor is newer than the one that stands.
func (m *memberRecord) checkAnchor(a entry.Anchored) (newer bool, err error) {
	if a.Epoch > m.Epoch || a.Epoch+keptEpochs <= m.Epoch {
		return false, fmt.Errorf("%w: %d, that of %s is %d", entry.ErrEpoch, a.Epoch, m.Name, m.Epoch)
	}
	if !slices.ContainsFunc(m.epochs, func(e Epoch) bool {
		_, ok := e.Commit.Key(a.Type)
		return e.Commit.Epoch == a.Epoch && ok
	}) {
		return false, fmt.Errorf("%w: %s has no key for %s in epoch %d", entry.ErrEpoch, m.Name, a.Type, a.Epoch)
	}
	at, ok := m.findManifest(a.Epoch, a.Type)
	if !ok {
		return true, nil
	}
	switch last := m.manifests[at]; {
	case a.Version < last.Version:
		return false, fmt.Errorf("%w: version %d of %s, %d is anchored", entry.ErrAnchorBack, a.Version, a.Type, last.Version)
	case a.Version == last.Version && a.Manifest != last.Manifest:
		return false, fmt.Errorf("%w: version %d of %s", entry.ErrAnchorFork, a.Version, a.Type)
	default:
		return a.Version > last.Version, nil
	}
}

// anchor keeps the newest: one that stands already keeps its entry.
func (m *memberRecord) anchor(a ManifestAnchor) {
	at, ok := m.findManifest(a.Epoch, a.Type)
	switch {
	case !ok:
		m.manifests = slices.Insert(m.manifests, at, a)
	case a.Version > m.manifests[at].Version:
		m.manifests[at] = a
	}
}
