package mirror

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
)

// faulty is a disk whose operation number fail goes wrong, after it was carried out if persist.
type faulty struct {
	osFiles
	fail, done int
	persist    bool
	err        error
}

// op carries an operation out, or does not.
func (d *faulty) op(f func() error) error {
	d.done++
	if d.done-1 != d.fail {
		return f()
	}
	if d.persist {
		if err := f(); err != nil {
			return err
		}
	}
	return &fs.PathError{Op: "test", Err: d.err}
}

func (d *faulty) MkdirAll(dir string) error {
	return d.op(func() error { return d.osFiles.MkdirAll(dir) })
}

func (d *faulty) Rename(a, b string) error {
	return d.op(func() error { return d.osFiles.Rename(a, b) })
}

func (d *faulty) SyncDir(dir string) error {
	return d.op(func() error { return d.osFiles.SyncDir(dir) })
}

func (d *faulty) Remove(path string) error {
	return d.op(func() error { return d.osFiles.Remove(path) })
}

func (d *faulty) RemoveAll(p string) error {
	return d.op(func() error { return d.osFiles.RemoveAll(p) })
}

func (d *faulty) OpenFile(path string, flag int) (f file, err error) {
	err = d.op(func() error {
		inner, err := d.osFiles.OpenFile(path, flag)
		f = &faultyFile{inner, d}
		return err
	})
	if err != nil && f != nil && f.(*faultyFile).file != nil {
		_ = f.Close()
	}
	return f, err
}

type faultyFile struct {
	file
	disk *faulty
}

func (f *faultyFile) Sync() error { return f.disk.op(f.file.Sync) }

func (f *faultyFile) Truncate(n int64) error {
	return f.disk.op(func() error { return f.file.Truncate(n) })
}

func (f *faultyFile) Write(b []byte) (n int, err error) {
	err = f.disk.op(func() error { n, err = f.file.Write(b); return err })
	return n, err
}

func (f *faultyFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.disk.op(func() error { n, err = f.file.WriteAt(b, at); return err })
	return n, err
}

func (f *faultyFile) ReadAt(b []byte, at int64) (n int, err error) {
	err = f.disk.op(func() error { n, err = f.file.ReadAt(b, at); return err })
	return n, err
}

// everyFault runs run with a fault at each of its operations in turn, in both flavours.
func everyFault(t *testing.T, run func(t *testing.T, d *faulty) (over bool)) {
	for _, kind := range []struct {
		name string
		err  error
	}{{"full", syscall.ENOSPC}, {"broken", syscall.EIO}} {
		for _, persist := range []bool{false, true} {
			for n, over := 0, false; !over; n++ {
				t.Run(fmt.Sprintf("%s, persisted %v, operation %d", kind.name, persist, n), func(t *testing.T) {
					over = run(t, &faulty{fail: n, persist: persist, err: kind.err})
				})
				if n > 500 {
					t.Fatal("no end")
				}
			}
		}
	}
}

