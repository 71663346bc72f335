package watch

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/crosslight/crosslight/node/store"
)

// Key seals the rows of one watch. Each watch has its own, drawn at random and kept sealed under the
// ring's secret for watches: when the row that holds it is overwritten, its runs open no more, wherever
// their bytes still lie.
type Key [chacha20poly1305.KeySize]byte

// NewKey draws a key.
func NewKey() (k Key) {
	_, _ = rand.Read(k[:]) // never fails (crypto/rand)
	return k
}

// Seal seals a key under the ring's secret, for the watch or query called id.
func (k Key) Seal(ring [32]byte, id string) []byte {
	return Key(ring).seal(k[:], place("key", id))
}

// OpenKey opens what [Key.Seal] sealed. The error is [ErrSealed].
func OpenKey(ring [32]byte, id string, sealed []byte) (Key, error) {
	plain, err := Key(ring).open(sealed, place("key", id))
	if err != nil || len(plain) != len(Key{}) {
		return Key{}, fmt.Errorf("%w: key", ErrSealed)
	}
	return Key(plain), nil
}

// Open opens the key of a watch. The error is [ErrSealed].
func Open(ring [32]byte, w store.Watch) (Watch, error) {
	key, err := OpenKey(ring, w.ID, w.Key)
	return Watch{w, key}, err
}

const sealDomain = "crosslight/watch/v1"

// place is the associated data of a row: what it is and where it belongs, each part behind its length, so
// that no row opens in the place of another.
func place(what string, parts ...string) []byte {
	b := append([]byte(sealDomain), 0)
	for _, part := range append([]string{what}, parts...) {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(part))), part...)
	}
	return b
}

// seal returns a random nonce of 24 bytes and plain under XChaCha20-Poly1305
// (draft-irtf-cfrg-xchacha-03). Nonces of that length may be drawn for every row of every watch.
func (k Key) seal(plain, where []byte) []byte {
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		panic(err) // a key of another length: our own bug
	}
	out := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	_, _ = rand.Read(out) // never fails (crypto/rand)
	return aead.Seal(out, out, plain, where)
}

func (k Key) open(sealed, where []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		panic(err) // as above
	}
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrSealed
	}
	nonce, text := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, text, where)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
