package mirror

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
)

func digestOf(n int) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// entriesTo yields n entries, every third of them known, and then err if that is one.
func entriesTo(n int, err error) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := range n {
			e := Entry{Digest: digestOf(i), Label: label(i), Known: i%3 == 0}
			if e.Known {
				e.F = *output(i)
			}
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// evaluator gives the output of the item whose digest it is.
func evaluator(n int) Evaluate {
	item := map[[32]byte]int{}
	for i := range n {
		item[digestOf(i)] = i
	}
	return func(digests [][]byte) ([][index.OutputSize]byte, error) {
		var out [][index.OutputSize]byte
		for _, d := range digests {
			out = append(out, *output(item[[32]byte(d)]))
		}
		return out, nil
	}
}

// TestEncode: what is encoded on all cores is what would be one by one, and what was evaluated is told of.
func TestEncode(t *testing.T) {
	const n = 1000
	h := newHolder(t, 1)
	b, err := h.mirror.NewBuild(h.public, h.context(1, "email"), index.Base)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	fresh := map[[32]byte][index.OutputSize]byte{}
	err = b.Encode(t.Context(), evaluator(n), entriesTo(n, nil), func(list []Entry) error {
		for _, e := range list {
			fresh[e.Digest] = e.F
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := b.Finish()
	if err != nil || info.Count != n || len(fresh) != n-(n+2)/3 || fresh[digestOf(1)] != *output(1) {
		t.Fatalf("%d items, %d evaluated, %v", info.Count, len(fresh), err)
	}
	if err := h.mirror.Publish(h.public, h.sign(t, info)); err != nil {
		t.Fatal(err)
	}
	h.check(t, h.mirror, 0, n, false)
}

// TestEncodeEnds: the first error ends it, wherever it comes from, and nobody is left behind.
func TestEncodeEnds(t *testing.T) {
	broken := errors.New("broken")
	failing := func([][]byte) ([][index.OutputSize]byte, error) { return nil, broken }
	for name, run := range map[string]func(b *Build) error{
		"entries":  func(b *Build) error { return b.Encode(t.Context(), evaluator(9999), entriesTo(5000, broken), nil) },
		"evaluate": func(b *Build) error { return b.Encode(t.Context(), failing, entriesTo(5000, nil), nil) },
		"fresh": func(b *Build) error {
			return b.Encode(t.Context(), evaluator(9999), entriesTo(5000, nil), func([]Entry) error { return broken })
		},
	} {
		h := newHolder(t, 1)
		b, err := h.mirror.NewBuild(h.public, h.context(1, "email"), index.Base)
		if err != nil {
			t.Fatal(err)
		}
		if err := run(b); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if err := b.Abort(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBuildsSideBySide: a manifest that is published while another build is under way, or finished and not
// published, leaves that build's files alone; once it is aborted they go.
func TestBuildsSideBySide(t *testing.T) {
	h := newHolder(t, 1)
	b, err := h.mirror.NewBuild(h.public, h.context(1, "email"), index.Addition)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(output(50), label(50)); err != nil {
		t.Fatal(err)
	}
	h.publish(t, 0, 10)
	info, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	last := h.publish(t, 0, 20)
	signed := h.sign(t, last.Manifest.Segments[0], info)
	if err := h.mirror.Publish(h.public, signed); err != nil {
		t.Fatal(err)
	}
	h.last = signed
	if err := b.Abort(); err != nil {
		t.Fatal(err)
	}
	h.publish(t, 0, 5)
	dir, _ := h.mirror.refDir(h.ref())
	if names, err := h.mirror.names(dir); err != nil || len(names) != 3 {
		t.Errorf("left: %v, %v", names, err)
	}
}
