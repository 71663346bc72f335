package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Find says which index of a holder a segment belongs to, so that the asker's right to it can be
// checked before [Mirror.ServePart]. The error is [ErrNone] for a segment that is not in use.
func (m *Mirror) Find(holder member.PublicKey, name [32]byte) (Ref, session.SegmentInfo, error) {
	if ref, s, ok := m.known.find(holder, name); ok {
		return ref, s, nil
	}
	if _, err := m.Manifests(holder); err != nil { // reads those that were not asked for yet
		return Ref{}, session.SegmentInfo{}, err
	}
	if ref, s, ok := m.known.find(holder, name); ok {
		return ref, s, nil
	}
	return Ref{}, session.SegmentInfo{}, ErrNone
}

// servePatience is how long a part waits for its turn before the asker is told to come back.
const servePatience = 10 * time.Second

// ServePart reads a part for another member, as [Mirror.ReadPart] does, when its turn has come: only
// Options.Serving are read at a time, so that mirrors that download do not take the disk and the cores
// from questions. The error is [ErrBusy] where its turn did not come in time.
func (m *Mirror) ServePart(ctx context.Context, ref Ref, name [32]byte, f session.File, offset, length uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, servePatience)
	defer cancel()
	select {
	case m.serving <- struct{}{}:
		defer func() { <-m.serving }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: many parts are being served", ErrBusy)
	}
	return m.ReadPart(ref, name, f, offset, length)
}

// ReadPart reads length bytes, at most session.MaxPart, of a segment's file. The error is [ErrNone]
// where they are not here, labels that this member was not given included.
func (m *Mirror) ReadPart(ref Ref, name [32]byte, f session.File, offset, length uint64) ([]byte, error) {
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	if length == 0 || length > session.MaxPart || offset > session.MaxSegmentSize {
		return nil, fmt.Errorf("%w: a part outside the segment", ErrNone)
	}
	in, err := m.files.OpenFile(segmentPath(dir, name, f), os.O_RDONLY)
	if err != nil {
		return nil, disk(err)
	}
	part := make([]byte, length)
	_, err = in.ReadAt(part, int64(offset))
	cerr := in.Close()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: a part outside the segment", ErrNone)
	}
	if err = errors.Join(err, cerr); err != nil {
		return nil, disk(err)
	}
	return part, nil
}
