package session

import (
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of announcements and acknowledgements.
const (
	MaxVersions     = 64       // indexes in one
	MaxAnnouncement = 16 << 10 // bytes, signed and encoded; an acknowledgement as well
)

// IndexVersion names a manifest of one index.
type IndexVersion struct {
	Epoch    uint64   `cbor:"1,keyasint"`
	Type     string   `cbor:"2,keyasint"`
	Version  uint64   `cbor:"3,keyasint"`
	Manifest [32]byte `cbor:"4,keyasint"` // its hash
}

// Announcement says, to all members, which manifests of a holder are new. It carries nothing to be
// believed: whoever hears it asks for the manifests.
type Announcement struct {
	V       uint64         `cbor:"1,keyasint"`
	Ledger  [32]byte       `cbor:"2,keyasint"`
	Holder  string         `cbor:"3,keyasint"` // peer ID
	Indexes []IndexVersion `cbor:"4,keyasint"` // in ascending order of epoch, then type, each once
}

// Acknowledgement says, to the holder, which manifests a mirror has in use: what they withdraw is gone
// there.
type Acknowledgement struct {
	V       uint64         `cbor:"1,keyasint"`
	Ledger  [32]byte       `cbor:"2,keyasint"`
	Holder  string         `cbor:"3,keyasint"` // peer ID
	Mirror  string         `cbor:"4,keyasint"` // peer ID
	Indexes []IndexVersion `cbor:"5,keyasint"` // as in an announcement
}

// signedVersions is how either travels: its bytes, and a signature of the sender's node key over them.
type signedVersions struct {
	Body      []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

func checkVersions(list []IndexVersion) error {
	if len(list) == 0 || len(list) > MaxVersions {
		return fmt.Errorf("%w: %d indexes", ErrHeader, len(list))
	}
	for i, v := range list {
		if v.Epoch == 0 || v.Version == 0 {
			return fmt.Errorf("%w: epoch or version 0", ErrHeader)
		}
		if err := checkWord("type", v.Type, maxType); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if last := list[i-1]; last.Epoch > v.Epoch || last.Epoch == v.Epoch && last.Type >= v.Type {
			return fmt.Errorf("%w: order", ErrHeader)
		}
	}
	return nil
}

func (a *Announcement) check() error {
	if a.V != version {
		return fmt.Errorf("%w: %d", ErrVersion, a.V)
	}
	if err := checkPeer("holder", a.Holder); err != nil {
		return err
	}
	return checkVersions(a.Indexes)
}

func (a *Acknowledgement) check() error {
	if a.V != version {
		return fmt.Errorf("%w: %d", ErrVersion, a.V)
	}
	for name, id := range map[string]string{"holder": a.Holder, "mirror": a.Mirror} {
		if err := checkPeer(name, id); err != nil {
			return err
		}
	}
	return checkVersions(a.Indexes)
}

// Sign encodes an announcement under the holder's node key.
func (a Announcement) Sign(key ed25519.PrivateKey) ([]byte, error) {
	a.V, a.Holder = version, member.PublicOf(key).PeerID()
	if err := a.check(); err != nil {
		return nil, err
	}
	return signVersions(key, announceDomain, a)
}

// Sign encodes an acknowledgement under the mirror's node key.
func (a Acknowledgement) Sign(key ed25519.PrivateKey) ([]byte, error) {
	a.V, a.Mirror = version, member.PublicOf(key).PeerID()
	if err := a.check(); err != nil {
		return nil, err
	}
	return signVersions(key, acknowledgeDomain, a)
}

func signVersions(key ed25519.PrivateKey, domain string, v any) ([]byte, error) {
	body, err := wire.Encode(v)
	if err != nil {
		return nil, err
	}
	return wire.Encode(signedVersions{body, member.Sign(key, domain, body)})
}

// ReadAnnouncement reads an announcement on this ledger without checking who made it: of many that arrive,
// most can be put aside by what they say. Its signature is for [UnsignedAnnouncement.Verify]. Errors are
// [ErrVersion], [ErrHeader], [ErrLedger] and those of wire.
func ReadAnnouncement(msg []byte, ledger [32]byte) (*UnsignedAnnouncement, error) {
	var s signedVersions
	if err := wire.Decode(msg, &s, MaxAnnouncement); err != nil {
		return nil, err
	}
	out := &UnsignedAnnouncement{signed: s}
	if err := wire.Decode(s.Body, &out.Says, MaxAnnouncement); err != nil {
		return nil, err
	}
	if err := out.Says.check(); err != nil {
		return nil, err
	}
	if out.Says.Ledger != ledger {
		return nil, ErrLedger
	}
	return out, nil
}

// UnsignedAnnouncement is an announcement whose signature has not been checked.
type UnsignedAnnouncement struct {
	Says   Announcement
	signed signedVersions
}

// Verify checks that the holder of key made the announcement. Errors are [ErrParty] and [ErrSignature].
func (u *UnsignedAnnouncement) Verify(key member.PublicKey) (*Announcement, error) {
	if u.Says.Holder != key.PeerID() {
		return nil, fmt.Errorf("%w: an announcement of another holder", ErrParty)
	}
	if err := signatureBy(key, announceDomain, u.signed.Body, u.signed.Signature); err != nil {
		return nil, err
	}
	return &u.Says, nil
}

// ParseAcknowledgement reads an acknowledgement that the mirror of key must have made, to holder, on
// ledger. Errors are [ErrVersion], [ErrHeader], [ErrLedger], [ErrParty], [ErrSignature] and those of wire.
func ParseAcknowledgement(msg []byte, ledger [32]byte, holder string, key member.PublicKey) (*Acknowledgement, error) {
	var s signedVersions
	if err := wire.Decode(msg, &s, MaxAnnouncement); err != nil {
		return nil, err
	}
	a := new(Acknowledgement)
	if err := wire.Decode(s.Body, a, MaxAnnouncement); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	switch {
	case a.Ledger != ledger:
		return nil, ErrLedger
	case a.Holder != holder || a.Mirror != key.PeerID():
		return nil, fmt.Errorf("%w: an acknowledgement of other parties", ErrParty)
	}
	return a, signatureBy(key, acknowledgeDomain, s.Body, s.Signature)
}

// AckAnswer is the holder's answer to an acknowledgement.
type AckAnswer struct {
	Code Code `cbor:"1,keyasint"`
}

// MaxAckAnswer is the most bytes of an answer.
const MaxAckAnswer = 64

// Encode returns the answer's bytes.
func (a AckAnswer) Encode() ([]byte, error) { return wire.Encode(a) }

// ParseAckAnswer reads an answer. Errors are [ErrHeader] and those of wire.
func ParseAckAnswer(msg []byte) (a AckAnswer, err error) {
	if err := wire.Decode(msg, &a, MaxAckAnswer); err != nil {
		return a, err
	}
	if !a.Code.valid() {
		return a, fmt.Errorf("%w: code", ErrHeader)
	}
	return a, nil
}
