package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Deriver makes tags and label keys in one context. It holds no secret and is safe for concurrent use.
type Deriver struct{ context [32]byte }

// NewDeriver returns the deriver for a context.
func NewDeriver(c Context) *Deriver { return &Deriver{c.Hash()} }

// Tag returns the tag of the item whose VOPRF output is f.
func (d *Deriver) Tag(f *[OutputSize]byte) Tag {
	tag, _ := d.tag(f)
	return tag
}

// tag returns the tag and the next 16 bytes of the same expansion, which tell two items with one tag
// apart inside the builder and are published nowhere.
func (d *Deriver) tag(f *[OutputSize]byte) (tag Tag, rest [16]byte) {
	var info [35]byte
	copy(info[:32], d.context[:])
	copy(info[32:], "tag")
	out := expand(f, info[:])
	return Tag(out[:TagSize]), [16]byte(out[TagSize:])
}

// labelKey returns the key for the label of f in the segment with this salt.
func (d *Deriver) labelKey(f *[OutputSize]byte, salt *[SaltSize]byte) [32]byte {
	var info [51]byte
	copy(info[:32], d.context[:])
	copy(info[32:35], "key")
	copy(info[35:], salt[:])
	return expand(f, info[:])
}

// expand is HKDF-Expand (RFC 5869 §2.3) with SHA-256 for 32 bytes of output and at most 63 bytes of
// info. F fills the HMAC block exactly, and is uniform already, so that no extraction is needed. It is
// written out because it runs for every item and every value looked up, and crypto/hkdf allocates
// eight times; the tests hold it against crypto/hkdf.
func expand(f *[OutputSize]byte, info []byte) [32]byte {
	var inner [sha256.BlockSize + 64]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i, b := range f {
		inner[i], outer[i] = b^0x36, b^0x5c
	}
	n := copy(inner[sha256.BlockSize:], info)
	inner[sha256.BlockSize+n] = 1 // the block counter
	sum := sha256.Sum256(inner[:sha256.BlockSize+n+1])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// zeroNonce is safe because a label key serves one item of one segment: it comes from F, which no
// two items of a segment share (the builder refuses them), and from the salt, fresh for every build.
var zeroNonce [chacha20poly1305.NonceSize]byte

// seal appends label, padded to [LabelPlain] and sealed, to dst.
func (d *Deriver) seal(dst []byte, f *[OutputSize]byte, salt *[SaltSize]byte, label []byte) ([]byte, error) {
	if len(label) > MaxLabel {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(label), MaxLabel)
	}
	var plain [LabelPlain]byte
	binary.BigEndian.PutUint16(plain[:], uint16(len(label)))
	copy(plain[2:], label)
	key := d.labelKey(f, salt)
	aead, err := chacha20poly1305.New(key[:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(dst, zeroNonce[:], plain[:], nil), nil
}

// open returns the label in sealed, [LabelSealed] bytes. ok is false when it is not the label of f:
// another item has the same tag. The error is [ErrLabel].
func (d *Deriver) open(sealed []byte, f *[OutputSize]byte, salt *[SaltSize]byte) (label []byte, ok bool, err error) {
	key := d.labelKey(f, salt)
	aead, err := chacha20poly1305.New(key[:])
	if err != nil {
		return nil, false, err
	}
	plain, err := aead.Open(make([]byte, 0, LabelPlain), zeroNonce[:], sealed, nil)
	if err != nil {
		return nil, false, nil
	}
	label, err = unpad(plain)
	return label, err == nil, err
}

// unpad accepts the one padding that seal makes.
func unpad(plain []byte) ([]byte, error) {
	n := int(binary.BigEndian.Uint16(plain))
	if n > MaxLabel {
		return nil, fmt.Errorf("%w: length %d", ErrLabel, n)
	}
	for _, b := range plain[2+n:] {
		if b != 0 {
			return nil, fmt.Errorf("%w: padding", ErrLabel)
		}
	}
	return plain[2 : 2+n : 2+n], nil
}
