package replica

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/wire"
)

// pointFiles keeps final points on disk, each in a file that is replaced as a whole: the newest, with
// its cosignatures, and for ever those at which the voters change.
//
//	final/newest              final/handover-000000000042     (by size)
//
// A crash leaves the old file or the new one. An old newest does no harm: what this voter must not
// forget is in the stable store.
type pointFiles struct {
	dir    string
	around func(Op, func() error) error // see writeFile

	mu  sync.Mutex
	old *FinalPoint // newest as it was read
}

// writePause bounds how often the newest point is written: a busy ledger has many a second.
const writePause = time.Second

// maxPointFile bounds a file, in bytes: a certificate and a cosignature a voter.
const maxPointFile = 32 << 10

func finalDir(dir string) string { return filepath.Join(dir, "final") }

type pointWire struct {
	V            uint64   `cbor:"1,keyasint"`
	Certificate  []byte   `cbor:"2,keyasint"`
	Cosignatures [][]byte `cbor:"3,keyasint"` // each as a finality message
	At           int64    `cbor:"4,keyasint"` // Unix seconds, 0 for none
}

var pointPlace = []byte("final point")

func (p FinalPoint) bytes() ([]byte, error) {
	w := pointWire{V: version, Certificate: p.Certificate.Bytes(), Cosignatures: [][]byte{}}
	if !p.At.IsZero() {
		w.At = p.At.Unix()
	}
	for _, c := range p.Cosignatures {
		w.Cosignatures = append(w.Cosignatures, finality.Message{Cosignature: &c}.Bytes())
	}
	b, err := wire.Encode(w)
	return append(b, sum(pointPlace, b)...), err
}

// parsePoint reads what bytes wrote. Every fault wraps [ErrCorrupt].
func parsePoint(sealed []byte) (FinalPoint, error) {
	n := len(sealed) - sumSize
	if n < 0 || !bytes.Equal(sum(pointPlace, sealed[:n]), sealed[n:]) {
		return FinalPoint{}, errRecord
	}
	var w pointWire
	if err := wire.Decode(sealed[:n], &w, maxPointFile); err != nil {
		return FinalPoint{}, fmt.Errorf("%w: final point: %w", ErrCorrupt, err)
	}
	c, err := finality.ParseCertificate(w.Certificate)
	if err != nil || w.V != version {
		return FinalPoint{}, fmt.Errorf("%w: final point of version %d: %w", ErrCorrupt, w.V, err)
	}
	p := FinalPoint{Height: c.Height, Size: c.Value.Size, Root: c.Value.Root, Certificate: c}
	if w.At != 0 {
		p.At = time.Unix(w.At, 0).UTC()
	}
	for _, b := range w.Cosignatures {
		m, err := finality.ParseMessage(b)
		if err != nil || m.Cosignature == nil {
			return FinalPoint{}, fmt.Errorf("%w: cosignature of a final point: %w", ErrCorrupt, err)
		}
		p.Cosignatures = append(p.Cosignatures, *m.Cosignature)
	}
	return p, nil
}

// open reads what is there and returns the hand-overs in ascending order of size.
func (f *pointFiles) open() (handovers []FinalPoint, err error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, classify(err)
	}
	old, err := f.read("newest")
	if err == nil {
		f.old = &old
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(f.dir, "handover-*"))
	if err != nil {
		return nil, err
	}
	for _, name := range names { // in order, since sizes have leading zeros
		p, err := f.read(filepath.Base(name))
		if err != nil {
			return nil, err
		}
		handovers = append(handovers, p)
	}
	return handovers, nil
}

func (f *pointFiles) read(name string) (FinalPoint, error) {
	b, err := os.ReadFile(filepath.Join(f.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return FinalPoint{}, err
	}
	if err != nil {
		return FinalPoint{}, classify(err)
	}
	return parsePoint(b)
}

// newest is the point that was on disk at the start.
func (f *pointFiles) newest() (FinalPoint, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.old == nil {
		return FinalPoint{}, false
	}
	return *f.old, true
}

func (f *pointFiles) write(name string, p FinalPoint) error {
	b, err := p.bytes()
	if err != nil {
		return err
	}
	return writeFile(f.around, filepath.Join(f.dir, name), b)
}

func handoverName(size uint64) string { return fmt.Sprintf("handover-%012d", size) }

// writeFile replaces a file as a whole and syncs it, inside what a simulator puts around it, which may be nil.
func writeFile(around func(Op, func() error) error, path string, b []byte) error {
	if around == nil {
		return replaceFile(path, b)
	}
	return around(OpFinalWrite, func() error { return replaceFile(path, b) })
}

func replaceFile(path string, b []byte) (err error) {
	t, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return classify(err)
	}
	_, err = t.Write(b)
	if err == nil {
		err = t.Sync()
	}
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(t.Name()) // it may be gone already
		return classify(err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write puts the newest point on disk, under finals' lock. It is a convenience for the next start and
// for exports, so a failure is tried again later; the disk's own trouble shows at the stable store.
func (f *finals) write(now time.Time, turns bool) {
	f.written = now
	if turns && !f.keepTurn(f.point) {
		return
	}
	f.dirty = f.files.write("newest", f.point) != nil
}

// keepTurn keeps a point at which the voters changed, in the place of the same with fewer cosignatures. It
// says whether it is on disk.
func (f *finals) keepTurn(p FinalPoint) bool {
	kept := slices.Clone(f.handovers) // readers have the old one
	i, there := slices.BinarySearchFunc(kept, p.Size, func(q FinalPoint, size uint64) int { return cmp.Compare(q.Size, size) })
	switch {
	case !there:
		kept = slices.Insert(kept, i, p)
	case len(kept[i].Cosignatures) > len(p.Cosignatures):
		return true
	default:
		kept[i] = p
	}
	if f.files.write(handoverName(p.Size), p) != nil {
		return false
	}
	f.handovers = kept
	return true
}

// flush writes what add has put off. The zero time is the end.
func (f *finals) flush(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dirty && f.point.Height > 0 && (now.IsZero() || now.Sub(f.written) >= writePause) {
		f.write(now, f.turns())
	}
}
