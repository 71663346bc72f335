package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of a manifest.
const (
	MaxManifest    = 32 << 10 // bytes, signed and encoded
	MaxSegments    = 256
	MaxItems       = 1 << 32 // in a segment
	MaxSegmentSize = 1 << 40 // bytes of tags or of labels
)

// Sizes of crosslight/index/v1, in bytes. They stand here as well, because nothing of the index is
// imported into protocol, and a manifest must not announce what its segments cannot be.
const (
	segmentHeader = 128
	segmentTag    = 8
	segmentLabel  = 256
)

// SegmentKind is the kind of a segment, with the numbers of crosslight/index/v1.
type SegmentKind uint64

// The kinds of segments.
const (
	BaseSegment       SegmentKind = 1
	AdditionSegment   SegmentKind = 2
	WithdrawalSegment SegmentKind = 3
)

// SegmentInfo names a segment and says how large it is.
type SegmentInfo struct {
	Kind       SegmentKind `cbor:"1,keyasint"`
	Name       [32]byte    `cbor:"2,keyasint"` // SHA-256 of the tags
	Count      uint64      `cbor:"3,keyasint"`
	TagsSize   uint64      `cbor:"4,keyasint"` // bytes
	LabelsSize uint64      `cbor:"5,keyasint"` // bytes
	Labels     [32]byte    `cbor:"6,keyasint"` // SHA-256 of the labels
}

// Manifest lists the segments of one index in the order in which they apply: a base, then additions
// and withdrawals. A compaction is a manifest with a new base.
type Manifest struct {
	V        uint64        `cbor:"1,keyasint"`
	Ledger   [32]byte      `cbor:"2,keyasint"`
	Holder   string        `cbor:"3,keyasint"` // peer ID
	Epoch    uint64        `cbor:"4,keyasint"`
	Type     string        `cbor:"5,keyasint"`
	Version  uint64        `cbor:"6,keyasint"` // 1, 2, … within (holder, epoch, type)
	Previous [32]byte      `cbor:"7,keyasint"` // hash of the manifest before; zero in version 1
	Segments []SegmentInfo `cbor:"8,keyasint"`
}

type signedManifest struct {
	Manifest  []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

// SignedManifest is a manifest whose signature was checked, with the bytes that prove it.
type SignedManifest struct {
	Manifest Manifest
	Hash     [32]byte // SHA-256 of the manifest's own bytes: what the next one and the ledger name
	Raw      []byte   // the signed encoding: what is stored and served
}

func (m *Manifest) check() error {
	switch {
	case m.V != version:
		return fmt.Errorf("%w: manifest %d", ErrVersion, m.V)
	case m.Version == 0 || (m.Version == 1) != (m.Previous == [32]byte{}):
		return fmt.Errorf("%w: version and previous manifest", ErrManifest)
	case len(m.Segments) == 0 || len(m.Segments) > MaxSegments:
		return fmt.Errorf("%w: %d segments", ErrManifest, len(m.Segments))
	}
	if err := checkWord("type", m.Type, maxType); err != nil {
		return err
	}
	seen := make(map[[32]byte]bool, len(m.Segments))
	for i, s := range m.Segments {
		if err := s.check(i == 0); err != nil {
			return fmt.Errorf("segment %d: %w", i, err)
		}
		if seen[s.Name] {
			return fmt.Errorf("%w: segment %d occurs twice", ErrManifest, i)
		}
		seen[s.Name] = true
	}
	return nil
}

func (s *SegmentInfo) check(first bool) error {
	labels := segmentLabel * s.Count
	if s.Kind == WithdrawalSegment {
		labels = 0
	}
	switch {
	case s.Kind < BaseSegment || s.Kind > WithdrawalSegment || (s.Kind == BaseSegment) != first:
		return fmt.Errorf("%w: kind", ErrManifest)
	case s.Count > MaxItems || s.TagsSize != segmentHeader+segmentTag*s.Count || s.LabelsSize != labels:
		return fmt.Errorf("%w: size", ErrManifest)
	case labels == 0 && s.Labels != sha256.Sum256(nil):
		return fmt.Errorf("%w: labels of nothing", ErrManifest)
	}
	return nil
}

// Sign checks and signs a manifest with the holder's node key.
func (m Manifest) Sign(key ed25519.PrivateKey) (*SignedManifest, error) {
	m.V = version
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.Holder != member.PublicOf(key).PeerID() {
		return nil, fmt.Errorf("%w: manifest of another holder", ErrParty)
	}
	body, err := wire.Encode(m)
	if err != nil {
		return nil, err
	}
	raw, err := wire.Encode(signedManifest{body, member.Sign(key, manifestDomain, body)})
	return &SignedManifest{m, sha256.Sum256(body), raw}, err
}

// ParseManifest reads a manifest that the holder of key must have signed, whoever served it. Errors
// are [ErrVersion], [ErrHeader], [ErrManifest], [ErrParty], [ErrSignature] and those of wire.
func ParseManifest(raw []byte, key member.PublicKey) (*SignedManifest, error) {
	var s signedManifest
	if err := wire.Decode(raw, &s, MaxManifest); err != nil {
		return nil, err
	}
	out := &SignedManifest{Hash: sha256.Sum256(s.Manifest), Raw: raw}
	if err := wire.Decode(s.Manifest, &out.Manifest, MaxManifest); err != nil {
		return nil, err
	}
	if err := out.Manifest.check(); err != nil {
		return nil, err
	}
	if out.Manifest.Holder != key.PeerID() {
		return nil, fmt.Errorf("%w: manifest of another holder", ErrParty)
	}
	if err := signatureBy(key, manifestDomain, s.Manifest, s.Signature); err != nil {
		return nil, err
	}
	return out, nil
}

// Follows checks that m may take the place of old, of the same ledger, holder, epoch and type: the
// same manifest, or a later one of one chain. Where versions between the two are missing, what links
// them is the ledger's anchor. Errors: [ErrRollback]; [ErrFork], of which the two manifests are
// evidence; [ErrManifest] for one of another index.
func (m *SignedManifest) Follows(old *SignedManifest) error {
	a, b := &old.Manifest, &m.Manifest
	switch {
	case a.Ledger != b.Ledger || a.Holder != b.Holder || a.Epoch != b.Epoch || a.Type != b.Type:
		return fmt.Errorf("%w: of another index", ErrManifest)
	case b.Version < a.Version:
		return fmt.Errorf("%w: %d after %d", ErrRollback, b.Version, a.Version)
	case b.Version == a.Version && m.Hash != old.Hash,
		b.Version == a.Version+1 && b.Previous != old.Hash:
		return fmt.Errorf("%w: version %d", ErrFork, b.Version)
	}
	return nil
}
