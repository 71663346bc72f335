package mirror

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// onDisk says whether a label of an item that this mirror has on disk, in whichever file, opens to whoever has the
// item's output.
func (h *holder) onDisk(t testing.TB, m *Mirror, n int) (there bool) {
	t.Helper()
	dir, err := m.refDir(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	d := index.NewDeriver(h.context(1, "email"))
	for _, name := range files(t, m, h.ref()) {
		if !strings.HasSuffix(name, ".labels") {
			continue
		}
		labels, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		tags, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(name, "labels")+"tags"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := index.Parse(tags, labels)
		if err != nil {
			t.Fatal(err)
		}
		_, ok, err := s.Lookup(d, output(n))
		if err != nil {
			t.Fatal(err)
		}
		there = there || ok
	}
	return there
}

// wantErased wants of the items from 0 to all exactly those of gone not on disk.
func (h *holder) wantErased(t testing.TB, m *Mirror, all int, gone func(n int) bool) {
	t.Helper()
	for n := 0; n < all; n += 1 + n%3 {
		if got := h.openable(t, m, n); got == gone(n) {
			t.Fatalf("item %d: on disk %v", n, got)
		}
	}
	if err := m.Verify(h.ref()); err != nil {
		t.Errorf("verified: %v", err)
	}
}

// openable is onDisk by what is mapped, which is the files.
func (h *holder) openable(t testing.TB, m *Mirror, n int) (there bool) {
	t.Helper()
	v, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Release() }()
	d := index.NewDeriver(h.context(1, "email"))
	for _, s := range v.index.segments {
		if s.Header().Kind == index.Withdrawal {
			continue
		}
		_, ok, err := s.Lookup(d, output(n))
		if err != nil {
			t.Fatal(err)
		}
		there = there || ok
	}
	return there
}

// grown signs and publishes what comes after the newest manifest.
func (h *holder) grown(t testing.TB, more ...session.SegmentInfo) *session.SignedManifest {
	t.Helper()
	signed := h.sign(t, append(append([]session.SegmentInfo(nil), h.last.Manifest.Segments...), more...)...)
	if err := h.mirror.Publish(h.public, signed); err != nil {
		t.Fatal(err)
	}
	h.last = signed
	return signed
}

func mustFetch(t testing.TB, h *holder, m *Mirror) {
	t.Helper()
	if err := h.fetch(m, h.last, true, nil); err != nil {
		t.Fatal(err)
	}
}

// TestWithdrawnLabelsAreErased: what a holder withdraws cannot be opened from a mirror's disk any more once the
// manifest is in use, also by whoever mirrors all of it later; the holder's own segments stay as they were signed.
func TestWithdrawnLabelsAreErased(t *testing.T) {
	const all = 9000 // labels of three MiB
	h, m := newHolder(t, 1), openTest(t, t.TempDir())
	h.publish(t, 0, all)
	mustFetch(t, h, m)
	if !h.onDisk(t, m, 4095) {
		t.Fatal("nothing is on disk")
	}
	old, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	first := func(n int) bool { return n >= 4090 && n < 4110 }
	h.grown(t, h.mustSegment(t, index.Withdrawal, 4090, 4110), h.mustSegment(t, index.Addition, 9000, 9010))
	mustFetch(t, h, m)
	h.wantErased(t, m, all, first)
	for _, n := range []int{4090, 4095, 4109} {
		if h.onDisk(t, m, n) || !h.onDisk(t, h.mirror, n) {
			t.Errorf("item %d", n)
		}
		if _, ok, err := old.Lookup(old.Deriver(), output(n)); ok || err != nil {
			t.Errorf("item %d is found by whoever still uses the index of before: %v", n, err)
		}
	}
	if err := old.Release(); err != nil {
		t.Error(err)
	}

	second := func(n int) bool { return first(n) && n != 4100 || n >= 8999 && n < 9005 }
	h.grown(t, h.mustSegment(t, index.Withdrawal, 8999, 9005), h.mustSegment(t, index.Addition, 4100, 4101))
	mustFetch(t, h, m)
	h.wantErased(t, m, all+10, second)
	v, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := v.Lookup(v.Deriver(), output(4100)); err != nil || !ok || string(got) != string(label(4100)) {
		t.Errorf("what was added again: %q, %v, %v", got, ok, err)
	}
	if err := v.Release(); err != nil {
		t.Error(err)
	}

	late := openTest(t, t.TempDir())
	mustFetch(t, h, late)
	h.wantErased(t, late, all+10, second)
	if err := h.mirror.Verify(h.ref()); err != nil {
		t.Errorf("the holder's own: %v", err)
	}
	for _, name := range files(t, late, h.ref()) {
		if name == erasingName {
			t.Error("the mark is left")
		}
	}
}

