package tlog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crosslight/crosslight/protocol/member"
)

// Algorithm is a signature type of C2SP signed-note ("Signature types").
type Algorithm byte

// The two types that are read here. Others may stand in a [Note]; nothing is believed for them.
const (
	AlgEd25519     Algorithm = 0x01 // a log key's, over the checkpoint's text alone
	AlgCosignature Algorithm = 0x04 // tlog-cosignature, Ed25519 with a timestamp
)

// ErrKey reports text that is not the one encoding of a verifier key.
var ErrKey = errors.New("verifier key is malformed")

// Key is a public key under the name that stands in its signature lines: a vkey of C2SP signed-note.
type Key struct {
	Name      string // not empty; no space, no plus, no control character
	Algorithm Algorithm
	Public    member.PublicKey
}

// LogKey is a member's log key under its ledger's origin.
func LogKey(origin string, public member.PublicKey) Key { return Key{origin, AlgEd25519, public} }

// CosignerKey is a cosigner key under the name that follows from it: "crosslight/cosigner/" and the key
// id in hex. A cosignature does not commit to a name, so a key has one name and no other.
func CosignerKey(public member.PublicKey) Key {
	return Key{"crosslight/cosigner/" + public.ID().String(), AlgCosignature, public}
}

// ID is the key id (C2SP signed-note, "Signatures"): the first four bytes of SHA-256 over the name, a
// line feed, the type and the 32 bytes of the key.
func (k Key) ID() uint32 {
	h := sha256.Sum256(append([]byte(k.Name+"\n"), k.material()...))
	return binary.BigEndian.Uint32(h[:4])
}

func (k Key) material() []byte { return append([]byte{byte(k.Algorithm)}, k.Public[:]...) }

// String is the key as a vkey: name, plus, eight hex digits of the id, plus, base64 of type and key.
func (k Key) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.ID(), base64.StdEncoding.EncodeToString(k.material()))
}

// ParseKey reads what String writes, strictly, and refuses weak keys. The error is [ErrKey].
func ParseKey(s string) (Key, error) {
	parts := strings.Split(s, "+")
	if len(parts) < 3 {
		return Key{}, fmt.Errorf("%w: not a name, an id and a key", ErrKey)
	}
	// Base64 has pluses too.
	material, err := base64.StdEncoding.Strict().DecodeString(strings.Join(parts[2:], "+"))
	if err != nil || len(material) != 1+len(member.PublicKey{}) {
		return Key{}, fmt.Errorf("%w: not 33 bytes of base64", ErrKey)
	}
	k := Key{parts[0], Algorithm(material[0]), member.PublicKey(material[1:])}
	if _, err := strconv.ParseUint(parts[1], 16, 32); err != nil || k.String() != s || !validName(k.Name) {
		return Key{}, fmt.Errorf("%w: name, id and key do not belong together", ErrKey)
	}
	if k.Algorithm != AlgEd25519 && k.Algorithm != AlgCosignature {
		return Key{}, fmt.Errorf("%w: type %#02x is not read here", ErrKey, byte(k.Algorithm))
	}
	if err := k.Public.Check(); err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return k, nil
}

// validName is the rule of C2SP signed-note for key names.
func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "+") &&
		strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r < 0x20 }) < 0
}
