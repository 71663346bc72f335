package mirror

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// roomy is a disk with a given number of bytes free, or one that cannot tell.
type roomy struct {
	osFiles
	free *uint64
	err  error
}

func (d roomy) Free(string) (uint64, error) { return *d.free, d.err }

func withFree(m *Mirror, free uint64) *uint64 {
	m.files = roomy{free: &free}
	return &free
}

// begin starts a download and writes its first parts.
func (h *holder) begin(t testing.TB, m *Mirror, signed *session.SignedManifest, parts int) {
	t.Helper()
	p, err := m.Begin(h.public, signed, true)
	if err != nil {
		t.Fatal(err)
	}
	for range parts {
		part, _ := p.Next()
		b, err := h.mirror.ReadPart(h.ref(), part.Name, part.File, part.Offset, part.Length)
		if err := errors.Join(err, p.Write(part, b)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// A holder that publishes faster than it is downloaded takes no more disk for it.
func TestSupersededDownloadsAreRemoved(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if err := h.fetch(m, h.publish(t, 0, 100), true, nil); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		h.begin(t, m, h.publish(t, 0, 5000+n), 2)
		if got := files(t, m, h.ref()); len(got) != 5 {
			t.Fatalf("round %d: %v", n, got)
		}
	}
	h.check(t, m, 0, 100, false)
	dir, _ := m.refDir(h.ref())
	if err := os.WriteFile(dir+"/manifest", []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.known.drop(func(Ref) bool { return true })
	h.begin(t, m, h.publish(t, 0, 6000), 2)
	if got := files(t, m, h.ref()); len(got) != 5 { // the segments in use are not known now, and stay
		t.Errorf("beside a damaged manifest: %v", got)
	}
	if err := h.fetch(m, h.last, true, nil); err != nil {
		t.Fatal(err)
	}
	if got := files(t, m, h.ref()); len(got) != 3 {
		t.Errorf("in the end: %v", got)
	}
}

func TestLimitOfAHolder(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if err := h.fetch(m, h.publish(t, 0, 100), true, nil); err != nil {
		t.Fatal(err)
	}
	used, err := m.used(h.public)
	if err != nil {
		t.Fatal(err)
	}
	next := h.publish(t, 0, 200)
	size := index.TagsSize(200) + index.LabelsSize(index.Base, 200)
	m.options.MaxHolder = used + size - 1
	if err := h.fetch(m, next, true, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
	h.check(t, m, 0, 100, false)
	other := newHolder(t, 2)
	if err := other.fetch(m, other.publish(t, 0, 100), true, nil); err != nil {
		t.Errorf("another holder: %v", err)
	}
	m.options.MaxHolder = used + size
	if err := h.fetch(m, next, true, nil); err != nil {
		t.Error(err)
	}
	h.mirror.options.MaxHolder = 1 // a member's own index is here already
	h.publish(t, 0, 300)
}

func TestReserve(t *testing.T) {
	h := newHolder(t, 1)
	size := index.TagsSize(5000) + index.LabelsSize(index.Base, 5000)
	signed := h.publish(t, 0, 5000)
	m := openTest(t, t.TempDir())
	free := withFree(m, DefaultReserve+size-1)
	if err := h.fetch(m, signed, true, nil); !errors.Is(err, ErrFull) {
		t.Fatalf("one byte short: %v", err)
	}
	*free++
	h.begin(t, m, signed, 1)
	*free--
	p, err := m.Begin(h.public, signed, true) // part of it is here
	if err != nil {
		t.Fatal(err)
	}
	other := newHolder(t, 2)
	if _, err := m.Begin(other.public, other.publish(t, 0, 5000), true); !errors.Is(err, ErrFull) {
		t.Errorf("beside a download under way: %v", err)
	}
	*free = DefaultReserve - 1
	part, _ := p.Next()
	if err := p.Write(part, make([]byte, part.Length)); !errors.Is(err, ErrFull) {
		t.Errorf("others filled the disk: %v", err)
	}
	if got := files(t, m, h.ref()); len(got) != 0 {
		t.Errorf("not given back: %v", got)
	}
	m.files = roomy{free: new(uint64), err: errors.ErrUnsupported}
	if err := h.fetch(m, signed, true, nil); err != nil {
		t.Errorf("a platform that cannot tell: %v", err)
	}
}

func TestReserveOfBuilds(t *testing.T) {
	h := newHolder(t, 1)
	h.publish(t, 0, 100)
	free := withFree(h.mirror, DefaultReserve-1)
	if _, err := h.segment(index.Base, 0, 10); !errors.Is(err, ErrFull) {
		t.Errorf("begun: %v", err)
	}
	*free = DefaultReserve + 100
	if _, err := h.segment(index.Base, 0, 10); !errors.Is(err, ErrFull) {
		t.Errorf("written: %v", err)
	}
	if got := files(t, h.mirror, h.ref()); len(got) != 3 {
		t.Errorf("left behind: %v", got)
	}
	h.check(t, h.mirror, 0, 100, false)
}

func TestFreeSpaceOfThisDisk(t *testing.T) {
	n, err := osFiles{}.Free(t.TempDir())
	if err != nil && !errors.Is(err, errors.ErrUnsupported) || err == nil && n == 0 {
		t.Error(n, err)
	}
	if _, err := (osFiles{}).Free(strings.Repeat("x/", 5)); err == nil {
		t.Error("of a folder that is not there")
	}
}