// TestErasedLabelsAreVerified: what the disk loses of labels some of which were erased is found, and fetched and
// erased again.
func TestErasedLabelsAreVerified(t *testing.T) {
	h, m := newHolder(t, 1), openTest(t, t.TempDir())
	h.publish(t, 0, 5000)
	h.grown(t, h.mustSegment(t, index.Withdrawal, 100, 110))
	mustFetch(t, h, m)
	gone := func(n int) bool { return n >= 100 && n < 110 }
	h.wantErased(t, m, 5000, gone)
	dir, err := m.refDir(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	base := segmentPath(dir, h.last.Manifest.Segments[0].Name, session.LabelsFile)
	for name, damage := range map[string]func() error{
		"a label":  func() error { return flip(base, 4500*index.LabelSealed) },
		"a sum":    func() error { return flip(base+sumsSuffix, 40) },
		"the sums": func() error { return os.Truncate(base+sumsSuffix, 32) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(h.ref()); !errors.Is(err, ErrDisk) {
			t.Errorf("%s: %v", name, err)
		}
		if err := m.Repair(h.ref()); !errors.Is(err, ErrDisk) {
			t.Errorf("%s: %v", name, err)
		}
		mustFetch(t, h, m)
		h.wantErased(t, m, 5000, gone)
	}
}

func flip(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	b[0] ^= 1
	if err == nil {
		_, err = f.WriteAt(b, at)
	}
	return errors.Join(err, f.Close())
}

// TestErasingFindsDamage: labels that the disk has damaged before are not blessed with a sum; they come anew.
func TestErasingFindsDamage(t *testing.T) {
	h, m := newHolder(t, 1), openTest(t, t.TempDir())
	h.publish(t, 0, 5000)
	mustFetch(t, h, m)
	dir, err := m.refDir(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	base := segmentPath(dir, h.last.Manifest.Segments[0].Name, session.LabelsFile)
	gone := func(upTo int) func(n int) bool { return func(n int) bool { return n >= 100 && n < upTo } }
	for _, upTo := range []int{110, 120} { // before there are sums, and with them
		if err := flip(base, 10*index.LabelSealed); err != nil {
			t.Fatal(err)
		}
		h.grown(t, h.mustSegment(t, index.Withdrawal, upTo-10, upTo))
		if err := h.fetch(m, h.last, true, nil); !errors.Is(err, ErrTorn) {
			t.Fatalf("damaged labels: %v", err)
		}
		mustFetch(t, h, m)
		h.wantErased(t, m, 5000, gone(upTo))
	}
}

// TestEraseOnFaultyDisk lets every operation of an update with a withdrawal fail, done or not. The same again, after
// a restart, puts it in use, and nothing withdrawn is left.
func TestEraseOnFaultyDisk(t *testing.T) {
	h := newHolder(t, 1)
	h.publish(t, 0, 300)
	base := h.last
	h.grown(t, h.mustSegment(t, index.Withdrawal, 100, 110))
	everyFault(t, func(t *testing.T, d *faulty) bool {
		dir := t.TempDir()
		m := openTest(t, dir)
		if err := h.fetch(m, base, true, nil); err != nil {
			t.Fatal(err)
		}
		m.files = d
		err := h.fetch(m, h.last, true, nil)
		if d.done <= d.fail {
			if err != nil {
				t.Fatal(err)
			}
			return true
		}
		m.files = osFiles{}
		again := openTest(t, dir)
		if err := h.fetch(again, h.last, true, nil); err != nil && !errors.Is(err, ErrTorn) {
			t.Fatalf("operation %d: %v", d.fail, err)
		}
		mustFetch(t, h, again)
		h.wantErased(t, again, 300, func(n int) bool { return n >= 100 && n < 110 })
		return false
	})
}
