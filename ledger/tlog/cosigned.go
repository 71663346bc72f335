package tlog

import (
	"bytes"
	"fmt"
	"slices"
)

// CosignedCheckpoint is a checkpoint with signatures of log keys and then cosignatures in ascending
// order of name and key id, one a key. Its encoding is one, given its set of signatures; a set can lose
// one, so whoever needs a number of them counts. That they verify is for [SignedCheckpoint.Verify] and
// [CosignedCheckpoint.VerifyCosignatures], or for [Policy.Check].
type CosignedCheckpoint struct {
	SignedCheckpoint
	Cosignatures []Cosignature
}

// NewCosignedCheckpoint puts a checkpoint and its cosignatures together, in order. The error is [ErrCheckpoint]:
// too many, two of one key, one under the origin.
func NewCosignedCheckpoint(s SignedCheckpoint, cosignatures ...Cosignature) (CosignedCheckpoint, error) {
	c := CosignedCheckpoint{s, slices.Clone(cosignatures)}
	slices.SortFunc(c.Cosignatures, func(a, b Cosignature) int { return a.Line().compare(b.Line()) })
	return ParseCosignedCheckpoint(c.Bytes())
}

// Note is the same with nothing said about order and types.
func (c CosignedCheckpoint) Note() Note {
	n := c.SignedCheckpoint.note()
	for _, s := range c.Cosignatures {
		n.Lines = append(n.Lines, s.Line())
	}
	return n
}

// Bytes is the signed note.
func (c CosignedCheckpoint) Bytes() []byte { return c.Note().Bytes() }

// ParseCosignedCheckpoint reads a signed note strictly: at least one signature of a log key, then cosignatures,
// all in order, and nothing else; what it accepts, Bytes gives back. The error is [ErrCheckpoint].
func ParseCosignedCheckpoint(b []byte) (CosignedCheckpoint, error) {
	n, err := ParseNote(b)
	if err != nil {
		return CosignedCheckpoint{}, err
	}
	own := slices.IndexFunc(n.Lines, func(l Line) bool { return l.Name != n.Origin })
	if own < 0 {
		own = len(n.Lines)
	}
	var c CosignedCheckpoint
	if c.SignedCheckpoint, err = signedOf(n.Checkpoint, n.Lines[:own]); err != nil {
		return CosignedCheckpoint{}, err
	}
	for _, l := range n.Lines[own:] {
		s, err := CosignatureOf(l)
		if err != nil {
			return CosignedCheckpoint{}, err
		}
		if before := len(c.Cosignatures); before > 0 && !ascending(c.Cosignatures[before-1], s) {
			return CosignedCheckpoint{}, fmt.Errorf("%w: cosignatures are not in order, one a key", ErrCheckpoint)
		}
		if s.Name == n.Origin {
			return CosignedCheckpoint{}, fmt.Errorf("%w: a cosignature under the origin", ErrCheckpoint)
		}
		c.Cosignatures = append(c.Cosignatures, s)
	}
	if !bytes.Equal(c.Bytes(), b) {
		return CosignedCheckpoint{}, fmt.Errorf("%w: not in its one valid encoding", ErrCheckpoint)
	}
	return c, nil
}

// ascending orders by name and key id alone: two cosignatures of one key never stand together.
func ascending(a, b Cosignature) bool {
	return Line{Name: a.Name, ID: a.ID}.compare(Line{Name: b.Name, ID: b.ID}) < 0
}

// VerifyCosignatures checks that every cosignature was made by one of the keys, and returns their
// positions in ascending order. That none is by anybody else makes the set a fixed one. The error is
// [ErrCosignature].
func (c CosignedCheckpoint) VerifyCosignatures(keys []Key) ([]int, error) {
	var signers []int
	for _, s := range c.Cosignatures {
		i := slices.IndexFunc(keys, func(k Key) bool { return s.Verify(c.Checkpoint, k) == nil })
		if i < 0 || slices.Contains(signers, i) {
			return nil, fmt.Errorf("%w: %s", ErrCosignature, s.Name)
		}
		signers = append(signers, i)
	}
	slices.Sort(signers)
	return signers, nil
}
