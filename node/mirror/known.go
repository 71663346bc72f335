package mirror

import (
	"sync"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// manifests are the manifests in use that were read and verified since the mirror was opened. Whoever
// changes one on disk drops it here afterwards.
type manifests struct {
	mu      sync.Mutex
	changes uint64 // counts drops: what was read before one is not kept after it
	read    map[Ref]*session.SignedManifest
	damaged map[Ref]bool // logged
}

func newManifests() *manifests {
	return &manifests{read: map[Ref]*session.SignedManifest{}, damaged: map[Ref]bool{}}
}

// get returns the manifest of an index, read with read if it is not known. Errors are read's.
func (k *manifests) get(ref Ref, read func() (*session.SignedManifest, error)) (*session.SignedManifest, error) {
	k.mu.Lock()
	signed, changes := k.read[ref], k.changes
	k.mu.Unlock()
	if signed != nil {
		return signed, nil
	}
	signed, err := read()
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if changes == k.changes {
		k.read[ref] = signed
	}
	return signed, nil
}

// find returns the index that a segment belongs to, among those that are known.
func (k *manifests) find(holder member.PublicKey, name [32]byte) (Ref, session.SegmentInfo, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for ref, signed := range k.read {
		if ref.Holder != holder {
			continue
		}
		for _, s := range signed.Manifest.Segments {
			if s.Name == name {
				return ref, s, true
			}
		}
	}
	return Ref{}, session.SegmentInfo{}, false
}

func (k *manifests) drop(gone func(Ref) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	for ref := range k.read {
		if gone(ref) {
			delete(k.read, ref)
		}
	}
	for ref := range k.damaged {
		if gone(ref) {
			delete(k.damaged, ref)
		}
	}
}

// firstDamage says whether the damage of an index is heard of for the first time.
func (k *manifests) firstDamage(ref Ref) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	first := !k.damaged[ref]
	k.damaged[ref] = true
	return first
}
