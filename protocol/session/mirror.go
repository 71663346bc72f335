package session

import (
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of crosslight/mirror/v1, in bytes and items.
const (
	MaxPart         = 1 << 20 // bytes of a segment in one message
	MaxManifests    = 64      // manifests in one message
	MaxMirrorAsk    = 512     // a request
	MaxMirrorAnswer = MaxManifests*(MaxManifest+8) + 512
)

// MirrorKind says what a mirror request asks for.
type MirrorKind string

// The two kinds of mirror requests.
const (
	ManifestsKind MirrorKind = "manifests" // the newest manifest of every index open to the asker
	PartKind      MirrorKind = "part"      // bytes of a segment
)

// File says which of a segment's two byte strings is meant.
type File string

// The files of a segment.
const (
	TagsFile   File = "tags"
	LabelsFile File = "labels"
)

// MirrorRequest asks for a holder's manifests or for a part of one of its segments. It is not signed:
// the stream says who asks, and the answer proves itself. What does not belong to the kind is empty.
type MirrorRequest struct {
	V      uint64     `cbor:"1,keyasint"`
	Ledger [32]byte   `cbor:"2,keyasint"`
	Kind   MirrorKind `cbor:"3,keyasint"`
	Holder string     `cbor:"4,keyasint"` // peer ID of the holder whose index it is
	From   uint64     `cbor:"5,keyasint"` // of manifests: how many of them to leave out
	Name   [32]byte   `cbor:"6,keyasint"` // of a part: the segment
	File   File       `cbor:"7,keyasint"`
	Offset uint64     `cbor:"8,keyasint"` // bytes
	Length uint64     `cbor:"9,keyasint"` // bytes, 1 to MaxPart
}

func (r *MirrorRequest) check() error {
	if r.V != version {
		return fmt.Errorf("%w: %d", ErrVersion, r.V)
	}
	if err := checkPeer("holder", r.Holder); err != nil {
		return err
	}
	switch r.Kind {
	case ManifestsKind:
		if r.Name != [32]byte{} || r.File != "" || r.Offset != 0 || r.Length != 0 || r.From > 1<<20 {
			return fmt.Errorf("%w: manifests", ErrHeader)
		}
	case PartKind:
		if r.File != TagsFile && r.File != LabelsFile {
			return fmt.Errorf("%w: file", ErrHeader)
		}
		if r.From != 0 || r.Length == 0 || r.Length > MaxPart || r.Offset > MaxSegmentSize {
			return fmt.Errorf("%w: range", ErrHeader)
		}
	default:
		return fmt.Errorf("%w: kind", ErrHeader)
	}
	return nil
}

// ParseMirrorRequest reads a mirror request. Errors are the faults of this package and of wire.
func ParseMirrorRequest(msg []byte) (*MirrorRequest, error) {
	r := new(MirrorRequest)
	if err := wire.Decode(msg, r, MaxMirrorAsk); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// MirrorAnswer is the answer to a mirror request.
type MirrorAnswer struct {
	Code       Code     `cbor:"1,keyasint"`
	Manifests  [][]byte `cbor:"2,keyasint,omitempty"` // signed manifests
	More       bool     `cbor:"3,keyasint,omitempty"` // there are manifests after these
	Part       []byte   `cbor:"4,keyasint,omitempty"`
	RetryAfter uint64   `cbor:"5,keyasint,omitempty"` // seconds
	Rule       string   `cbor:"6,keyasint,omitempty"` // at most 64 printable ASCII bytes
}

func (a *MirrorAnswer) check() error {
	switch {
	case !a.Code.valid():
		return fmt.Errorf("%w: code", ErrHeader)
	case a.Code != OK && (len(a.Manifests) != 0 || len(a.Part) != 0 || a.More):
		return fmt.Errorf("%w: a refusal with content", ErrHeader)
	case a.Code == OK && (a.RetryAfter != 0 || a.Rule != ""):
		return fmt.Errorf("%w: an answer with a reason for refusal", ErrHeader)
	case a.RetryAfter > maxRetry:
		return fmt.Errorf("%w: time", ErrHeader)
	case len(a.Manifests) > MaxManifests || len(a.Part) > MaxPart:
		return fmt.Errorf("%w: too much in one message", ErrHeader)
	case a.More && len(a.Manifests) == 0:
		return fmt.Errorf("%w: more after nothing", ErrHeader)
	}
	return checkText("rule", a.Rule, maxRule)
}

// ParseMirrorAnswer reads an answer; whether it fits the request is for [Puller].
func ParseMirrorAnswer(msg []byte) (*MirrorAnswer, error) {
	a := new(MirrorAnswer)
	if err := wire.Decode(msg, a, MaxMirrorAnswer); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *MirrorAnswer) refusal() *Refusal {
	return &Refusal{Code: a.Code, Rule: a.Rule, RetryAfter: time.Duration(a.RetryAfter) * time.Second}
}
