package audit_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/audit"
)

func TestFolderIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "mine", []byte("x"))
	if _, err := audit.NewFolder(dir); !errors.Is(err, audit.ErrExists) {
		t.Errorf("a folder with a file: %v", err)
	}
	if _, err := audit.NewFolder(filepath.Join(dir, "mine")); err == nil {
		t.Error("a file passes for a folder")
	}
	if _, err := audit.NewFolder(filepath.Join(dir, "no", "parent")); err == nil {
		t.Error("a parent that does not exist passes")
	}
	empty := filepath.Join(dir, "empty")
	must(t, os.Mkdir(empty, 0o700))
	sink, err := audit.NewFolder(empty + "/")
	must(t, err)
	put(t, empty, "late", nil) // somebody was faster
	if err := audit.Export(context.Background(), source(small(t)), sink); !errors.Is(err, audit.ErrExists) {
		t.Errorf("a folder that filled up meanwhile: %v", err)
	}
	must(t, os.Remove(filepath.Join(empty, "late")))
	sink, err = audit.NewFolder(empty)
	must(t, err)
	must(t, audit.Export(context.Background(), source(small(t)), sink))
	must(t, verify(empty))
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func stream(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		must(t, w.WriteHeader(&h))
		_, err := w.Write(make([]byte, h.Size))
		must(t, err)
	}
	must(t, w.Close())
	return &b
}

// restream is the same files in a tar stream with other headers.
func restream(t *testing.T, whole []byte, change func(*tar.Header)) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for r := tar.NewReader(bytes.NewReader(whole)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		change(h)
		must(t, w.WriteHeader(h))
		_, err = io.Copy(w, r)
		must(t, err)
	}
	must(t, w.Close())
	return &b
}

// TestUnpackRefuses: a stream writes nowhere but into the folder, and not at all when it ends early.
func TestUnpackRefuses(t *testing.T) {
	file := func(name string, size int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600}
	}
	end := file("checkpoint", 1)
	var whole bytes.Buffer
	must(t, audit.Export(context.Background(), source(small(t)), audit.NewTar(&whole)))
	for name, in := range map[string]*bytes.Buffer{
		"nothing":            {},
		"an empty archive":   stream(t),
		"no checkpoint":      stream(t, file("tile/0/000", 1)),
		"a way out":          stream(t, file("../checkpoint", 1), end),
		"a way out inside":   stream(t, file("tile/0/../../x", 1), end),
		"an absolute path":   stream(t, file("/checkpoint", 1), end),
		"another name":       stream(t, file("tile/8/000", 1), end),
		"a folder":           stream(t, tar.Header{Typeflag: tar.TypeDir, Name: "tile/", Mode: 0o700}, end),
		"a symbolic link":    stream(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "tile/0/000", Linkname: "/etc"}, end),
		"a hard link":        stream(t, tar.Header{Typeflag: tar.TypeLink, Name: "tile/0/000", Linkname: "x"}, end),
		"a file twice":       stream(t, file("tile/0/000", 1), file("tile/0/000", 1), end),
		"an oversized file":  stream(t, file("tile/0/000", 256*(2+60<<10)+1<<20), end),
		"a stream cut short": bytes.NewBuffer(whole.Bytes()[:whole.Len()-3000]),
		"not a tar at all":   bytes.NewBufferString("hello"),
		"a byte behind it":   bytes.NewBufferString(whole.String() + "x"),
		"zeros behind it":    bytes.NewBufferString(whole.String() + string(make([]byte, 512))),
		"no end":             bytes.NewBuffer(whole.Bytes()[:whole.Len()-1024]),
		"half an end":        bytes.NewBuffer(whole.Bytes()[:whole.Len()-512]),
		"another tar's":      restream(t, whole.Bytes(), func(h *tar.Header) { h.Mode = 0o644 }),
		"with times":         restream(t, whole.Bytes(), func(h *tar.Header) { h.ModTime = time.Unix(5, 0) }),
		"of another format":  restream(t, whole.Bytes(), func(h *tar.Header) { h.Format = tar.FormatPAX; h.PAXRecords = map[string]string{"comment": "x"} }),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := audit.Unpack(in, filepath.Join(dir, "out")); err == nil {
				t.Error("passes")
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
