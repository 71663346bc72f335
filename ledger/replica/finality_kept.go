package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/wire"
)

// What this voter has echoed it serves until the next final, even when another history takes the place
// of its own: a quorum of echoes may bind everybody to it already, and then nobody else need have it.

// aside is a history that was put aside, with the values in it that were echoed.
type aside struct {
	around func(Op, func() error) error // see writeFile

	mu   sync.Mutex
	list []keptHistory
}

// keptHistory is every leaf up to the size of a value. The first ones are this node's own, too.
type keptHistory struct {
	value  finality.Value
	from   uint64
	root   [32]byte // at from
	leaves [][]byte // from on
}

func keptPath(dir string) string { return filepath.Join(finalDir(dir), "aside") }

// putAside keeps what was echoed and is not in the history that comes, on disk, before that comes.
func (d *decider) putAside(old, next [][]byte) error {
	base := max(d.finals.size(), 1)
	root, ok := d.r.RootAt(base)
	if !ok {
		return nil
	}
	changed := false
	for _, v := range d.kept {
		if v.Size <= base || v.Size > uint64(len(old)) || rootOf(old[:v.Size]) != v.Root {
			continue
		}
		if v.Size <= uint64(len(next)) && rootOf(next[:v.Size]) == v.Root {
			continue
		}
		changed = d.aside.add(keptHistory{v, base, root, old[base:v.Size]}) || changed
	}
	if !changed {
		return nil
	}
	return d.aside.write(keptPath(d.dir))
}

func rootOf(leaves [][]byte) [32]byte {
	t := tlog.NewFrontier()
	for _, leaf := range leaves {
		t.Append(tlog.LeafHash(leaf))
	}
	return t.Root()
}

func (a *aside) add(k keptHistory) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, have := range a.list {
		if have.value == k.value {
			return false
		}
	}
	a.list = append(a.list, k)
	return true
}

// findKept returns the leaves that a asks for, or nil.
func (d *decider) findKept(a historyAsk) [][]byte {
	d.aside.mu.Lock()
	defer d.aside.mu.Unlock()
	for _, k := range d.aside.list {
		if k.value == a.value() && k.from == a.From && k.root == a.FromRoot {
			return k.leaves
		}
	}
	return nil
}

// dropAside forgets it all: something else is final.
func (d *decider) dropAside() {
	d.aside.mu.Lock()
	had := len(d.aside.list) > 0
	d.aside.list = nil
	d.aside.mu.Unlock()
	if had {
		_ = os.Remove(keptPath(d.dir)) // what is left is dropped with the next final
	}
}

type asideHead struct {
	V    uint64   `cbor:"1,keyasint"`
	Size uint64   `cbor:"2,keyasint"`
	Root [32]byte `cbor:"3,keyasint"`
	From uint64   `cbor:"4,keyasint"`
	Base [32]byte `cbor:"5,keyasint"`
}

var asidePlace = []byte("aside")

// write replaces the file: for each history a head and its leaves, in frames, and a sum over all.
func (a *aside) write(path string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out bytes.Buffer
	for _, k := range a.list {
		head, err := wire.Encode(asideHead{version, k.value.Size, k.value.Root, k.from, k.root})
		if err != nil {
			return err
		}
		for _, b := range append([][]byte{head}, k.leaves...) {
			if err := wire.WriteFrame(&out, b); err != nil {
				return err
			}
		}
	}
	return writeFile(a.around, path, append(out.Bytes(), sum(asidePlace, out.Bytes())...))
}

// read takes the file of the last run, if there is one. Errors wrap [ErrCorrupt] or are the disk's.
func (a *aside) read(path string) error {
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return classify(err)
	}
	n := len(sealed) - sumSize
	if n < 0 || !bytes.Equal(sum(asidePlace, sealed[:n]), sealed[n:]) {
		return errRecord
	}
	for in := bytes.NewReader(sealed[:n]); in.Len() > 0; {
		k, err := readAside(in)
		if err != nil {
			return fmt.Errorf("%w: what was put aside: %w", ErrCorrupt, err)
		}
		a.list = append(a.list, k)
	}
	return nil
}

func readAside(in *bytes.Reader) (keptHistory, error) {
	b, err := wire.ReadFrame(in, maxHistoryAsk)
	if err != nil {
		return keptHistory{}, err
	}
	var h asideHead
	if err := wire.Decode(b, &h, maxHistoryAsk); err != nil {
		return keptHistory{}, err
	}
	if h.V != version || h.Size < h.From || h.Size-h.From > maxRebuilt {
		return keptHistory{}, fmt.Errorf("%w: version %d, %d to %d", ErrMessage, h.V, h.From, h.Size)
	}
	k := keptHistory{value: finality.Value{Size: h.Size, Root: h.Root}, from: h.From, root: h.Base}
	for range h.Size - h.From {
		leaf, err := wire.ReadFrame(in, MaxCommand)
		if err != nil {
			return keptHistory{}, err
		}
		k.leaves = append(k.leaves, leaf)
	}
	return k, nil
}
