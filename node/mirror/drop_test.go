package mirror

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Labels go when policy no longer gives them, before anything of the new index comes.
func TestLabelsThenTagsOnly(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	signed := h.publish(t, 0, 100)
	if err := h.fetch(m, signed, true, nil); err != nil {
		t.Fatal(err)
	}
	h.begin(t, m, h.publish(t, 0, 5000), 2) // has some labels too
	v, err := m.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Begin(h.public, h.last, false)
	if err != nil {
		t.Fatal(err)
	}
	noLabels := func() {
		t.Helper()
		for _, name := range files(t, m, h.ref()) {
			if strings.Contains(name, "labels") {
				t.Errorf("still there: %s", name)
			}
		}
	}
	noLabels()
	h.check(t, m, 0, 100, true)
	if label, ok, err := v.Lookup(index.NewDeriver(h.context(1, "email")), output(1)); !ok || err != nil || label == nil {
		t.Errorf("a view in use changed: %q %v %v", label, ok, err)
	}
	if err := errors.Join(v.Release(), p.Close(), h.fetch(m, h.last, false, nil)); err != nil {
		t.Fatal(err)
	}
	noLabels()
	h.check(t, m, 0, 5000, true)
	if err := errors.Join(h.fetch(m, h.last, true, nil), m.DropLabels(h.ref())); err != nil {
		t.Fatal(err)
	}
	noLabels()
	h.check(t, m, 0, 5000, true)
	if err := m.DropLabels(Ref{h.public, 9, "email"}); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}

