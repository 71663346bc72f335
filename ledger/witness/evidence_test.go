package witness_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

// TestEvidence: the first fork is written down, each is told, and what was written stays.
func TestEvidence(t *testing.T) {
	h, fork := newHistory(t).grow("a", 8), newHistory(t).grow("b", 8)
	path := filepath.Join(t.TempDir(), "fork")
	var told []error
	policy, _ := trusting(origin)
	w := witness.New(witness.Config{
		Key: key("w"), Store: newMemory(), Trust: witness.Watching(policy), Now: time.Now,
		Fork: witness.Evidence(path, func(_ string, err error) { told = append(told, err) }),
	})
	_, err := w.Add(h.request(0, h.note(8, "log")).Bytes())
	must(t, err)
	for range 2 {
		if _, err := w.Add(fork.request(0, fork.note(8, "log")).Bytes()); !errors.Is(err, witness.ErrFork) {
			t.Fatal(err)
		}
	}
	if len(told) != 2 || told[0] != nil || !errors.Is(told[1], fs.ErrExist) {
		t.Errorf("told %v", told)
	}
	raw, err := os.ReadFile(path)
	must(t, err)
	one := h.note(8, "log").Bytes()
	if !bytes.HasPrefix(raw, append(one, '\n')) {
		t.Fatal("the note that was held is not there")
	}
	other, err := tlog.ParseNote(raw[len(one)+1:])
	must(t, err)
	if _, err := policy.Check(other); err != nil || other.Root == h.tree.Root() {
		t.Errorf("the other note: %v", err)
	}
	elsewhere := fork.note(8, "log")
	elsewhere.Origin = tlog.Origin([32]byte{8})
	if _, err := w.Add(fork.request(0, elsewhere).Bytes()); !errors.Is(err, witness.ErrUnknown) {
		t.Errorf("a ledger that is not watched: %v", err)
	}
}
