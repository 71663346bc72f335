package witness_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

// following follows a history that the test may exchange.
type following struct {
	h     *history
	forks int
}

func (f *following) follower(s witness.Store) *witness.Follower {
	return witness.NewFollower(witness.FollowerConfig{
		Key: key("f"), Store: s, Now: func() time.Time { return noon },
		RootAt: func(size uint64) (root [32]byte, ok bool) {
			if size > f.h.tree.Size() {
				return root, false
			}
			return f.h.note(size, "log").Root, true
		},
		Fork: func(_, _ tlog.Note) { f.forks++ },
	})
}

// TestFollower: what grows is cosigned, again and again; what is smaller, or in another history than what was
// signed, is not, whatever the node has executed meanwhile.
func TestFollower(t *testing.T) {
	f := &following{h: newHistory(t).grow("a", 20)}
	store := newMemory()
	w := f.follower(store)
	for _, size := range []uint64{3, 8, 8, 20} {
		n := f.h.note(size, "log")
		s, err := w.Cosign(n)
		must(t, err)
		must(t, s.Verify(n.Checkpoint, w.Key()))
		if store.notes[origin].Size != size {
			t.Errorf("holds %d after %d", store.notes[origin].Size, size)
		}
	}
	var held *witness.HeldError
	if _, err := w.Cosign(f.h.note(8, "log")); !errors.As(err, &held) || held.Size != 20 {
		t.Errorf("a smaller one: %v", err)
	}
	other := newHistory(t).grow("a", 15).grow("b", 15)
	if _, err := w.Cosign(other.note(25, "log")); !errors.Is(err, witness.ErrPath) {
		t.Errorf("what is not executed here: %v", err)
	}
	whole := f.h
	f.h = newHistory(t).grow("a", 10)
	if _, err := w.Cosign(f.h.note(10, "log")); !errors.As(err, &held) {
		t.Errorf("a ledger that is fetched anew, at 10: %v", err)
	}
	f.h = other
	for _, size := range []uint64{20, 25} {
		if _, err := w.Cosign(other.note(size, "log")); !errors.Is(err, witness.ErrFork) {
			t.Errorf("another history at %d: %v", size, err)
		}
	}
	if f.forks != 2 || store.notes[origin].Size != 20 {
		t.Errorf("%d forks told, holds %d", f.forks, store.notes[origin].Size)
	}
	f.h = whole.grow("a", 5)
	_, err := f.follower(store).Cosign(f.h.note(25, "log")) // and after a restart
	must(t, err)
}

// TestFollowerBehind: nothing is signed while what was signed before has not been executed again.
func TestFollowerBehind(t *testing.T) {
	f := &following{h: newHistory(t).grow("a", 20)}
	store := newMemory()
	_, err := f.follower(store).Cosign(f.h.note(20, "log"))
	must(t, err)
	ahead := f.h.grow("a", 5).note(25, "log")
	f.h = newHistory(t).grow("a", 10)
	if _, err := f.follower(store).Cosign(ahead); !errors.Is(err, witness.ErrBehind) || f.forks != 0 {
		t.Errorf("%v, %d forks", err, f.forks)
	}
}

// TestFollowerKeepsFirst: a disk that fails means no signature, and nothing is signed before it is kept.
func TestFollowerKeepsFirst(t *testing.T) {
	f := &following{h: newHistory(t).grow("a", 20)}
	for _, store := range []*memory{
		{notes: map[string]tlog.Note{}, fail: errors.New("disk")}, {notes: map[string]tlog.Note{}, failAfter: errors.New("disk")},
	} {
		if s, err := f.follower(store).Cosign(f.h.note(8, "log")); !errors.Is(err, witness.ErrStore) || s != (tlog.Cosignature{}) {
			t.Errorf("%v", err)
		}
	}
	var log []string
	store := newMemory()
	store.log = &log
	w := witness.NewFollower(witness.FollowerConfig{
		Key: key("f"), Store: store, RootAt: func(size uint64) ([32]byte, bool) { return f.h.note(size, "log").Root, true },
		Now: func() time.Time {
			log = append(log, "sign")
			return noon
		},
	})
	_, err := w.Cosign(f.h.note(8, "log"))
	must(t, err)
	if !slices.Equal(log, []string{"keep 8", "sign"}) {
		t.Errorf("order %q", log)
	}
}
