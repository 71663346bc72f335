package tlog

import (
	"bytes"
	"fmt"
)

// Growth shows that a ledger only grew: that the tree of Old leaves, which the reader has seen, is a
// prefix of the checkpoint's. Its encoding is the body of an add-checkpoint request (C2SP tlog-witness,
// "add-checkpoint"), so that one file serves persons and witnesses.
type Growth struct {
	Old  uint64
	Path []Hash // RFC 6962 §2.1.2; empty for Old 0 and for Old the size; at most 63
	Note Note
}

// Bytes is the encoding.
func (g Growth) Bytes() []byte {
	out := appendPath(fmt.Appendf(nil, "old %d\n", g.Old), g.Path)
	return append(append(out, '\n'), g.Note.Bytes()...)
}

// ParseGrowth reads it strictly: what it accepts, Bytes gives back. Errors: [ErrProof], [ErrCheckpoint].
func ParseGrowth(b []byte) (Growth, error) {
	head, note, err := splitProof(b)
	if err != nil {
		return Growth{}, err
	}
	var g Growth
	if g.Old, g.Path, err = parsePath(head, "old "); err != nil {
		return Growth{}, err
	}
	if g.Note, err = ParseNote(note); err != nil {
		return Growth{}, err
	}
	if !bytes.Equal(g.Bytes(), b) {
		return Growth{}, fmt.Errorf("%w: not in its one valid encoding", ErrProof)
	}
	return g, nil
}

// Verify checks that the tree of Old leaves with that root is a prefix of the checkpoint's tree. Whose
// signatures the checkpoint bears is for [Policy.Check]. The error is [ErrProven].
func (g Growth) Verify(root Hash) error {
	if err := VerifyConsistency(g.Old, g.Note.Size, g.Path, root, g.Note.Root); err != nil {
		return fmt.Errorf("%w: %w", ErrProven, err)
	}
	return nil
}
