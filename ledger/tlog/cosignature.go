package tlog

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/crosslight/crosslight/protocol/member"
)

// cosignatureSize is the length of a timestamped_signature: 8 bytes of seconds, 64 of Ed25519.
const cosignatureSize = 8 + ed25519.SignatureSize

// Errors of cosignatures.
var (
	// ErrCosignature reports a cosignature that its key did not make.
	ErrCosignature = errors.New("cosignature does not verify")
	// ErrTime reports a time that a cosignature cannot have: 0, or above 2^63-1.
	ErrTime = errors.New("time of a cosignature is not within 1 to 2^63-1 seconds")
)

// Cosignature is a cosignature (C2SP tlog-cosignature, "Format"): the statement of a key's owner that at
// Time the tree of the checkpoint was the largest consistent one that it had seen of this log. That it
// verifies shows [Cosignature.Verify].
type Cosignature struct {
	Name string
	ID   uint32 // of the key
	Time uint64 // Unix seconds, from the cosigner's clock, 1 to 2^63-1
	Sig  [ed25519.SignatureSize]byte
}

// CosignatureMessage is what a cosigner signs (C2SP tlog-cosignature, "Ed25519 signed message").
func CosignatureMessage(c Checkpoint, time uint64) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", time), c.Text()...)
}

// Cosign signs c at a time in Unix seconds with a cosigner key, under the name of [CosignerKey]. It signs
// whatever it is given: that c extends all that this key has signed is for the caller, a finality machine
// or a witness. The error is [ErrTime].
func Cosign(c Checkpoint, key ed25519.PrivateKey, time uint64) (Cosignature, error) {
	if err := checkTime(time); err != nil {
		return Cosignature{}, err
	}
	public := CosignerKey(member.PublicOf(key))
	return Cosignature{public.Name, public.ID(), time, [64]byte(ed25519.Sign(key, CosignatureMessage(c, time)))}, nil
}

func checkTime(time uint64) error {
	if time == 0 || time > math.MaxInt64 {
		return fmt.Errorf("%w: %d", ErrTime, time)
	}
	return nil
}

// Verify checks that key cosigned c. The error is [ErrCosignature].
func (s Cosignature) Verify(c Checkpoint, key Key) error {
	if key.Algorithm != AlgCosignature || key.Name != s.Name || key.ID() != s.ID {
		return fmt.Errorf("%w: it is under the name of %s", ErrCosignature, s.Name)
	}
	if checkTime(s.Time) != nil || !ed25519.Verify(key.Public[:], CosignatureMessage(c, s.Time), s.Sig[:]) {
		return ErrCosignature
	}
	return nil
}

// Line is the cosignature's signature line.
func (s Cosignature) Line() Line {
	return Line{s.Name, s.ID, append(binary.BigEndian.AppendUint64(nil, s.Time), s.Sig[:]...)}
}

// CosignatureOf reads a signature line as a cosignature. Whether it is one shows only in its key, since
// lines have no type; its length and time must be those of one. The error is [ErrCheckpoint].
func CosignatureOf(l Line) (Cosignature, error) {
	if len(l.Sig) != cosignatureSize {
		return Cosignature{}, fmt.Errorf("%w: a cosignature is not 76 bytes of base64", ErrCheckpoint)
	}
	s := Cosignature{l.Name, l.ID, binary.BigEndian.Uint64(l.Sig), [64]byte(l.Sig[8:])}
	if err := checkTime(s.Time); err != nil {
		return Cosignature{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return s, nil
}
