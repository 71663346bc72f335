package tlog

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/protocol/member"
)

// MaxCheckpoint is the longest signed checkpoint in bytes.
const MaxCheckpoint = 64 << 10

var (
	// ErrCheckpoint reports bytes that are not the one valid encoding of a signed checkpoint.
	ErrCheckpoint = errors.New("checkpoint is malformed")
	// ErrCheckpointSignature reports a signature that no known log key made, or no signature at all.
	ErrCheckpointSignature = errors.New("checkpoint is not signed by the log keys of members")
)

// Checkpoint commits to a tree (C2SP tlog-checkpoint): its origin, size and root, no extension lines.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// Text is the note that is signed: three lines, each ended by a line feed.
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// SignatureLine is one signature under a checkpoint. KeyHash is the first four bytes of SHA-256 over
// the name, a line feed, 0x01 and the public key; Sig is 64 bytes over Text alone: a log key signs
// nothing but checkpoints (and its member card, whose domain label no checkpoint can begin with).
type SignatureLine struct {
	Name    string // the origin
	KeyHash uint32
	Sig     [ed25519.SignatureSize]byte
}

// SignedCheckpoint is a checkpoint with signatures in ascending order of key hash, then of signature.
// That they verify is for [SignedCheckpoint.Verify].
type SignedCheckpoint struct {
	Checkpoint
	Signatures []SignatureLine
}

// SignCheckpoint signs c with log keys; at least one.
func SignCheckpoint(c Checkpoint, keys ...crypto.Signer) (SignedCheckpoint, error) {
	s := SignedCheckpoint{Checkpoint: c}
	for _, k := range keys {
		public, ok := k.Public().(ed25519.PublicKey)
		if !ok {
			return s, errors.New("a log key is an Ed25519 key")
		}
		sig, err := k.Sign(nil, c.Text(), crypto.Hash(0))
		if err != nil {
			return s, fmt.Errorf("sign checkpoint: %w", err)
		}
		s.Signatures = append(s.Signatures, SignatureLine{
			Name: c.Origin, KeyHash: LogKey(c.Origin, member.PublicKey(public)).ID(), Sig: [64]byte(sig),
		})
	}
	slices.SortFunc(s.Signatures, compareLines)
	_, err := ParseSignedCheckpoint(s.Bytes())
	return s, err
}

func compareLines(a, b SignatureLine) int { return a.line().compare(b.line()) }

func (l SignatureLine) line() Line { return Line{l.Name, l.KeyHash, l.Sig[:]} }

func (s SignedCheckpoint) note() Note {
	n := Note{Checkpoint: s.Checkpoint}
	for _, l := range s.Signatures {
		n.Lines = append(n.Lines, l.line())
	}
	return n
}

// Bytes is the signed note.
func (s SignedCheckpoint) Bytes() []byte { return s.note().Bytes() }

// ParseSignedCheckpoint reads a signed note with signatures of log keys alone, strictly: what it accepts,
// Bytes gives back. The error is [ErrCheckpoint].
func ParseSignedCheckpoint(b []byte) (SignedCheckpoint, error) {
	n, err := ParseNote(b)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	return signedOf(n.Checkpoint, n.Lines)
}

// signedOf wants at least one line, all of log keys and in order.
func signedOf(c Checkpoint, lines []Line) (SignedCheckpoint, error) {
	s := SignedCheckpoint{Checkpoint: c}
	for _, l := range lines {
		if l.Name != c.Origin || len(l.Sig) != ed25519.SignatureSize {
			return SignedCheckpoint{}, fmt.Errorf("%w: a signature is not a log key's under the origin", ErrCheckpoint)
		}
		own := SignatureLine{Name: l.Name, KeyHash: l.ID, Sig: [64]byte(l.Sig)}
		if n := len(s.Signatures); n > 0 && compareLines(s.Signatures[n-1], own) >= 0 {
			return SignedCheckpoint{}, fmt.Errorf("%w: signatures are not in order", ErrCheckpoint)
		}
		s.Signatures = append(s.Signatures, own)
	}
	if len(s.Signatures) == 0 {
		return SignedCheckpoint{}, fmt.Errorf("%w: no log key's signature", ErrCheckpoint)
	}
	return s, nil
}

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 3 {
		return Checkpoint{}, fmt.Errorf("%w: %d lines instead of 3", ErrCheckpoint, len(lines))
	}
	if _, err := ParseOrigin(lines[0]); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: size", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != HashSize {
		return Checkpoint{}, fmt.Errorf("%w: root", ErrCheckpoint)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}

// Verify checks that every signature was made by one of the keys, no two by the same, and returns the
// positions of those keys in ascending order. The error is [ErrCheckpointSignature].
func (s SignedCheckpoint) Verify(keys []member.PublicKey) ([]int, error) {
	var signers []int
	text := s.Text()
	for _, l := range s.Signatures {
		i := slices.IndexFunc(keys, func(k member.PublicKey) bool {
			return LogKey(s.Origin, k).ID() == l.KeyHash && ed25519.Verify(k[:], text, l.Sig[:])
		})
		if i < 0 || slices.Contains(signers, i) {
			return nil, ErrCheckpointSignature
		}
		signers = append(signers, i)
	}
	if len(signers) == 0 {
		return nil, ErrCheckpointSignature
	}
	slices.Sort(signers)
	return signers, nil
}
