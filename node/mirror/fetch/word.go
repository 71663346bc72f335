package fetch

import (
	"errors"
	"fmt"
	"maps"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/session"
)

// ErrAnnounced reports a manifest that is not the one that its holder announced to all members. The index in
// use stays until the ledger has the one or the other.
var ErrAnnounced = errors.New("the manifest served is not the one that its holder announced to all")

// Word is what a holder announced of one index: every member hears the same words, so whoever was shown another
// manifest can tell. Raw is the signed announcement, verbatim.
type Word struct {
	Version  uint64
	Manifest [32]byte
	Raw      []byte
}

// Hear takes what a holder announced, its signature checked, and compares it with what else the holder announced
// and with the manifests that it showed here. The last few words of an index are kept, to be compared with
// manifests to come: an announcement is often quicker than what it announces.
func (f *Fetcher) Hear(ref mirror.Ref, w Word) {
	f.mu.Lock()
	before := f.words[ref]
	known := false
	for _, other := range before {
		known = known || other.Version == w.Version && other.Manifest == w.Manifest
	}
	if !known {
		f.forgetEnded(ref)
		f.words[ref] = append(append([]Word(nil), before[max(0, len(before)-keptShown+1):]...), w)
	}
	f.mu.Unlock()
	for _, other := range before {
		if other.Version == w.Version && other.Manifest != w.Manifest {
			f.report(Fork{Ref: ref, Words: [2]Word{other, w}})
		}
	}
	for _, m := range f.history(ref) {
		if w.against(m) != nil {
			f.report(Fork{Ref: ref, Served: m, Words: [2]Word{w}})
		}
	}
}

// forgetEnded drops what was kept of epochs that are over by the time that ref's is announced. The caller holds
// the mutex.
func (f *Fetcher) forgetEnded(ref mirror.Ref) {
	ended := func(r mirror.Ref) bool { return r.Holder == ref.Holder && r.Epoch+1 < ref.Epoch }
	maps.DeleteFunc(f.words, func(r mirror.Ref, _ []Word) bool { return ended(r) })
	maps.DeleteFunc(f.shown, func(r mirror.Ref, _ []*session.SignedManifest) bool { return ended(r) })
}

// Contradicts says whether another manifest of that version was announced before.
func (f *Fetcher) Contradicts(ref mirror.Ref, version uint64, manifest [32]byte) (other bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.words[ref] {
		if w.Version == version && w.Manifest == manifest {
			return false
		}
		other = other || w.Version == version
	}
	return other
}

// against compares a manifest with a word: [session.ErrFork] where at most one of them is in the holder's chain.
func (w Word) against(m *session.SignedManifest) error {
	if v := m.Manifest.Version; v == w.Version && m.Hash != w.Manifest || v == w.Version+1 && m.Manifest.Previous != w.Manifest {
		return fmt.Errorf("%w: version %d: %w", ErrAnnounced, v, session.ErrFork)
	}
	return nil
}

// announced compares what is served with what was announced. What the ledger has since decided is no reason to
// refuse any more, but is evidence still.
func (f *Fetcher) announced(ref mirror.Ref, m *session.SignedManifest, anchors map[mirror.Ref]Anchor) (err error) {
	f.mu.Lock()
	words := f.words[ref]
	f.mu.Unlock()
	for _, w := range words {
		werr := w.against(m)
		if werr == nil {
			continue
		}
		f.report(Fork{Ref: ref, Served: m, Words: [2]Word{w}})
		if a, ok := anchors[ref]; !ok || w.Version > a.Version {
			err = werr
		}
	}
	return err
}
