package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// stagePrefix marks a staging file. One that is there when the store opens is of a dead import.
const stagePrefix = ".unfinished-import-"

// arenaSize is the memory that an import sorts in. A feed of n bytes of rows makes n/arenaSize runs.
const arenaSize = 16 << 20

// stageFile is the little that an import needs of a file; tests put a failing one in its place.
type stageFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Name() string
}

func createStage(path string) (stageFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// stage sorts rows in memory and writes them out in runs. A row is written as
//
//	1 length of type | type | 32 digest | 8 line order | 1 derived | 1 length | expires
//	| 1 length | reference | 2 length | label
//
// with numbers big-endian, so that byte order is the order of (type, digest, arrival), with types
// of one length in alphabetical order.
type stage struct {
	file  stageFile
	arena []byte
	rows  []span
	runs  []span // in the file
	size  int64
	count uint64
}

type span struct{ from, to int64 }

func (s *stage) add(r Row) error {
	if err := r.check(); err != nil {
		return err
	}
	if len(s.arena)+r.encodedSize() > arenaSize {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.arena == nil {
		s.arena = make([]byte, 0, arenaSize)
	}
	from := int64(len(s.arena))
	s.arena = r.appendTo(s.arena, s.count)
	s.rows = append(s.rows, span{from, int64(len(s.arena))})
	s.count++
	return nil
}

// flush writes what is in memory as one sorted run.
func (s *stage) flush() error {
	if len(s.rows) == 0 {
		return nil
	}
	row := func(r span) []byte { return s.arena[r.from:r.to] }
	slices.SortFunc(s.rows, func(a, b span) int { return bytes.Compare(row(a), row(b)) })
	run := span{from: s.size, to: s.size}
	w := bufio.NewWriterSize(s.file, 1<<18)
	for _, r := range s.rows {
		n, err := w.Write(row(r))
		if err != nil {
			return fmt.Errorf("stage the import: %w", mapped(err))
		}
		run.to += int64(n)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("stage the import: %w", mapped(err))
	}
	s.size, s.runs = run.to, append(s.runs, run)
	s.arena, s.rows = s.arena[:0], s.rows[:0]
	return nil
}

// discard removes the file. A file that cannot be removed now is removed when the store opens next.
func (s *stage) discard() error {
	s.arena, s.rows, s.runs = nil, nil, nil
	return mapped(errors.Join(s.file.Close(), os.Remove(s.file.Name())))
}

const maxText = 255 // bytes of type, expires and reference: one length byte each

func (r Row) check() error {
	if len(r.Type) == 0 || len(r.Type) > maxText || len(r.Expires) > maxText || len(r.Reference) > maxText {
		return fmt.Errorf("%w: type, reference or date is too long", ErrRow)
	}
	if len(r.Label) > MaxLabel {
		return fmt.Errorf("%w: label of %d bytes, at most %d", ErrRow, len(r.Label), MaxLabel)
	}
	return nil
}

func (r Row) encodedSize() int {
	return 1 + len(r.Type) + len(r.Digest) + 8 + 1 + 1 + len(r.Expires) + 1 + len(r.Reference) + 2 + len(r.Label)
}

func (r Row) appendTo(b []byte, order uint64) []byte {
	b = append(append(b, byte(len(r.Type))), r.Type...)
	b = append(b, r.Digest[:]...)
	b = binary.BigEndian.AppendUint64(b, order)
	derived := byte(0)
	if r.Derived {
		derived = 1
	}
	b = append(append(b, derived, byte(len(r.Expires))), r.Expires...)
	b = append(append(b, byte(len(r.Reference))), r.Reference...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Label)))
	return append(b, r.Label...)
}

// staged is a row as read back, with its place in the feed.
type staged struct {
	Row
	order uint64
}

// readStaged reads one row; io.EOF is the end of the run. Anything short is a disk that lost what
// was written.
func readStaged(r *bufio.Reader) (staged, error) {
	var out staged
	typ, err := readText(r)
	if err != nil {
		return out, err // io.EOF before the first byte only
	}
	var fixed [32 + 8 + 1]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return out, short(err)
	}
	out.Type = indicator.Type(typ)
	copy(out.Digest[:], fixed[:32])
	out.order = binary.BigEndian.Uint64(fixed[32:])
	out.Derived = fixed[40] == 1
	if out.Expires, err = readText(r); err != nil {
		return out, short(err)
	}
	if out.Reference, err = readText(r); err != nil {
		return out, short(err)
	}
	var n [2]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return out, short(err)
	}
	out.Label = make([]byte, binary.BigEndian.Uint16(n[:]))
	_, err = io.ReadFull(r, out.Label)
	return out, short(err)
}

func readText(r *bufio.Reader) (string, error) {
	n, err := r.ReadByte()
	if err != nil {
		return "", err
	}
	var buf [maxText]byte
	if _, err := io.ReadFull(r, buf[:n]); err != nil {
		return "", short(err)
	}
	return string(buf[:n]), nil
}

// short turns an end of file inside a row into [ErrDisk].
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (the staging file is shorter than what was written)", ErrDisk)
	}
	return err
}