func wantDiskError(t *testing.T, d *faulty, err error) {
	t.Helper()
	want := ErrDisk
	if errors.Is(d.err, syscall.ENOSPC) {
		want = ErrFull
	}
	if err != nil && !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// After any fault of the disk the old index is in use or, where the fault came after the last step,
// the new one; and the next attempt brings the new one.
func TestFetchOnFaultyDisk(t *testing.T) {
	h := newHolder(t, 1)
	first := h.publish(t, 0, 100)
	oldMirror := openTest(t, t.TempDir())
	if err := h.fetch(oldMirror, first, true, nil); err != nil {
		t.Fatal(err)
	}
	next := h.publish(t, 50, 150)
	everyFault(t, func(t *testing.T, d *faulty) bool {
		dir := t.TempDir()
		if err := os.CopyFS(dir+"/mirror", os.DirFS(oldMirror.dir)); err != nil {
			t.Fatal(err)
		}
		m := openTest(t, dir)
		m.files = d
		err := h.fetch(m, next, true, nil)
		wantDiskError(t, d, err)
		over := d.done <= d.fail
		m.files = osFiles{}
		signed, merr := m.Manifest(h.ref())
		if merr != nil {
			t.Fatal(merr)
		}
		switch signed.Hash {
		case first.Hash:
			if err == nil {
				t.Error("the new index is not in use")
			}
			h.check(t, m, 0, 100, false)
		case next.Hash:
			h.check(t, m, 50, 150, false)
		default:
			t.Fatal("some other manifest")
		}
		if err := m.Verify(h.ref()); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		m = openTest(t, dir)
		if err := h.fetch(m, next, true, nil); err != nil {
			t.Fatalf("next attempt: %v", err)
		}
		h.check(t, m, 50, 150, false)
		if got := files(t, m, h.ref()); len(got) != 3 {
			t.Errorf("left behind: %v", got)
		}
		return over
	})
}

func TestBuildOnFaultyDisk(t *testing.T) {
	everyFault(t, func(t *testing.T, d *faulty) bool {
		h := newHolder(t, 1)
		first := h.publish(t, 0, 100)
		h.mirror.files = d
		s, err := h.segment(index.Base, 50, 150)
		if err == nil {
			err = h.mirror.Publish(h.public, h.sign(t, s))
		}
		wantDiskError(t, d, err)
		over := d.done <= d.fail
		h.mirror.files = osFiles{}
		signed, err := h.mirror.Manifest(h.ref())
		if err != nil {
			t.Fatal(err)
		}
		if signed.Hash == first.Hash {
			h.check(t, h.mirror, 0, 100, false)
		} else {
			h.last = signed
			h.check(t, h.mirror, 50, 150, false)
		}
		h.publish(t, 200, 300)
		h.check(t, h.mirror, 200, 300, false)
		if got := files(t, h.mirror, h.ref()); len(got) != 3 {
			t.Errorf("left behind: %v", got)
		}
		return over
	})
}

// A full disk gets back what a download had taken of it.
func TestFullDiskIsGivenBack(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	signed := h.publish(t, 0, 20_000)
	d := &faulty{fail: 7, err: syscall.ENOSPC} // in the middle of the labels
	m.files = d
	if err := h.fetch(m, signed, true, nil); !errors.Is(err, ErrFull) {
		t.Fatalf("error %v", err)
	}
	if got := files(t, m, h.ref()); len(got) != 0 {
		t.Errorf("still there: %v", got)
	}
}

// A segment cut short while it is mapped is an error of the lookup, not the end of the process.
func TestFileCutShort(t *testing.T) {
	h := newHolder(t, 1)
	signed := h.publish(t, 0, 5000)
	v, err := h.mirror.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := h.mirror.refDir(h.ref())
	name := signed.Manifest.Segments[0].Name
	if err := os.Truncate(segmentPath(dir, name, "labels"), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Lookup(index.NewDeriver(h.context(1, "email")), output(1)); !errors.Is(err, ErrDisk) {
		t.Errorf("error %v", err)
	}
	if err := h.mirror.Verify(h.ref()); !errors.Is(err, ErrDisk) {
		t.Errorf("error %v", err)
	}
	if err := errors.Join(v.Release(), h.mirror.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.mirror.Use(h.ref()); !errors.Is(err, ErrDisk) {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(segmentPath(dir, name, "tags")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.mirror.Use(h.ref()); !errors.Is(err, ErrDisk) {
		t.Errorf("error %v", err)
	}
}

func TestDamagedManifest(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	signed := h.publish(t, 0, 100)
	if err := h.fetch(m, signed, true, nil); err != nil {
		t.Fatal(err)
	}
	dir, _ := m.refDir(h.ref())
	for i := range signed.Raw {
		bad := append([]byte{}, signed.Raw...)
		bad[i] ^= 1
		if err := os.WriteFile(dir+"/manifest", bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Manifest(h.ref()); !errors.Is(err, ErrDisk) || strings.Contains(err.Error(), "email") {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if err := h.fetch(m, signed, true, nil); err != nil { // fetched again
		t.Fatal(err)
	}
	h.check(t, m, 0, 100, false)
}
