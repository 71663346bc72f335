package tlog

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/protocol/member"
)

// MaxCheckpoint is the longest signed checkpoint in bytes.
const MaxCheckpoint = 64 << 10

// algEd25519 is the signature type of C2SP signed-note for plain Ed25519.
const algEd25519 = 0x01

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

func keyHash(name string, key member.PublicKey) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"+string(rune(algEd25519))), key[:]...))
	return binary.BigEndian.Uint32(h[:4])
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
			Name: c.Origin, KeyHash: keyHash(c.Origin, member.PublicKey(public)), Sig: [64]byte(sig),
		})
	}
	slices.SortFunc(s.Signatures, compareLines)
	_, err := ParseSignedCheckpoint(s.Bytes())
	return s, err
}

func compareLines(a, b SignatureLine) int {
	if a.KeyHash != b.KeyHash {
		if a.KeyHash < b.KeyHash {
			return -1
		}
		return 1
	}
	return bytes.Compare(a.Sig[:], b.Sig[:])
}

// Bytes is the signed note.
func (s SignedCheckpoint) Bytes() []byte {
	out := append(s.Text(), '\n')
	for _, l := range s.Signatures {
		blob := append(binary.BigEndian.AppendUint32(nil, l.KeyHash), l.Sig[:]...)
		out = fmt.Appendf(out, "— %s %s\n", l.Name, base64.StdEncoding.EncodeToString(blob))
	}
	return out
}

// ParseSignedCheckpoint reads a signed note strictly: what it accepts, Bytes gives back. The error is
// [ErrCheckpoint].
func ParseSignedCheckpoint(b []byte) (SignedCheckpoint, error) {
	if len(b) > MaxCheckpoint {
		return SignedCheckpoint{}, fmt.Errorf("%w: %d bytes, at most %d", ErrCheckpoint, len(b), MaxCheckpoint)
	}
	text, lines, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return SignedCheckpoint{}, fmt.Errorf("%w: no signatures", ErrCheckpoint)
	}
	c, err := parseText(text)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	s := SignedCheckpoint{Checkpoint: c}
	for line := range strings.Lines(lines) {
		l, err := parseLine(strings.TrimSuffix(line, "\n"), c.Origin)
		if err != nil {
			return SignedCheckpoint{}, err
		}
		if n := len(s.Signatures); n > 0 && compareLines(s.Signatures[n-1], l) >= 0 {
			return SignedCheckpoint{}, fmt.Errorf("%w: signatures are not in order", ErrCheckpoint)
		}
		s.Signatures = append(s.Signatures, l)
	}
	if len(s.Signatures) == 0 || !bytes.Equal(s.Bytes(), b) {
		return SignedCheckpoint{}, fmt.Errorf("%w: not in its one valid encoding", ErrCheckpoint)
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

func parseLine(line, origin string) (SignatureLine, error) {
	rest, ok := strings.CutPrefix(line, "— "+origin+" ")
	if !ok {
		return SignatureLine{}, fmt.Errorf("%w: a signature is not under the origin", ErrCheckpoint)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(rest)
	if err != nil || len(blob) != 4+ed25519.SignatureSize {
		return SignatureLine{}, fmt.Errorf("%w: a signature is not 68 bytes of base64", ErrCheckpoint)
	}
	return SignatureLine{Name: origin, KeyHash: binary.BigEndian.Uint32(blob), Sig: [64]byte(blob[4:])}, nil
}

// Verify checks that every signature was made by one of the keys, no two by the same, and returns the
// positions of those keys in ascending order. The error is [ErrCheckpointSignature].
func (s SignedCheckpoint) Verify(keys []member.PublicKey) ([]int, error) {
	var signers []int
	text := s.Text()
	for _, l := range s.Signatures {
		i := slices.IndexFunc(keys, func(k member.PublicKey) bool {
			return keyHash(s.Origin, k) == l.KeyHash && ed25519.Verify(k[:], text, l.Sig[:])
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
