package fetch

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/session"
)

func word(m *session.SignedManifest) Word {
	return Word{Version: m.Manifest.Version, Manifest: m.Hash, Raw: m.Hash[:]}
}

// TestServedAgainstAnnounced: what is served is not taken where all others were announced something else, before
// the ledger has anything to say; both are reported, once.
func TestServedAgainstAnnounced(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	h.publish("email", 10)
	g.Hear(h.ref("email"), word(h.branch(20)))
	for range 2 {
		if err := g.update(t); !errors.Is(err, ErrAnnounced) || !errors.Is(err, session.ErrFork) {
			t.Fatalf("error %v", err)
		}
	}
	if len(g.forks) != 1 || g.forks[0].Served.Hash != h.last["email"].Hash || g.forks[0].Words[0].Raw == nil {
		t.Errorf("accused %+v", g.forks)
	}
	g.anchor(1, h.last["email"].Hash) // the ledger has decided: it was the announcement that was false
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 10, true)
}

// TestShownAgainstAnnounced: a manifest that was taken, and has been replaced since, is compared with what is
// announced later: of its own version, and of the one before it.
func TestShownAgainstAnnounced(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	first := h.publish("email", 10)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 10, true)
	second := h.publish("email", 20)
	if err := g.update(t); err != nil {
		t.Fatal(err)
	}
	g.Hear(h.ref("email"), word(first))
	g.Hear(h.ref("email"), word(second))
	if len(g.forks) != 0 {
		t.Fatalf("accused of what agrees: %+v", g.forks)
	}
	other := Word{Version: 1, Manifest: [32]byte{9}, Raw: []byte{1}}
	g.Hear(h.ref("email"), other)
	g.Hear(h.ref("email"), other)
	if len(g.forks) != 2 || g.forks[0].Served != nil || g.forks[1].Served.Hash != second.Hash {
		t.Errorf("accused %+v", g.forks)
	}
}

// TestWordsAreBounded: of an index only the newest words are kept, and none of epochs that are over.
func TestWordsAreBounded(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	g := guardedPuller(h, m)
	ref := h.ref("email")
	for v := range uint64(100) {
		g.Hear(ref, Word{Version: v + 1, Manifest: [32]byte{byte(v)}})
	}
	if n := len(g.words[ref]); n != keptShown {
		t.Errorf("%d words are kept", n)
	}
	if g.Contradicts(ref, 1, [32]byte{99}) || g.Contradicts(ref, 100, [32]byte{99}) || !g.Contradicts(ref, 100, [32]byte{1}) {
		t.Error("not the newest")
	}
	next := ref
	next.Epoch += 2
	g.Hear(next, Word{Version: 1})
	if len(g.words) != 1 {
		t.Errorf("words of %d indexes", len(g.words))
	}
}
