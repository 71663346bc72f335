package session

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const answerDomain = AuditProtocol + " answer"

// Limits of an answer.
const (
	MaxOpenings    = 4096
	MaxAuditAnswer = 16 << 20 // bytes
	maxCaseText    = 256
	maxPath        = 48
)

// ErrAnswer reports an answer to an audit with a field outside its limits.
var ErrAnswer = errors.New("answer to an audit is not valid")

// Opening shows one question that was drawn: which request it stood in, where that stands in the log of
// its day, and the digest and the blind that its element is made of. It is for the auditors' eyes alone.
type Opening struct {
	Position    uint64     `cbor:"1,keyasint"` // that was drawn
	Day         uint64     `cbor:"2,keyasint"`
	Header      []byte     `cbor:"3,keyasint"` // of the request, as signed
	Signature   []byte     `cbor:"4,keyasint"` // 64 bytes
	Start       uint64     `cbor:"5,keyasint"` // elements before the request in the log of the day
	Request     uint64     `cbor:"6,keyasint"` // its index there
	LogPath     [][32]byte `cbor:"7,keyasint"`
	Index       uint64     `cbor:"8,keyasint"` // of the element in the request
	Element     [32]byte   `cbor:"9,keyasint"`
	ElementPath [][32]byte `cbor:"10,keyasint"`
	Digest      [32]byte   `cbor:"11,keyasint"`
	Blind       [32]byte   `cbor:"12,keyasint"`
	CaseNonce   []byte     `cbor:"13,keyasint"` // 32 bytes, or empty where the question is tied to no case
	Case        string     `cbor:"14,keyasint"` // the case reference that the header commits to
}

func (o *Opening) check() error {
	if len(o.LogPath) > maxPath || len(o.ElementPath) > maxPath || len(o.Case) > maxCaseText ||
		len(o.CaseNonce) != 0 && len(o.CaseNonce) != 32 {
		return fmt.Errorf("%w: an opening", ErrAnswer)
	}
	return nil
}

// CheckPlace says whether the opening stands where offset leads to in a log of a day, of as many requests
// under that root, and its element in the request. The header must have been read. Errors are [ErrPath]
// and [ErrCase].
func (o *Opening) CheckPlace(h Header, offset, requests uint64, root [32]byte) error {
	if offset < o.Start || offset-o.Start >= h.Count || o.Index != offset-o.Start {
		return fmt.Errorf("%w: the request does not hold the position", ErrPath)
	}
	if err := checkPath(logLeaf(o.Start, HeaderHash(o.Header)), o.Request, requests, o.LogPath, root); err != nil {
		return fmt.Errorf("%w: of the log", err)
	}
	if err := checkPath(o.Element[:], o.Index, h.Count, o.ElementPath, h.Tree); err != nil {
		return fmt.Errorf("%w: of the request", err)
	}
	return o.checkCase(h)
}

// ErrCase reports a case reference that is not the one that the request commits to.
var ErrCase = errors.New("the case reference is not the one that was committed to")

func (o *Opening) checkCase(h Header) error {
	if !h.HasCase() {
		if len(o.CaseNonce) > 0 || o.Case != "" {
			return ErrCase
		}
		return nil
	}
	if len(o.CaseNonce) != 32 || CommitCase([32]byte(o.CaseNonce), o.Case) != [32]byte(h.Case) {
		return ErrCase
	}
	return nil
}

// AuditAnswer is what a querier opens of an audit. Positions that it leaves out it refuses to open, or
// cannot.
type AuditAnswer struct {
	V        uint64    `cbor:"1,keyasint"`
	Ledger   [32]byte  `cbor:"2,keyasint"`
	Audit    [32]byte  `cbor:"3,keyasint"` // the audit's proposal
	Querier  string    `cbor:"4,keyasint"` // peer ID
	Openings []Opening `cbor:"5,keyasint"` // in ascending order of position
}

func (a *AuditAnswer) check() error {
	if a.V != version {
		return fmt.Errorf("%w: %d", ErrVersion, a.V)
	}
	if len(a.Openings) > MaxOpenings {
		return fmt.Errorf("%w: %d openings", ErrAnswer, len(a.Openings))
	}
	for i := range a.Openings {
		if i > 0 && a.Openings[i-1].Position >= a.Openings[i].Position {
			return fmt.Errorf("%w: openings are not in ascending order of position", ErrAnswer)
		}
		if err := a.Openings[i].check(); err != nil {
			return err
		}
	}
	return checkPeer("querier", a.Querier)
}

type signedAnswer struct {
	Answer    []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

// SignAnswer returns the answer with the querier's signature: what is encrypted to the auditors. The key
// is its node key.
func SignAnswer(a AuditAnswer, key ed25519.PrivateKey) ([]byte, error) {
	a.V, a.Querier = version, member.PublicOf(key).PeerID()
	if err := a.check(); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(a)
	if err != nil {
		return nil, err
	}
	return wire.Encode(signedAnswer{raw, member.Sign(key, answerDomain, raw)})
}

// ReadAnswer reads an answer that one of the querier's node keys has signed. Errors are the faults of
// this package and of wire.
func ReadAnswer(raw []byte, keys []member.PublicKey) (a AuditAnswer, err error) {
	var s signedAnswer
	if err := wire.Decode(raw, &s, MaxAuditAnswer); err != nil {
		return a, err
	}
	if err := wire.Decode(s.Answer, &a, MaxAuditAnswer); err != nil {
		return a, err
	}
	if err := a.check(); err != nil {
		return a, err
	}
	for _, key := range keys {
		if key.PeerID() == a.Querier {
			return a, signatureBy(key, answerDomain, s.Answer, s.Signature)
		}
	}
	return a, ErrSignature
}
