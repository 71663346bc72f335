package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of proofs.
const (
	MaxPath  = 63      // hashes: trees have fewer than 2^63 leaves
	MaxExtra = 4 << 10 // bytes of extra data
	// MaxProof is the longest proof in bytes, of either kind.
	MaxProof = MaxCheckpoint + 16<<10
)

// Errors of proofs.
var (
	// ErrProof reports bytes that are not the one valid encoding of a proof.
	ErrProof = errors.New("proof is malformed")
	// ErrProven reports a proof, well-formed, of something else than what it was held against.
	ErrProven = errors.New("proof does not hold")
)

// proofHeader is the first line of a proof of inclusion.
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Proof shows, to whoever has an entry and knows whose signatures to ask for, that the entry stands on a
// ledger: C2SP tlog-proof ("Format"). It is kept in a file with the extension .tlog-proof.
type Proof struct {
	Extra      []byte // nobody signs it; at most 4 KiB, nil for none
	Index      uint64 // of the entry, from 0
	Path       []Hash // from the leaf's sibling up; at most 63
	Checkpoint CosignedCheckpoint
}

// Bytes is the proof's encoding.
func (p Proof) Bytes() []byte {
	out := []byte(proofHeader)
	if len(p.Extra) > 0 {
		out = fmt.Appendf(out, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	out = fmt.Appendf(out, "index %d\n", p.Index)
	return append(append(appendPath(out, p.Path), '\n'), p.Checkpoint.Bytes()...)
}

// ParseProof reads a proof strictly: what it accepts, Bytes gives back. Errors: [ErrProof],
// [ErrCheckpoint].
func ParseProof(b []byte) (Proof, error) {
	head, note, err := splitProof(b)
	if err != nil {
		return Proof{}, err
	}
	rest, ok := strings.CutPrefix(head, proofHeader)
	if !ok {
		return Proof{}, fmt.Errorf("%w: it does not begin as one", ErrProof)
	}
	var p Proof
	if line, after, _ := strings.Cut(rest, "\n"); strings.HasPrefix(line, "extra ") {
		p.Extra, err = base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(line, "extra "))
		if err != nil || len(p.Extra) > MaxExtra {
			return Proof{}, fmt.Errorf("%w: extra data", ErrProof)
		}
		rest = after
	}
	if p.Index, p.Path, err = parsePath(rest, "index "); err != nil {
		return Proof{}, err
	}
	if p.Checkpoint, err = ParseCosignedCheckpoint(note); err != nil {
		return Proof{}, err
	}
	if !bytes.Equal(p.Bytes(), b) {
		return Proof{}, fmt.Errorf("%w: not in its one valid encoding", ErrProof)
	}
	return p, nil
}

// Verify checks that the leaf, byte for byte, stands at Index of a ledger whose checkpoint the policy
// accepts. Errors: [ErrPolicy], [ErrProven].
func (p Proof) Verify(leaf []byte, policy Policy) (Signers, error) {
	signers, err := policy.Check(p.Checkpoint.Note())
	if err != nil {
		return Signers{}, err
	}
	c := p.Checkpoint.Checkpoint
	if err := VerifyInclusion(p.Index, c.Size, LeafHash(leaf), p.Path, c.Root); err != nil {
		return Signers{}, fmt.Errorf("%w: %w", ErrProven, err)
	}
	return signers, nil
}

// splitProof cuts a proof at its first empty line.
func splitProof(b []byte) (head string, note []byte, err error) {
	if len(b) > MaxProof {
		return "", nil, fmt.Errorf("%w: %d bytes, at most %d", ErrProof, len(b), MaxProof)
	}
	at := bytes.Index(b, []byte("\n\n"))
	if at < 0 {
		return "", nil, fmt.Errorf("%w: no checkpoint", ErrProof)
	}
	return string(b[:at+1]), b[at+2:], nil
}

func appendPath(out []byte, path []Hash) []byte {
	for _, h := range path {
		out = append(base64.StdEncoding.AppendEncode(out, h[:]), '\n')
	}
	return out
}

// parsePath reads a line with a number behind a label, then lines with a hash each.
func parsePath(text, label string) (uint64, []Hash, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	digits, ok := strings.CutPrefix(lines[0], label)
	n, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || strconv.FormatUint(n, 10) != digits {
		return 0, nil, fmt.Errorf("%w: no number behind %q", ErrProof, label)
	}
	if len(lines)-1 > MaxPath {
		return 0, nil, fmt.Errorf("%w: %d hashes, at most %d", ErrProof, len(lines)-1, MaxPath)
	}
	var path []Hash
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != HashSize || base64.StdEncoding.EncodeToString(h) != line {
			return 0, nil, fmt.Errorf("%w: a hash is not 32 bytes of base64", ErrProof)
		}
		path = append(path, Hash(h))
	}
	return n, path, nil
}
