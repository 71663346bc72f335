package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const magic = "clindex\x01"

// Header is the first 128 bytes of the tags.
type Header struct {
	Kind    Kind
	Count   uint64
	Epoch   uint64
	Context [32]byte // Context.Hash
	Salt    [SaltSize]byte
	Labels  [32]byte // SHA-256 of the labels; of nothing for a withdrawal
}

// TagsSize returns the length in bytes of the tags of a segment with count items.
func TagsSize(count uint64) uint64 { return HeaderSize + count*TagSize }

// LabelsSize returns the length in bytes of its labels.
func LabelsSize(kind Kind, count uint64) uint64 {
	if kind == Withdrawal {
		return 0
	}
	return count * LabelSealed
}

// Offsets of the header's fields. Bytes that no field covers are zero.
const (
	offKind    = 8
	offSealed  = 10 // 2 bytes: length of a sealed label, 0 for a withdrawal
	offCount   = 16
	offEpoch   = 24
	offContext = 32
	offSalt    = 64
	offLabels  = 96
)

func (h Header) sealedSize() uint16 {
	if h.Kind == Withdrawal {
		return 0
	}
	return LabelSealed
}

func (h Header) encode() [HeaderSize]byte {
	var b [HeaderSize]byte
	copy(b[:], magic)
	b[offKind] = byte(h.Kind)
	binary.BigEndian.PutUint16(b[offSealed:], h.sealedSize())
	binary.BigEndian.PutUint64(b[offCount:], h.Count)
	binary.BigEndian.PutUint64(b[offEpoch:], h.Epoch)
	copy(b[offContext:], h.Context[:])
	copy(b[offSalt:], h.Salt[:])
	copy(b[offLabels:], h.Labels[:])
	return b
}

// ParseHeader reads the first [HeaderSize] bytes of tags; what follows them is not looked at. Whoever
// downloads a segment knows from it how long tags and labels are to be. The error is [ErrHeader].
func ParseHeader(tags []byte) (Header, error) {
	if len(tags) < HeaderSize {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrHeader, len(tags))
	}
	h := Header{
		Kind:    Kind(tags[offKind]),
		Count:   binary.BigEndian.Uint64(tags[offCount:]),
		Epoch:   binary.BigEndian.Uint64(tags[offEpoch:]),
		Context: [32]byte(tags[offContext:]),
		Salt:    [SaltSize]byte(tags[offSalt:]),
		Labels:  [32]byte(tags[offLabels:]),
	}
	switch {
	case string(tags[:offKind]) != magic:
		return Header{}, fmt.Errorf("%w: not a segment, or of an unknown version", ErrHeader)
	case !h.Kind.valid():
		return Header{}, fmt.Errorf("%w: kind %d", ErrHeader, h.Kind)
	case h.Count > MaxCount:
		return Header{}, fmt.Errorf("%w: %d items", ErrHeader, h.Count)
	case h.Kind == Withdrawal && h.Labels != sha256.Sum256(nil):
		return Header{}, fmt.Errorf("%w: a withdrawal with labels", ErrHeader)
	case h.encode() != [HeaderSize]byte(tags):
		return Header{}, fmt.Errorf("%w: label size or reserved bytes", ErrHeader)
	}
	return h, nil
}

// In checks that a segment with this header is of context c, by its hash and by the epoch that stands
// beside it. The error is [ErrContext].
func (h Header) In(c Context) error {
	if h.Epoch != c.Epoch {
		return fmt.Errorf("%w: epoch %d instead of %d", ErrContext, h.Epoch, c.Epoch)
	}
	if h.Context != c.Hash() {
		return ErrContext
	}
	return nil
}
