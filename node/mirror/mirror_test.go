package mirror

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// holder is a member with an own index, served from its own mirror.
type holder struct {
	key    ed25519.PrivateKey
	public member.PublicKey
	mirror *Mirror
	last   *session.SignedManifest
}

var ledger = [32]byte{7}

func newHolder(t testing.TB, seed byte) *holder {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return &holder{key: key, public: member.PublicOf(key), mirror: openTest(t, t.TempDir())}
}

func openTest(t testing.TB, dir string) *Mirror {
	t.Helper()
	m, err := Open(filepath.Join(dir, "mirror"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func output(n int) *[index.OutputSize]byte {
	f := sha512.Sum512([]byte(fmt.Sprint("item ", n)))
	return &f
}

func label(n int) []byte { return []byte(fmt.Sprint("label ", n)) }

func (h *holder) context(epoch uint64, typ string) index.Context {
	return index.Context{Ledger: ledger, Holder: h.public.PeerID(), Epoch: epoch, Type: typ}
}

func (h *holder) ref() Ref { return Ref{h.public, 1, "email"} }

// segment builds items from to to-1 into a segment.
func (h *holder) segment(kind index.Kind, from, to int) (session.SegmentInfo, error) {
	b, err := h.mirror.NewBuild(h.public, h.context(1, "email"), kind)
	if err != nil {
		return session.SegmentInfo{}, err
	}
	defer b.Abort()
	for n := from; n < to; n++ {
		l := label(n)
		if kind == index.Withdrawal {
			l = nil
		}
		if err := b.Add(output(n), l); err != nil {
			return session.SegmentInfo{}, err
		}
	}
	return b.Finish()
}

func (h *holder) sign(t testing.TB, segments ...session.SegmentInfo) *session.SignedManifest {
	t.Helper()
	m := session.Manifest{
		Ledger: ledger, Holder: h.public.PeerID(), Epoch: 1, Type: "email", Version: 1, Segments: segments,
	}
	if h.last != nil {
		m.Version, m.Previous = h.last.Manifest.Version+1, h.last.Hash
	}
	signed, err := m.Sign(h.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// publish puts a base of items from to to-1 in use.
func (h *holder) publish(t testing.TB, from, to int) *session.SignedManifest {
	t.Helper()
	s, err := h.segment(index.Base, from, to)
	if err != nil {
		t.Fatal(err)
	}
	signed := h.sign(t, s)
	if err := h.mirror.Publish(h.public, signed); err != nil {
		t.Fatal(err)
	}
	h.last = signed
	return signed
}

// fetch downloads into m until commit; change, if any, tampers with a part on its way.
func (h *holder) fetch(m *Mirror, signed *session.SignedManifest, labels bool, change func(Part, []byte)) error {
	p, err := m.Begin(h.public, signed, labels)
	if err != nil {
		return err
	}
	defer p.Close()
	for {
		part, ok := p.Next()
		if !ok {
			return p.Commit()
		}
		b, err := h.mirror.ReadPart(h.ref(), part.Name, part.File, part.Offset, part.Length)
		if err != nil {
			return err
		}
		if change != nil {
			change(part, b)
		}
		if err := p.Write(part, b); err != nil {
			return err
		}
	}
}

// check looks items up and wants exactly those in [from, to) found, with labels unless bare.
func (h *holder) check(t testing.TB, m *Mirror, from, to int, bare bool) {
	t.Helper()
	v, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := v.Release(); err != nil {
			t.Error(err)
		}
	}()
	d := index.NewDeriver(h.context(1, "email"))
	for n := from - 50; n < to+50; n++ {
		got, ok, err := v.Lookup(d, output(n))
		if err != nil || ok != (n >= from && n < to) || ok && !bare && !bytes.Equal(got, label(n)) || bare && got != nil {
			t.Fatalf("item %d: %q %v %v", n, got, ok, err)
		}
	}
}

func files(t testing.TB, m *Mirror, ref Ref) (names []string) {
	t.Helper()
	dir, err := m.refDir(ref)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPublishAndFetch(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if _, err := m.Use(h.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("before the first: %v", err)
	}
	signed := h.publish(t, 0, 5000) // labels take two parts
	h.check(t, h.mirror, 0, 5000, false)
	if err := h.fetch(m, signed, true, nil); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 5000, false)
	if err := m.Verify(h.ref()); err != nil {
		t.Error(err)
	}
	if got, err := m.Manifest(h.ref()); err != nil || got.Hash != signed.Hash {
		t.Error(got, err)
	}
	if ref, info, err := m.Find(h.public, signed.Manifest.Segments[0].Name); err != nil || ref != h.ref() || info.Count != 5000 {
		t.Error(ref, info, err)
	}
	if _, _, err := m.Find(h.public, [32]byte{1}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	v, err := m.Use(h.ref())
	if err != nil || v.Count() != 5000 {
		t.Fatal(err)
	}
	next := h.publish(t, 3000, 6000)
	if err := h.fetch(m, next, true, nil); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 3000, 6000, false)
	if _, ok, err := v.Lookup(index.NewDeriver(h.context(1, "email")), output(1)); !ok || err != nil {
		t.Error("a view in use changed", err)
	}
	if err := v.Release(); err != nil {
		t.Error(err)
	}
	if got := files(t, m, h.ref()); len(got) != 3 {
		t.Errorf("files of the old index stay: %v", got)
	}
	if err := h.fetch(m, signed, true, nil); !errors.Is(err, session.ErrRollback) {
		t.Errorf("an older manifest: %v", err)
	}
}

func TestTagsOnlyThenLabels(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	signed := h.publish(t, 0, 100)
	if err := h.fetch(m, signed, false, nil); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 100, true)
	if _, err := m.ReadPart(h.ref(), signed.Manifest.Segments[0].Name, session.LabelsFile, 0, 1); !errors.Is(err, ErrNone) {
		t.Errorf("labels that were not given: %v", err)
	}
	if err := h.fetch(m, signed, true, func(p Part, _ []byte) {
		if p.File == session.TagsFile {
			t.Error("tags asked for again")
		}
	}); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 100, false)
}

func TestDeltas(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	segment := func(kind index.Kind, from, to int) session.SegmentInfo {
		s, err := h.segment(kind, from, to)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	segments := []session.SegmentInfo{
		segment(index.Base, 0, 100), segment(index.Addition, 100, 200), segment(index.Withdrawal, 0, 60), segment(index.Addition, 50, 60),
	}
	signed := h.sign(t, segments...)
	if err := errors.Join(h.mirror.Publish(h.public, signed), h.fetch(m, signed, true, nil)); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 50, 200, false)
}

func TestEmptyIndex(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if err := h.fetch(m, h.publish(t, 0, 0), true, nil); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 0, false)
}

func TestResume(t *testing.T) {
	h := newHolder(t, 1)
	dir := t.TempDir()
	m := openTest(t, dir)
	signed := h.publish(t, 0, 20_000) // 5 MB of labels
	stop := errors.New("connection lost")
	asked := 0
	for round := 0; ; round++ {
		p, err := m.Begin(h.public, signed, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Begin(h.public, signed, true); !errors.Is(err, ErrBusy) {
			t.Fatalf("two at a time: %v", err)
		}
		err = func() error {
			for n := 0; ; n++ {
				part, ok := p.Next()
				if !ok {
					return p.Commit()
				}
				if n == 2 {
					return stop
				}
				asked++
				b, err := h.mirror.ReadPart(h.ref(), part.Name, part.File, part.Offset, part.Length)
				if err == nil {
					err = p.Write(part, b)
				}
				if err != nil {
					return err
				}
			}
		}()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, stop) || round > 5 {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil { // a new process goes on
			t.Fatal(err)
		}
		m = openTest(t, dir)
	}
	if asked != 6 { // 1 of tags, 5 of labels, none twice
		t.Errorf("%d parts asked for", asked)
	}
	h.check(t, m, 0, 20_000, false)
}

func TestWrongBytes(t *testing.T) {
	h := newHolder(t, 1)
	for _, c := range []struct {
		name   string
		file   session.File
		change func(b []byte)
	}{
		{"a tag", session.TagsFile, func(b []byte) { b[200] ^= 1 }},
		{"the header", session.TagsFile, func(b []byte) { b[0] ^= 1 }},
		{"the count", session.TagsFile, func(b []byte) { b[23] ^= 1 }},
		{"a label", session.LabelsFile, func(b []byte) { b[len(b)-1] ^= 1 }},
		{"order", session.TagsFile, func(b []byte) {
			x := bytes.Clone(b[128:136])
			copy(b[128:], b[136:144])
			copy(b[136:], x)
		}},
		{"all zero", session.TagsFile, func(b []byte) { clear(b) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := openTest(t, t.TempDir())
			h.last = nil
			old := h.publish(t, 0, 100)
			if err := h.fetch(m, old, true, nil); err != nil {
				t.Fatal(err)
			}
			signed := h.publish(t, 100, 300)
			err := h.fetch(m, signed, true, func(p Part, b []byte) {
				if p.File == c.file {
					c.change(b)
				}
			})
			if !errors.Is(err, ErrBytes) {
				t.Fatalf("error %v", err)
			}
			h.check(t, m, 0, 100, false) // the old one is still in use
			if got := files(t, m, h.ref()); len(got) != 3 {
				t.Errorf("left behind: %v", got)
			}
			if err := h.fetch(m, signed, true, nil); err != nil {
				t.Fatal(err)
			}
			h.check(t, m, 100, 300, false)
			if err := h.mirror.DropHolder(h.public); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTornDownload(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	signed := h.publish(t, 0, 5000)
	p, err := m.Begin(h.public, signed, true)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := p.Next()
	b, err := h.mirror.ReadPart(h.ref(), part.Name, part.File, part.Offset, part.Length)
	if err := errors.Join(err, p.Write(part, b), p.Close()); err != nil {
		t.Fatal(err)
	}
	dir, _ := m.refDir(h.ref())
	path := segmentPath(dir, part.Name, part.File) + partSuffix
	if err := os.WriteFile(path, make([]byte, len(b)/2), 0o600); err != nil { // what a power cut leaves
		t.Fatal(err)
	}
	if err := h.fetch(m, signed, true, nil); !errors.Is(err, ErrTorn) || errors.Is(err, ErrBytes) {
		t.Fatalf("error %v", err)
	}
	if err := h.fetch(m, signed, true, nil); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 5000, false)
}

func TestWriteOutOfTurn(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	p, err := m.Begin(h.public, h.publish(t, 0, 5000), true)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	first, _ := p.Next()
	second, _ := p.Next()
	for name, c := range map[string]struct {
		part Part
		b    []byte
	}{
		"the second first": {second, make([]byte, second.Length)},
		"too short":        {first, make([]byte, first.Length-1)},
		"too long":         {first, make([]byte, first.Length+1)},
		"elsewhere":        {Part{first.Name, first.File, 1, first.Length}, make([]byte, first.Length)},
		"not asked for":    {Part{first.Name, first.File, 0, first.Length + 1}, make([]byte, first.Length+1)},
	} {
		if err := p.Write(c.part, c.b); !errors.Is(err, ErrTurn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Commit(); !errors.Is(err, ErrTurn) {
		t.Errorf("commit of half: %v", err)
	}
	if err := p.Write(first, make([]byte, first.Length)); !errors.Is(err, ErrTurn) {
		t.Errorf("write after the end: %v", err)
	}
}

func TestManifestsRefused(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	m.options.MaxIndex = 1 << 30
	info := h.publish(t, 0, 10).Manifest.Segments[0]
	h.last = nil
	large := info
	large.Count = 1 << 25
	large.TagsSize, large.LabelsSize = index.TagsSize(large.Count), index.LabelsSize(index.Base, large.Count)
	if _, err := m.Begin(h.public, h.sign(t, large), true); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: %v", err)
	}
	missing := info
	missing.Name = [32]byte{9}
	h.last = nil
	if err := newHolder(t, 1).mirror.Publish(h.public, h.sign(t, missing)); !errors.Is(err, ErrTurn) {
		t.Errorf("published what was not built: %v", err)
	}
	for _, bad := range []string{"", "..", "a/b", "Email", strings.Repeat("x", 33)} {
		if _, err := m.Use(Ref{h.public, 1, bad}); !errors.Is(err, ErrRef) {
			t.Errorf("type %q: %v", bad, err)
		}
	}
}

// A holder that lists a segment of another type would have its label keys serve in two indexes.
func TestSegmentOfAnotherIndex(t *testing.T) {
	h := newHolder(t, 1)
	b, err := h.mirror.NewBuild(h.public, h.context(1, "phone"), index.Base)
	if err != nil {
		t.Fatal(err)
	}
	info, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	from, _ := h.mirror.refDir(Ref{h.public, 1, "phone"})
	to, _ := h.mirror.refDir(h.ref())
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	m := openTest(t, t.TempDir())
	if err := h.fetch(m, h.sign(t, info), true, nil); !errors.Is(err, ErrBytes) || !errors.Is(err, index.ErrContext) {
		t.Errorf("error %v", err)
	}
}

func TestReadPartBounds(t *testing.T) {
	h := newHolder(t, 1)
	name := h.publish(t, 0, 10).Manifest.Segments[0].Name
	size := index.TagsSize(10)
	for _, c := range []struct {
		offset, length uint64
		want           error
	}{
		{0, size, nil},
		{size - 1, 1, nil},
		{size, 1, ErrNone},
		{0, size + 1, ErrNone},
		{0, 0, ErrNone},
		{0, session.MaxPart + 1, ErrNone},
		{1 << 63, 1, ErrNone},
		{1<<64 - 1, 2, ErrNone},
	} {
		b, err := h.mirror.ReadPart(h.ref(), name, session.TagsFile, c.offset, c.length)
		if !errors.Is(err, c.want) || err == nil && uint64(len(b)) != c.length {
			t.Errorf("%d+%d: %v", c.offset, c.length, err)
		}
	}
}

func TestDrop(t *testing.T) {
	h, other := newHolder(t, 1), newHolder(t, 2)
	m := openTest(t, t.TempDir())
	for _, h := range []*holder{h, other} {
		if err := h.fetch(m, h.publish(t, 0, 100), true, nil); err != nil {
			t.Fatal(err)
		}
	}
	v, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.DropEpoch(h.public, 2); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 100, false)
	if err := m.DropEpoch(h.public, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Use(h.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("after the drop: %v", err)
	}
	if _, ok, err := v.Lookup(index.NewDeriver(h.context(1, "email")), output(1)); !ok || err != nil {
		t.Errorf("a view in use: %v %v", ok, err)
	}
	if err := v.Release(); err != nil {
		t.Error(err)
	}
	other.check(t, m, 0, 100, false)
	if err := errors.Join(m.DropHolder(other.public), m.DropHolder(h.public)); err != nil {
		t.Fatal(err)
	}
	if list, err := m.Manifests(other.public); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestLookupsBesideReplacement(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if err := h.fetch(m, h.publish(t, 0, 200), true, nil); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					h.check(t, m, 0, 200, false)
				}
			}
		})
	}
	for range 20 {
		if err := h.fetch(m, h.publish(t, 0, 200), true, nil); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
}
