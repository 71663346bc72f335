package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Damage is something that happens to the folder of a replica that does not run. old is a copy of the
// folder from an earlier time, leaves what the ledger holds.
type Damage struct {
	Name string
	Do   func(dir, old string, leaves [][]byte, r *rand.Rand) error
}

// Damages lists the kinds of damage.
func Damages() []Damage {
	log := func(f func(path string, r *rand.Rand) error) func(string, string, [][]byte, *rand.Rand) error {
		return func(dir, _ string, _ [][]byte, r *rand.Rand) error { return f(filepath.Join(dir, "raft.db"), r) }
	}
	snapshot := func(name string, f func(path string, r *rand.Rand) error) func(string, string, [][]byte, *rand.Rand) error {
		return func(dir, _ string, _ [][]byte, r *rand.Rand) error {
			at, err := newestSnapshot(dir)
			if err != nil {
				return err
			}
			return f(filepath.Join(at, name), r)
		}
	}
	remove := func(path string, _ *rand.Rand) error { return os.Remove(path) }
	return []Damage{
		{"a byte of the log flipped", log(flip)},
		{"a page of the log zeroed", log(zeroPage)},
		{"a page of the log as it was", stalePage},
		{"a page of the log as another was", movedPage},
		{"the log cut short", log(cut)},
		{"the log emptied", log(func(path string, _ *rand.Rand) error { return os.Truncate(path, 0) })},
		{"the log gone", log(remove)},
		{"the log as it was", func(dir, old string, _ [][]byte, _ *rand.Rand) error {
			return copyFile(filepath.Join(dir, "raft.db"), filepath.Join(old, "raft.db"))
		}},
		{"the folder as it was", func(dir, old string, _ [][]byte, _ *rand.Rand) error {
			return errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(old)))
		}},
		{"the snapshots as they were", staleSnapshots},
		{"a byte of a snapshot flipped", snapshot("state.bin", flip)},
		{"a snapshot cut short", snapshot("state.bin", cut)},
		{"a snapshot without its entries", snapshot("state.bin", remove)},
		{"a byte of a snapshot's description flipped", snapshot("meta.json", flip)},
		{"a snapshot without its description", snapshot("meta.json", remove)},
		{"a snapshot that leaves the newest entries out", poisoned(func(l [][]byte) [][]byte { return l[:len(l)/2] })},
		{"a snapshot with another entry", poisoned(func(l [][]byte) [][]byte {
			l[len(l)-1] = bytes.Replace(l[len(l)-1], []byte("/ip4/"), []byte("/ip6/"), 1)
			return l
		})},
		{"a snapshot with its entries in another order", poisoned(func(l [][]byte) [][]byte {
			slices.Reverse(l[len(l)-2:])
			return l
		})},
	}
}

func flip(path string, r *rand.Rand) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	return os.WriteFile(path, b, 0o600)
}

func cut(path string, r *rand.Rand) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, r.Int64N(info.Size()))
}

const pageSize = 4096

func zeroPage(path string, r *rand.Rand) error {
	return rewritePage(path, r, func(int, []byte) []byte { return make([]byte, pageSize) })
}

// stalePage undoes one write of a page, as a disk does that lost it.
func stalePage(dir, old string, _ [][]byte, r *rand.Rand) error {
	before, err := os.ReadFile(filepath.Join(old, "raft.db"))
	if err != nil {
		return err
	}
	return rewritePage(filepath.Join(dir, "raft.db"), r, func(page int, b []byte) []byte {
		if at := page * pageSize; at+pageSize <= len(before) {
			return before[at : at+pageSize]
		}
		return b // it was not there yet
	})
}

// movedPage puts an old page where another belongs, as a disk does that wrote to the wrong place.
func movedPage(dir, old string, _ [][]byte, r *rand.Rand) error {
	before, err := os.ReadFile(filepath.Join(old, "raft.db"))
	if err != nil {
		return err
	}
	from := r.IntN(len(before)/pageSize) * pageSize
	return rewritePage(filepath.Join(dir, "raft.db"), r, func(int, []byte) []byte { return before[from : from+pageSize] })
}

// rewritePage replaces one page of a file, drawn by r.
func rewritePage(path string, r *rand.Rand, with func(page int, b []byte) []byte) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page := r.IntN(len(b) / pageSize)
	at := b[page*pageSize : (page+1)*pageSize]
	copy(at, with(page, at))
	return os.WriteFile(path, b, 0o600)
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

func staleSnapshots(dir, old string, _ [][]byte, _ *rand.Rand) error {
	now, before := filepath.Join(dir, "snapshots"), filepath.Join(old, "snapshots")
	return errors.Join(os.RemoveAll(now), os.CopyFS(now, os.DirFS(before)))
}

// newestSnapshot returns the folder of the newest snapshot, whose name sorts last.
func newestSnapshot(dir string) (string, error) {
	list, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil {
		return "", err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return filepath.Ext(e.Name()) == ".tmp" })
	if len(list) == 0 {
		return "", errors.New("no snapshot to damage")
	}
	newest := slices.MaxFunc(list, func(a, b fs.DirEntry) int {
		i, _ := a.Info()
		j, _ := b.Info()
		return i.ModTime().Compare(j.ModTime())
	})
	return filepath.Join(dir, "snapshots", newest.Name()), nil
}

// poisoned replaces the newest snapshot by one of other entries, whose checksums fit.
func poisoned(change func([][]byte) [][]byte) func(string, string, [][]byte, *rand.Rand) error {
	return func(dir, _ string, leaves [][]byte, _ *rand.Rand) error {
		at, err := newestSnapshot(dir)
		if err != nil {
			return err
		}
		meta := map[string]any{}
		b, err := os.ReadFile(filepath.Join(at, "meta.json"))
		if err == nil {
			err = json.Unmarshal(b, &meta)
		}
		if err != nil {
			return err
		}
		content, err := snapshotOf(change(slices.Clone(leaves)))
		if err != nil {
			return err
		}
		sum := crc64.New(crc64.MakeTable(crc64.ECMA))
		_, _ = sum.Write(content)
		meta["Size"], meta["CRC"] = len(content), sum.Sum(nil)
		if b, err = json.Marshal(meta); err != nil {
			return err
		}
		return errors.Join(os.WriteFile(filepath.Join(at, "state.bin"), content, 0o600),
			os.WriteFile(filepath.Join(at, "meta.json"), b, 0o600))
	}
}

// snapshotOf is a snapshot of the leaves, as a replica writes it.
func snapshotOf(leaves [][]byte) ([]byte, error) {
	var out bytes.Buffer
	head, err := wire.Encode(struct {
		V    uint64   `cbor:"1,keyasint"`
		Size uint64   `cbor:"2,keyasint"`
		Root [32]byte `cbor:"3,keyasint"`
	}{1, uint64(len(leaves)), rootOf(leaves)})
	if err != nil {
		return nil, err
	}
	for _, b := range append([][]byte{head}, leaves...) {
		if err := wire.WriteFrame(&out, b); err != nil {
			return nil, fmt.Errorf("snapshot: %w", err)
		}
	}
	return out.Bytes(), nil
}

// rootsOf are the roots of the ledger at each size.
func rootsOf(leaves [][]byte) map[uint64][32]byte {
	tree, roots := tlog.NewFrontier(), map[uint64][32]byte{}
	for i, leaf := range leaves {
		tree.Append(tlog.LeafHash(leaf))
		roots[uint64(i)+1] = tree.Root()
	}
	return roots
}
