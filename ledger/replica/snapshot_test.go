package replica

import (
	"bytes"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/ledger/state"
)

// executed is a history of n node infos, without raft.
func executed(t testing.TB, c *consortium, n uint64) *history {
	t.Helper()
	h, err := newHistory(c.genesis, func([]state.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= n; seq++ {
		if i, err := h.apply(c.nodeInfo(c.orgs[0], seq), seq); err != nil || i != seq {
			t.Fatalf("entry %d at %d: %v", seq, i, err)
		}
	}
	return h
}

func written(t testing.TB, s *snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSnapshotReexecutes(t *testing.T) {
	c := newConsortium(t, 3)
	from, to := executed(t, c, 5), executed(t, c, 2)
	if err := to.restore(bytes.NewReader(written(t, from.snapshot()))); err != nil {
		t.Fatal(err)
	}
	if to.state.Hash() != from.state.Hash() || len(to.leaves) != 6 {
		t.Error("restored to another state")
	}
}

func TestForgedSnapshotsChangeNothing(t *testing.T) {
	c, other := newConsortium(t, 3), newConsortium(t, 3)
	good := executed(t, c, 5).snapshot()
	change := func(f func(*snapshot)) []byte {
		s := &snapshot{good.header, append([][]byte(nil), good.leaves...)}
		f(s)
		return written(t, s)
	}
	flipped := bytes.Clone(good.leaves[3])
	flipped[len(flipped)/2] ^= 1
	forged := map[string][]byte{
		"empty":                  nil,
		"truncated":              written(t, good)[:200],
		"a byte more":            append(written(t, good), 0),
		"another version":        change(func(s *snapshot) { s.header.V = 2 }),
		"another root":           change(func(s *snapshot) { s.header.Root[0] ^= 1 }),
		"more than it has":       change(func(s *snapshot) { s.header.Size++ }),
		"an entry left out":      change(func(s *snapshot) { s.header.Size--; s.leaves = append(s.leaves[:2], s.leaves[3:]...) }),
		"an entry changed":       change(func(s *snapshot) { s.leaves[3] = flipped }),
		"an entry invented":      change(func(s *snapshot) { s.header.Size++; s.leaves = append(s.leaves, []byte("free admission")) }),
		"another ledger":         written(t, executed(t, other, 5).snapshot()),
		"size beyond all bounds": frame(encoded(t, snapshotHeader{1, 1 << 62, good.header.Root})),
	}
	for name, b := range forged {
		h := executed(t, c, 2)
		before := h.state.Hash()
		if err := h.restore(bytes.NewReader(b)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if h.state.Hash() != before || len(h.leaves) != 3 {
			t.Errorf("%s: the history changed", name)
		}
	}
}

// A snapshot that is valid by itself but of another past than the one executed here.
func TestSnapshotOfAnotherPast(t *testing.T) {
	c := newConsortium(t, 3)
	past := executed(t, c, 1)
	theirs, err := newHistory(c.genesis, func([]state.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.apply(c.nodeInfo(c.orgs[1], 1), 1); err != nil {
		t.Fatal(err)
	}
	if err := past.restore(bytes.NewReader(written(t, theirs.snapshot()))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a contradicting history was executed: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	c := newConsortium(f, 3)
	f.Add(written(f, executed(f, c, 2).snapshot()))
	f.Add(frame(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := newHistory(c.genesis, func([]state.Event) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.restore(bytes.NewReader(b)); err == nil {
			if again := written(t, h.snapshot()); !bytes.Equal(again, b) {
				t.Error("another encoding of a snapshot was accepted")
			}
		} else if len(h.leaves) != 1 || !errors.Is(err, ErrCorrupt) {
			t.Errorf("refused with %v at %d leaves", err, len(h.leaves))
		}
	})
}
