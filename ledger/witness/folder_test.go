package witness_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

func openFolder(t *testing.T, dir string) *witness.Folder {
	t.Helper()
	f, err := witness.OpenFolder(dir)
	must(t, err)
	return f
}

// TestFolderSurvives: a witness that is started again on its folder goes on from there.
func TestFolderSurvives(t *testing.T) {
	dir := t.TempDir()
	h := newHistory(t).grow("a", 20)
	f := openFolder(t, dir)
	_, err := newWitness(f, "w").Add(h.request(0, h.note(8, "log")).Bytes())
	must(t, err)
	if _, err := witness.OpenFolder(dir); !errors.Is(err, witness.ErrInUse) {
		t.Errorf("a second witness on the folder: %v", err)
	}
	must(t, f.Close())
	must(t, os.WriteFile(filepath.Join(dir, ".unfinished"), []byte("half"), 0o600)) // a crash while writing
	f = openFolder(t, dir)
	defer f.Close()
	w := newWitness(f, "w")
	if _, err := w.Add(h.request(0, h.note(9, "log")).Bytes()); !errors.Is(err, witness.ErrHeld) {
		t.Errorf("from nothing: %v", err)
	}
	_, err = w.Add(h.request(8, h.note(20, "log")).Bytes())
	must(t, err)
	n, ok, err := f.Newest(origin)
	if err != nil || !ok || !bytes.Equal(n.Bytes(), h.note(20, "log").Bytes()) {
		t.Errorf("holds %+v, %v", n, err)
	}
	if _, ok, err := f.Newest(tlog.Origin([32]byte{9})); ok || err != nil {
		t.Errorf("of another ledger: %v, %v", ok, err)
	}
}

// TestFolderDamage: any changed byte, a cut, a file in another ledger's name: nothing is signed.
func TestFolderDamage(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	defer f.Close()
	h := newHistory(t).grow("a", 20)
	w := newWitness(f, "w")
	_, err := w.Add(h.request(0, h.note(8, "log")).Bytes())
	must(t, err)
	path := filepath.Join(dir, strings.TrimPrefix(origin, "crosslight/ledger/"))
	good, err := os.ReadFile(path)
	must(t, err)
	request := h.request(8, h.note(20, "log")).Bytes()
	try := func(what string, data []byte) {
		t.Helper()
		must(t, os.WriteFile(path, data, 0o600))
		if answer, err := w.Add(request); !errors.Is(err, witness.ErrDamaged) || !errors.Is(err, witness.ErrStore) || answer != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := 0; i < len(good); i += 3 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		try("a changed byte", bad)
	}
	for n := 0; n < len(good); n += 17 {
		try("cut", good[:n])
	}
	try("longer", append(bytes.Clone(good), '\n'))
	other := filepath.Join(dir, strings.TrimPrefix(tlog.Origin([32]byte{9}), "crosslight/ledger/"))
	must(t, os.WriteFile(other, good, 0o600))
	if _, _, err := f.Newest(tlog.Origin([32]byte{9})); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("another ledger's file: %v", err)
	}
}

func TestFolderThatIsNone(t *testing.T) {
	if _, err := witness.OpenFolder(filepath.Join(t.TempDir(), "no")); err == nil {
		t.Error("a folder that does not exist is opened")
	}
	f := openFolder(t, t.TempDir())
	defer f.Close()
	if _, _, err := f.Newest("../x"); err == nil {
		t.Error("an origin that is a path is read")
	}
	if err := f.Keep(tlog.Note{Checkpoint: tlog.Checkpoint{Origin: "../x"}}); err == nil {
		t.Error("an origin that is a path is written")
	}
}

// FuzzAdd: whatever arrives, the witness signs nothing but extensions of what it holds.
func FuzzAdd(f *testing.F) {
	h := newHistory(f).grow("a", 20)
	first := h.request(0, h.note(8, "log")).Bytes()
	f.Add(h.request(8, h.note(20, "log")).Bytes())
	f.Add(first)
	f.Fuzz(func(t *testing.T, raw []byte) {
		store := newMemory()
		w := newWitness(store, "w")
		if _, err := w.Add(first); err != nil {
			t.Fatal(err)
		}
		answer, err := w.Add(raw)
		if err == nil {
			g, err := tlog.ParseGrowth(raw)
			if err != nil || g.Old != 8 || store.notes[origin].Checkpoint != g.Note.Checkpoint {
				t.Fatalf("cosigned %q", raw)
			}
			cosigned(t, w, answer, g.Note.Checkpoint)
		}
	})
}
