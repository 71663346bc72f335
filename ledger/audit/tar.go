package audit

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// maxFile is the longest file of an export: a full bundle of the longest entries.
const maxFile = tlog.TileWidth * (2 + entry.MaxEnvelope)

// Tar is a sink that writes a tar stream (USTAR, no times, no owners). It has no end when the export
// was aborted, which [Unpack] notices.
type Tar struct{ w *tar.Writer }

// NewTar returns a sink that writes to w.
func NewTar(w io.Writer) *Tar { return &Tar{tar.NewWriter(w)} }

// Put writes one file of the export.
func (t *Tar) Put(name string, data []byte) error {
	h := tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o600,
		ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
	}
	if err := t.w.WriteHeader(&h); err != nil {
		return fmt.Errorf("stream export: %w", err)
	}
	if _, err := t.w.Write(data); err != nil {
		return fmt.Errorf("stream export: %w", err)
	}
	return nil
}

// Commit writes the end of the stream.
func (t *Tar) Commit() error {
	if err := t.w.Close(); err != nil {
		return fmt.Errorf("stream export: %w", err)
	}
	return nil
}

// Abort leaves the stream without an end.
func (t *Tar) Abort() {}

// fileName and folderName are all names that an export of any size can have.
var (
	fileName   = regexp.MustCompile(`^(?:checkpoint|handover/[1-9]\d{0,18}|tile/(?:entries|[0-7])/(?:x\d{3}/){0,5}\d{3}(?:\.p/[1-9]\d{0,2})?)$`)
	folderName = regexp.MustCompile(`^(?:handover|tile(?:/(?:entries|[0-7])(?:/x\d{3}){0,5}(?:/\d{3}\.p)?)?)$`)
)

// Unpack writes the folder target from the stream of a [Tar] sink, all or nothing. It refuses every
// name that an export cannot have, so that a stream writes nowhere else, and every stream that a Tar sink
// would not have written so: no bytes behind its end, none of them dropped unseen. Whether the export
// holds is for [Verify]. Errors are [ErrLayout], [ErrExists], or those of reading and of the file system.
func Unpack(r io.Reader, target string) error {
	sink, err := NewFolder(target)
	if err != nil {
		return err
	}
	read, written := sha256.New(), sha256.New()
	err = unpack(io.TeeReader(r, read), both{sink, NewTar(written)})
	if err == nil && !bytes.Equal(read.Sum(nil), written.Sum(nil)) {
		err = fmt.Errorf("%w: the stream is not one of this program", ErrLayout)
	}
	if err != nil {
		sink.Abort()
		return err
	}
	return sink.Commit()
}

// both puts each file into a folder, and writes the stream again as it should have been.
type both struct {
	folder *Folder
	again  *Tar
}

func (b both) put(name string, data []byte) error {
	if err := b.folder.Put(name, data); err != nil {
		return err
	}
	return b.again.Put(name, data)
}

// unpack reads r to its very end.
func unpack(r io.Reader, sink both) error {
	last := ""
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read export stream: %w", err)
		}
		if h.Typeflag != tar.TypeReg || !fileName.MatchString(h.Name) || h.Size > maxFile {
			return fmt.Errorf("%w: %q in the stream", ErrLayout, h.Name)
		}
		data, err := io.ReadAll(io.LimitReader(t, maxFile))
		if err != nil {
			return fmt.Errorf("read export stream: %w", err)
		}
		if err := sink.put(h.Name, data); err != nil {
			return err
		}
		last = h.Name
	}
	if last != checkpointName {
		return fmt.Errorf("%w: the stream ended early, ask for it again", ErrLayout)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, 1))
	if err != nil {
		return fmt.Errorf("read export stream: %w", err)
	}
	if n != 0 {
		return fmt.Errorf("%w: bytes behind the end of the stream", ErrLayout)
	}
	return sink.again.Commit()
}
