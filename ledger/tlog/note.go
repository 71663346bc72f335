package tlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// MaxLines is the largest number of signatures under a checkpoint: as many as x/mod's note reads.
const MaxLines = 100

// maxSignature is the longest signature in bytes, without its key id: of ML-DSA-44 with its timestamp,
// the longest that C2SP has.
const maxSignature = 8 + 2420

// Line is a signature line of any type: who signed, with which key, and what.
type Line struct {
	Name string
	ID   uint32 // of the key
	Sig  []byte // without the id, 1 to 2428 bytes
}

// Bytes is the line with its line feed.
func (l Line) Bytes() []byte { return []byte(l.text()) }

func (l Line) text() string {
	blob := append(binary.BigEndian.AppendUint32(nil, l.ID), l.Sig...)
	return "— " + l.Name + " " + base64.StdEncoding.EncodeToString(blob) + "\n"
}

func (l Line) compare(o Line) int {
	if c := strings.Compare(l.Name, o.Name); c != 0 {
		return c
	}
	if l.ID != o.ID {
		if l.ID < o.ID {
			return -1
		}
		return 1
	}
	return bytes.Compare(l.Sig, o.Sig)
}

// Note is a checkpoint of a Crosslight ledger with signature lines of whatever type, in whatever order,
// as it comes from software that knows C2SP and nothing of ours. None of them has been verified; that is
// for [Policy.Check].
type Note struct {
	Checkpoint
	Lines []Line // 1 to 100, no two equal
}

// Bytes is the signed note.
func (n Note) Bytes() []byte {
	out := append(n.Text(), '\n')
	for _, l := range n.Lines {
		out = append(out, l.text()...)
	}
	return out
}

// ParseNote reads a signed note. Order and types of the signatures are free, their encoding is not: what
// it accepts, Bytes gives back. The error is [ErrCheckpoint].
func ParseNote(b []byte) (Note, error) {
	if len(b) > MaxCheckpoint {
		return Note{}, fmt.Errorf("%w: %d bytes, at most %d", ErrCheckpoint, len(b), MaxCheckpoint)
	}
	text, lines, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return Note{}, fmt.Errorf("%w: no signatures", ErrCheckpoint)
	}
	c, err := parseText(text)
	if err != nil {
		return Note{}, err
	}
	n := Note{Checkpoint: c}
	if n.Lines, err = ParseLines([]byte(lines)); err != nil {
		return Note{}, err
	}
	if !bytes.Equal(n.Bytes(), b) {
		return Note{}, fmt.Errorf("%w: not in its one valid encoding", ErrCheckpoint)
	}
	return n, nil
}

// ParseLines reads signature lines, 1 to 100, as a witness answers with. The error is [ErrCheckpoint].
func ParseLines(b []byte) ([]Line, error) {
	if len(b) > MaxCheckpoint {
		return nil, fmt.Errorf("%w: %d bytes of signatures", ErrCheckpoint, len(b))
	}
	var out []Line
	for text := range strings.Lines(string(b)) {
		l, err := parseLine(text)
		if err != nil {
			return nil, err
		}
		if len(out) == MaxLines || slices.ContainsFunc(out, func(o Line) bool { return o.compare(l) == 0 }) {
			return nil, fmt.Errorf("%w: a signature twice, or more than %d", ErrCheckpoint, MaxLines)
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no signatures", ErrCheckpoint)
	}
	return out, nil
}

// parseLine reads a line with its line feed.
func parseLine(text string) (Line, error) {
	rest, ok := strings.CutPrefix(text, "— ")
	name, b64, found := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
	if !ok || !found || !validName(name) {
		return Line{}, fmt.Errorf("%w: a signature has no name", ErrCheckpoint)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(blob) < 5 || len(blob) > 4+maxSignature {
		return Line{}, fmt.Errorf("%w: a signature is not base64 of its length", ErrCheckpoint)
	}
	l := Line{Name: name, ID: binary.BigEndian.Uint32(blob), Sig: blob[4:]}
	if l.text() != text { // the decoder skips line breaks
		return Line{}, fmt.Errorf("%w: a signature is not in its one valid encoding", ErrCheckpoint)
	}
	return l, nil
}
