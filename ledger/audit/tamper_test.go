package audit_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestEveryByte changes every byte of every file of an export, one at a time: none passes.
func TestEveryByte(t *testing.T) {
	files := exported(t, small(t))
	dir := write(t, files)
	must(t, verify(dir))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		data := bytes.Clone(files[name])
		for i := range data {
			data[i] ^= byte(1 << (i % 8))
			must(t, os.WriteFile(path, data, 0o600))
			if verify(dir) == nil {
				t.Errorf("%s: a changed byte %d of %d passes", name, i, len(data))
			}
			data[i] = files[name][i]
		}
		must(t, os.WriteFile(path, data, 0o600))
	}
	must(t, verify(dir))
}

// TestEveryLength truncates and extends every file.
func TestEveryLength(t *testing.T) {
	files := exported(t, small(t))
	dir := write(t, files)
	for name, data := range files {
		path := filepath.Join(dir, name)
		for n := 0; n < len(data); n += 1 + len(data)/97 {
			must(t, os.WriteFile(path, data[:n], 0o600))
			if verify(dir) == nil {
				t.Errorf("%s cut to %d of %d bytes passes", name, n, len(data))
			}
		}
		for _, tail := range []string{"\x00", "\n", " ", "\x00\x00"} {
			must(t, os.WriteFile(path, append(bytes.Clone(data), tail...), 0o600))
			if verify(dir) == nil {
				t.Errorf("%s with %q at its end passes", name, tail)
			}
		}
		must(t, os.WriteFile(path, data, 0o600))
	}
}