func TestRetain(t *testing.T) {
	own, gone := newHolder(t, 1), newHolder(t, 2)
	m := own.mirror
	for _, epoch := range []uint64{1, 2, 3} {
		for _, typ := range []string{"email", "phone"} {
			b, err := m.NewBuild(own.public, own.context(epoch, typ), index.Base)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Finish(); err != nil {
				t.Fatal(err)
			}
			if err := b.Abort(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := gone.fetch(m, gone.publish(t, 0, 100), true, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(m.dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	names := func(dir string) string {
		t.Helper()
		all, err := m.names(dir)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	retain := func(current map[member.PublicKey]uint64) {
		t.Helper()
		if err := m.Retain(current); err != nil {
			t.Fatal(err)
		}
	}
	before := names(m.dir)
	retain(nil)
	retain(map[member.PublicKey]uint64{own.public: 1, gone.public: 1})
	if names(m.dir) != before || names(m.holderDir(own.public)) != "1 2 3" {
		t.Error("what is current went")
	}
	b, err := m.NewBuild(own.public, own.context(1, "phone"), index.Base)
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Use(gone.ref())
	if err != nil {
		t.Fatal(err)
	}
	retain(map[member.PublicKey]uint64{own.public: 2})
	if got := names(m.holderDir(own.public)); got != "1 2 3" {
		t.Errorf("beside a build: %s", got)
	}
	if _, err := m.Use(gone.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("a holder that left: %v", err)
	}
	if _, _, err := m.Find(gone.public, gone.last.Manifest.Segments[0].Name); !errors.Is(err, ErrNone) {
		t.Errorf("its segment: %v", err)
	}
	if _, ok, err := v.Lookup(index.NewDeriver(gone.context(1, "email")), output(1)); !ok || err != nil {
		t.Error("a view in use", ok, err)
	}
	if err := errors.Join(v.Release(), b.Abort()); err != nil {
		t.Fatal(err)
	}
	retain(map[member.PublicKey]uint64{own.public: 2})
	if got := names(m.holderDir(own.public)); got != "2 3" {
		t.Errorf("in the end: %s", got)
	}
	if !strings.Contains(names(m.dir), "lost+found") {
		t.Error("what is not ours went")
	}
}

func TestRepair(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	if err := m.Repair(h.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("nothing: %v", err)
	}
	first := h.publish(t, 0, 100)
	signed := h.publish(t, 0, 5000)
	dir, _ := m.refDir(h.ref())
	name := signed.Manifest.Segments[0].Name
	change := func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o600)
	}
	for _, c := range []struct {
		name   string
		damage func() error
		left   int
	}{
		{"a tag", func() error { return change(segmentPath(dir, name, session.TagsFile)) }, 1},
		{"a label", func() error { return change(segmentPath(dir, name, session.LabelsFile)) }, 1},
		{"tags cut short", func() error { return os.Truncate(segmentPath(dir, name, session.TagsFile), 200) }, 1},
		{"labels cut short", func() error { return os.Truncate(segmentPath(dir, name, session.LabelsFile), 0) }, 1},
		{"tags gone", func() error { return os.Remove(segmentPath(dir, name, session.TagsFile)) }, 1},
		{"tags and the manifest", func() error {
			return errors.Join(change(segmentPath(dir, name, session.TagsFile)), change(filepath.Join(dir, manifestName)))
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := h.fetch(m, signed, true, nil); err != nil {
				t.Fatal(err)
			}
			if err := m.Repair(h.ref()); err != nil {
				t.Fatalf("whole: %v", err)
			}
			if err := errors.Join(m.Close(), c.damage()); err != nil { // nothing is mapped while it changes
				t.Fatal(err)
			}
			if err := m.Repair(h.ref()); !errors.Is(err, ErrDisk) {
				t.Fatalf("error %v", err)
			}
			if got := files(t, m, h.ref()); len(got) != c.left {
				t.Errorf("left: %v", got)
			}
			if c.left == 1 {
				if _, err := m.Begin(h.public, first, true); !errors.Is(err, session.ErrRollback) {
					t.Errorf("back to an older one: %v", err)
				}
			}
			if err := h.fetch(m, signed, true, nil); err != nil {
				t.Fatal(err)
			}
			h.check(t, m, 0, 5000, false)
		})
	}
}

// One damaged manifest neither hides the others nor fills the log.
func TestDamagedManifestBesideOthers(t *testing.T) {
	var log strings.Builder
	h := newHolder(t, 1)
	h.mirror.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	h.publish(t, 0, 100)
	damaged, err := h.mirror.refDir(Ref{h.public, 1, "phone"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(damaged, 0o700), os.WriteFile(filepath.Join(damaged, manifestName), []byte("?"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if list, err := h.mirror.Manifests(h.public); err != nil || len(list) != 1 || list[0].Hash != h.last.Hash {
			t.Error(list, err)
		}
	}
	if n := strings.Count(log.String(), "damaged"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if ref, _, err := h.mirror.Find(h.public, h.last.Manifest.Segments[0].Name); err != nil || ref != h.ref() {
		t.Error(ref, err)
	}
}

// After the loss of the mirror folder the chain of a member's own manifests goes on.
func TestPublishALaterVersionFirst(t *testing.T) {
	h := newHolder(t, 1)
	h.publish(t, 0, 10)
	h.publish(t, 0, 20)
	if err := os.RemoveAll(h.mirror.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := h.mirror.Manifest(h.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("deleted while it was open: %v", err)
	}
	h.mirror = openTest(t, t.TempDir())
	if signed := h.publish(t, 0, 30); signed.Manifest.Version != 3 {
		t.Fatal(signed.Manifest.Version)
	}
	h.check(t, h.mirror, 0, 30, false)
}

// A commit that is cut off goes on after the segments that it has checked.
func TestCommitCutOff(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	a, aerr := h.segment(index.Base, 0, 100)
	b, berr := h.segment(index.Addition, 100, 200)
	signed := h.sign(t, a, b)
	if err := errors.Join(aerr, berr, h.mirror.Publish(h.public, signed)); err != nil {
		t.Fatal(err)
	}
	p, err := m.Begin(h.public, signed, true)
	if err != nil {
		t.Fatal(err)
	}
	for part, ok := p.Next(); ok; part, ok = p.Next() {
		data, err := h.mirror.ReadPart(h.ref(), part.Name, part.File, part.Offset, part.Length)
		if err := errors.Join(err, p.Write(part, data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.CommitContext(&endsAfter{Context: t.Context(), checks: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, err := m.Use(h.ref()); !errors.Is(err, ErrNone) {
		t.Errorf("half is in use: %v", err)
	}
	if p, err = m.Begin(h.public, signed, true); err != nil || p.Missing() != 0 || len(p.wants) != 2 {
		t.Fatalf("%d files to check, %v", len(p.wants), err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	h.check(t, m, 0, 200, false)
}

// endsAfter is a context that ends when it has been asked a number of times.
type endsAfter struct {
	context.Context
	checks int
}

func (c *endsAfter) Err() error {
	if c.checks--; c.checks < 0 {
		return context.Canceled
	}
	return nil
}

func TestServePartInTurn(t *testing.T) {
	h := newHolder(t, 1)
	name := h.publish(t, 0, 10).Manifest.Segments[0].Name
	read := func(ctx context.Context) error {
		_, err := h.mirror.ServePart(ctx, h.ref(), name, session.TagsFile, 0, 10)
		return err
	}
	if err := read(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h.mirror.serving = make(chan struct{}, 1)
		h.mirror.serving <- struct{}{}
		if err := read(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("all turns taken: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := read(ctx); !errors.Is(err, ErrBusy) {
			t.Errorf("the asker is gone: %v", err)
		}
		<-h.mirror.serving
		if err := read(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
