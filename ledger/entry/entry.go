// Package entry is what the ledger is made of: typed bodies in signed envelopes, and the genesis that
// starts it all. It implements the messages of crosslight/ledger/v1 (specs/ledger.md).
//
//	founders:  card ─► Draft ─(each seat key signs)─► SignedGenesis      leaf 0; its hash is the ledger id
//	member:    Body ─(one key signs)─► Raw ─► leader ─► raft ─► state.Apply     leaf 1, 2, 3, …
//
// An envelope is deterministic CBOR of at most 60 KiB: version, ledger id, incarnation, kind, the
// signer's key id, that key's sequence number, the body and an Ed25519 signature over all of it. The
// bytes as they were signed are kept and hashed; nothing is ever encoded again to be compared with a
// hash. [Parse] says that bytes are an envelope of known shape ([Signed]); only [Signed.Verify] says
// that a given key signed it ([Verified]); what it may do is for ledger/state.
//
// What leaks: everything in an entry is read by every member, for ever. No entry holds an indicator,
// a digest of one, or a case reference.
package entry

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const (
	// Version is the version of envelopes and bodies that this package writes and reads.
	Version = 1
	// MaxEnvelope is the longest leaf in bytes, envelope or genesis. It fits the 16-bit length of an
	// entry bundle (C2SP tlog-tiles).
	MaxEnvelope = 60 << 10
	// FirstIncarnation is the incarnation of a ledger that was never recovered.
	FirstIncarnation = 1

	entryDomain = "crosslight/entry/v1"
)

// Hash is the RFC 6962 leaf hash of an entry, SHA-256 over a zero byte and the leaf. It names the
// entry, and a proposal by the entry that opened it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// HashOf returns the leaf hash of raw.
func HashOf(raw []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(raw)
	return Hash(h.Sum(nil))
}

// ParseHash reads a hash from 64 lower-case hex digits.
func ParseHash(s string) (Hash, error) {
	var h Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != s {
		return h, errors.New("not 64 lower-case hex digits")
	}
	return Hash(b), nil
}

// Raw is an envelope in bytes, as signed and as it stands on the ledger. Nothing about it has been
// checked.
type Raw []byte

// Header is what an envelope says before its body.
type Header struct {
	LedgerID    [32]byte
	Incarnation uint64
	Seq         uint64 // of the signing key: 1, 2, 3, … without gaps
}

// unsigned is the part of an envelope that the signature covers.
type unsigned struct {
	V           uint64       `cbor:"1,keyasint"`
	LedgerID    [32]byte     `cbor:"2,keyasint"`
	Incarnation uint64       `cbor:"3,keyasint"`
	Kind        Kind         `cbor:"4,keyasint"`
	SignerKey   member.KeyID `cbor:"5,keyasint"`
	Seq         uint64       `cbor:"6,keyasint"`
	Body        []byte       `cbor:"7,keyasint"`
}

// Envelope is a decoded envelope. Body is the deterministic CBOR of the kind's body; Sig is 64 bytes.
type Envelope struct {
	V           uint64       `cbor:"1,keyasint"`
	LedgerID    [32]byte     `cbor:"2,keyasint"`
	Incarnation uint64       `cbor:"3,keyasint"`
	Kind        Kind         `cbor:"4,keyasint"`
	SignerKey   member.KeyID `cbor:"5,keyasint"`
	Seq         uint64       `cbor:"6,keyasint"`
	Body        []byte       `cbor:"7,keyasint"`
	Sig         []byte       `cbor:"8,keyasint"`
}

// sigField is how an envelope ends: key 8, a byte string of 64 bytes, and the signature.
const sigField = 1 + 2 + member.SignatureSize

// signedPart returns what the signature of a parsed envelope covers: the same map without field 8. It
// is cut from the bytes as they came, nothing is encoded again: in the one valid encoding the signature
// is the last field, and a map of seven begins with 0xa7 where one of eight begins with 0xa8.
func signedPart(raw Raw) []byte {
	return append([]byte{0xa7}, raw[1:len(raw)-sigField]...)
}

// Sign puts body into an envelope signed by priv. It refuses a body that [Parse] would refuse.
func Sign(priv ed25519.PrivateKey, h Header, body Body) (Raw, error) {
	if err := body.check(); err != nil {
		return nil, err
	}
	encoded, err := wire.Encode(body)
	if err != nil {
		return nil, err
	}
	u := unsigned{
		V: Version, LedgerID: h.LedgerID, Incarnation: h.Incarnation, Kind: body.Kind(),
		SignerKey: member.PublicOf(priv).ID(), Seq: h.Seq, Body: encoded,
	}
	part, err := wire.Encode(u)
	if err != nil {
		return nil, err
	}
	sig := member.Sign(priv, entryDomain, part)
	raw, err := wire.Encode(Envelope{u.V, u.LedgerID, u.Incarnation, u.Kind, u.SignerKey, u.Seq, u.Body, sig})
	if err == nil && len(raw) > MaxEnvelope {
		err = fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(raw), MaxEnvelope)
	}
	return raw, err
}