// TestLayout adds, removes, swaps and disguises files and folders.
func TestLayout(t *testing.T) {
	l := small(t)
	files := exported(t, l)
	for name, change := range map[string]func(t *testing.T, dir string){
		"a file at the top":         func(t *testing.T, dir string) { put(t, dir, "README", nil) },
		"a hidden file":             func(t *testing.T, dir string) { put(t, dir, "tile/0/.x", nil) },
		"another partial tile":      func(t *testing.T, dir string) { put(t, dir, "tile/0/000.p/6", files["tile/0/000.p/7"][:192]) },
		"a full tile beside it":     func(t *testing.T, dir string) { put(t, dir, "tile/0/000", nil) },
		"an empty folder":           func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "tile/1"), 0o700)) },
		"a folder with an odd name": func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "tile/\xff\n"), 0o700)) },
		"no tile":                   func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "tile/0/000.p/7"))) },
		"no entries":                func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "tile/entries/000.p/7"))) },
		"swapped files": func(t *testing.T, dir string) {
			put(t, dir, "tile/0/000.p/7", files["tile/entries/000.p/7"])
			put(t, dir, "tile/entries/000.p/7", files["tile/0/000.p/7"])
		},
		"a link to the same bytes": func(t *testing.T, dir string) {
			elsewhere := filepath.Join(t.TempDir(), "tile")
			must(t, os.Rename(filepath.Join(dir, "tile/0/000.p/7"), elsewhere))
			must(t, os.Symlink(elsewhere, filepath.Join(dir, "tile/0/000.p/7")))
		},
		"a folder in place of a file": func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, "tile/0/000.p/7")))
			must(t, os.Mkdir(filepath.Join(dir, "tile/0/000.p/7"), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files)
			change(t, dir)
			if err := verify(dir); err == nil || name != "swapped files" && !errors.Is(err, audit.ErrLayout) {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, dir := range map[string]string{"nothing there": filepath.Join(t.TempDir(), "no"), "an empty folder": t.TempDir()} {
		if verify(dir) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// TestForgeries puts other leaves under hashes that were all computed anew, and a checkpoint that a
// member's own log key signed: only the entries' signatures and the ledger's rules are left to catch it.
func TestForgeries(t *testing.T) {
	l := small(t)
	colluder := bank.Private(member.Log)
	flipVote := func(leaves [][]byte) [][]byte {
		leaves[6] = bytes.Replace(leaves[6], []byte{0x02, 0xf4}, []byte{0x02, 0xf5}, 1) // false to true
		return leaves
	}
	for name, change := range map[string]func([][]byte) [][]byte{
		"a changed vote": flipVote,
		"a vote signed by another": func(leaves [][]byte) [][]byte {
			raw, err := entry.NewVote(police.Signer(member.Seat, l.S), 1, entry.HashOf(leaves[3]), true)
			must(t, err)
			leaves[6] = raw
			return leaves
		},
		"a vote twice":      func(leaves [][]byte) [][]byte { return append(leaves, leaves[6]) },
		"entries swapped":   func(leaves [][]byte) [][]byte { leaves[3], leaves[4] = leaves[4], leaves[3]; return leaves },
		"a second genesis":  func(leaves [][]byte) [][]byte { return append(leaves, leaves[0]) },
		"no genesis":        func(leaves [][]byte) [][]byte { return leaves[1:] },
		"an empty leaf":     func(leaves [][]byte) [][]byte { return append(leaves, nil) },
		"a leaf of zeros":   func(leaves [][]byte) [][]byte { return append(leaves, make([]byte, 100)) },
		"a changed genesis": func(leaves [][]byte) [][]byte { leaves[0][len(leaves[0])-1] ^= 1; return leaves },
		"a changed node info": func(leaves [][]byte) [][]byte {
			leaves[1] = bytes.Replace(leaves[1], []byte("192"), []byte("193"), 1)
			return leaves
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := recomputed(t, l, change(copyOf(l.Leaves)), colluder)
			if err := verify(write(t, files)); !errors.Is(err, audit.ErrEntry) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWhatOneSignatureCannotShow states a limit: a member that signs with its own log key can cut the
// end off, or leave out entries that nothing after them builds on. It forges nobody's entry, and any two
// such checkpoints are proof against it; that there are none takes cosignatures.
func TestWhatOneSignatureCannotShow(t *testing.T) {
	l := small(t)
	for name, leaves := range map[string][][]byte{
		"the end cut off": l.Leaves[:3],
		"a vote left out": append(copyOf(l.Leaves[:4]), l.Leaves[5:]...),
	} {
		if err := verify(write(t, recomputed(t, l, leaves, bank.Private(member.Log)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCheckpointOfAnotherTree: a good signature of a member under a size, root or origin that the
// entries do not have.
func TestCheckpointOfAnotherTree(t *testing.T) {
	l := small(t)
	for name, change := range map[string]func(*tlog.Checkpoint){
		"size 0":         func(c *tlog.Checkpoint) { c.Size = 0 },
		"one less":       func(c *tlog.Checkpoint) { c.Size-- },
		"one more":       func(c *tlog.Checkpoint) { c.Size++ },
		"an absurd size": func(c *tlog.Checkpoint) { c.Size = 1<<63 - 1 },
		"another root":   func(c *tlog.Checkpoint) { c.Root[0] ^= 1 },
		"another ledger": func(c *tlog.Checkpoint) { c.Origin = tlog.Origin([32]byte{1}) },
	} {
		files := exported(t, l)
		c := tlog.Checkpoint{Origin: tlog.Origin(l.S.LedgerID()), Size: l.S.Size(), Root: l.S.Root()}
		change(&c)
		signed, err := tlog.SignCheckpoint(c, bank.Private(member.Log))
		must(t, err)
		files["checkpoint"] = signed.Bytes()
		if err := verify(write(t, files)); !errors.Is(err, audit.ErrCheckpoint) && !errors.Is(err, audit.ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzVerify puts any bytes in place of the checkpoint and of the entries: only the true ones pass.
func FuzzVerify(f *testing.F) {
	files := exported(f, small(f))
	checkpoint, entries := files["checkpoint"], files["tile/entries/000.p/7"]
	f.Add(checkpoint, entries)
	f.Add(checkpoint, entries[:len(entries)-1])
	f.Add([]byte("x"), entries)
	f.Fuzz(func(t *testing.T, c, e []byte) {
		changed := maps.Clone(files)
		changed["checkpoint"], changed["tile/entries/000.p/7"] = c, e
		if verify(write(t, changed)) == nil && (!bytes.Equal(c, checkpoint) || !bytes.Equal(e, entries)) {
			t.Fatal("other bytes verify")
		}
	})
}
