package mirror

import (
	"slices"

	"github.com/crosslight/crosslight/protocol/session"
)

// Update says what changed when a manifest was put in use, the member's own included.
type Update struct {
	Ref      Ref
	Version  uint64   // of the manifest
	Manifest [32]byte // its hash
	// Added names the segments that were not in the manifest before, in the order in which they apply:
	// additions and withdrawals or, where Rebased, all there are.
	Added [][32]byte
	// Rebased says that the base is another, or the first: what the index has is to be matched anew.
	Rebased bool
}

// OnUpdate has f called after each change of an index in use, in the order of the changes of one index.
// It runs on the goroutine of whoever brought the change, before that one goes on: f notes it and
// returns. It may call the mirror. Call OnUpdate before the first download.
//
// A crash between a change and its Update loses the Update. Whoever must not miss one keeps the names of
// the segments that it has handled, and compares them with [View.Segments] when it starts.
func (m *Mirror) OnUpdate(f func(Update)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = append(m.listeners, f)
}

// remember notes what is in use before the first change since the mirror was opened. old is nil where
// there is none that could be read.
func (m *Mirror) remember(ref Ref, old *session.SignedManifest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.told[ref]; !ok {
		m.told[ref] = old
	}
}

// announce tells the listeners what is in use now. It compares with what they were told last, not with
// the manifest before: one that came into use while the disk reported a failure was not told. The index
// is still marked as being written, so that its changes are told in their order.
func (m *Mirror) announce(ref Ref, now *session.SignedManifest) {
	m.mu.Lock()
	u := change(ref, m.told[ref], now)
	m.told[ref] = now
	listeners := slices.Clone(m.listeners)
	m.mu.Unlock()
	for _, f := range listeners {
		f(u)
	}
}

// change compares a manifest with the one before; old is nil where there was none.
func change(ref Ref, old, now *session.SignedManifest) Update {
	u := Update{Ref: ref, Version: now.Manifest.Version, Manifest: now.Hash}
	had := map[[32]byte]bool{}
	if old != nil {
		for _, s := range old.Manifest.Segments {
			had[s.Name] = true
		}
	}
	segments := now.Manifest.Segments
	u.Rebased = !had[segments[0].Name]
	for _, s := range segments {
		if u.Rebased || !had[s.Name] {
			u.Added = append(u.Added, s.Name)
		}
	}
	return u
}
