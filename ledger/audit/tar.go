package audit

import (
	"archive/tar"
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
	fileName   = regexp.MustCompile(`^(?:checkpoint|tile/(?:entries|[0-7])/(?:x\d{3}/){0,5}\d{3}(?:\.p/[1-9]\d{0,2})?)$`)
	folderName = regexp.MustCompile(`^tile(?:/(?:entries|[0-7])(?:/x\d{3}){0,5}(?:/\d{3}\.p)?)?$`)
)

// Unpack writes the folder target from the stream of a [Tar] sink, all or nothing. It refuses every
// name that an export cannot have, so that a stream writes nowhere else. Whether the export holds is
// for [Verify]. Errors are [ErrLayout], [ErrExists], or those of reading and of the file system.
func Unpack(r io.Reader, target string) error {
	sink, err := NewFolder(target)
	if err != nil {
		return err
	}
	if err := unpack(tar.NewReader(r), sink); err != nil {
		sink.Abort()
		return err
	}
	return sink.Commit()
}

func unpack(r *tar.Reader, sink Sink) error {
	last := ""
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read export stream: %w", err)
		}
		if h.Typeflag != tar.TypeReg || !fileName.MatchString(h.Name) || h.Size > maxFile {
			return fmt.Errorf("%w: %q in the stream", ErrLayout, h.Name)
		}
		data, err := io.ReadAll(io.LimitReader(r, maxFile))
		if err != nil {
			return fmt.Errorf("read export stream: %w", err)
		}
		if err := sink.Put(h.Name, data); err != nil {
			return err
		}
		last = h.Name
	}
	if last != checkpointName {
		return fmt.Errorf("%w: the stream ended early, ask for it again", ErrLayout)
	}
	return nil
}
