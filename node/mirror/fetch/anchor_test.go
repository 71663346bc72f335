package fetch

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// guarded is a puller with the ledger's anchors and what it accused.
type guarded struct {
	*Fetcher
	h       *holder
	anchors map[mirror.Ref]Anchor
	forks   []Fork
}

func guardedPuller(h *holder, m *mirror.Mirror) *guarded {
	g := &guarded{Fetcher: puller(h, m), h: h, anchors: map[mirror.Ref]Anchor{}}
	g.Guard(func(member.PublicKey) map[mirror.Ref]Anchor { return g.anchors }, func(f Fork) { g.forks = append(g.forks, f) })
	return g
}

func (g *guarded) anchor(version uint64, hash [32]byte) {
	g.anchors[g.h.ref("email")] = Anchor{Version: version, Manifest: hash, Index: 5}
}

func (g *guarded) update(t *testing.T) error {
	t.Helper()
	return g.Update(t.Context(), g.h.public, all)
}

// branch is another manifest of the version that h published last, as h would show it to somebody else.
func (h *holder) branch(n int) *session.SignedManifest {
	h.t.Helper()
	other := newHolder(h.t)
	if last := h.last["email"]; last.Manifest.Version > 1 {
		h.t.Fatal("branches at version 1")
	}
	return other.publish("email", n)
}

// TestAnchoredOnly: a manifest that is not the one on the ledger is not taken, and the holder's signatures
// on both are reported once.
func TestAnchoredOnly(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	h.publish("email", 10)
	g.anchor(1, h.branch(20).Hash)
	for range 2 {
		if err := g.update(t); !errors.Is(err, ErrAnchor) || !errors.Is(err, session.ErrFork) {
			t.Fatalf("error %v", err)
		}
	}
	if len(g.forks) != 1 || g.forks[0].Served.Hash != h.last["email"].Hash || g.forks[0].Other != nil || g.forks[0].Anchor.Index != 5 {
		t.Errorf("accused %+v", g.forks)
	}
	if _, err := m.Use(h.ref("email")); !errors.Is(err, mirror.ErrNone) {
		t.Errorf("it is in use: %v", err)
	}
}

// TestOlderThanAnchored: an old manifest is not taken, though nothing proves whose fault that is.
func TestOlderThanAnchored(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	h.publish("email", 10)
	g.anchor(2, [32]byte{9})
	if err := g.update(t); !errors.Is(err, ErrAnchor) || !errors.Is(err, session.ErrRollback) || len(g.forks) != 0 {
		t.Errorf("%v, accused %+v", err, g.forks)
	}
}

// TestAnchorBehind: the ledger is a few versions behind, which is no fault; and the next version must follow
// what it has.
func TestAnchorBehind(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	first := h.publish("email", 10)
	g.anchor(1, first.Hash)
	h.publish("email", 20)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	h.publish("email", 30)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 30, true)
	g.anchor(2, [32]byte{9}) // says that version 2 was another: what was shown as 2, and 3 after it, are a branch
	err := g.update(t)
	if !errors.Is(err, ErrAnchor) || len(g.forks) != 2 {
		t.Errorf("%v, accused %d", err, len(g.forks))
	}
}

// TestLeavesBranch: an index in use that turns out to be a branch makes way for the one that all members
// are shown.
func TestLeavesBranch(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	h.publish("email", 10)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	honest := newHolder(t) // the same key: the holder, as it shows itself to others
	honest.publish("email", 25)
	g.anchor(1, honest.last["email"].Hash)
	g.net = honest
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, honest, "email", 25, true)
	if len(g.forks) != 1 {
		t.Errorf("accused %+v", g.forks)
	}
}

// TestForkOfTwo: two manifests that contradict one another are evidence without an anchor.
func TestForkOfTwo(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	h.publish("email", 10)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	other := newHolder(t)
	other.publish("email", 25)
	g.net = other
	if err := g.update(t); !errors.Is(err, session.ErrFork) {
		t.Fatalf("error %v", err)
	}
	if len(g.forks) != 1 || g.forks[0].Other == nil || g.forks[0].Other.Hash != h.last["email"].Hash {
		t.Errorf("accused %+v", g.forks)
	}
	wantItems(t, m, h, "email", 10, true)
}
