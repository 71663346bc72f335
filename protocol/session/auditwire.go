package session

import (
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const logDomain = AuditProtocol + " log"

// Limits of the exchange, in bytes. An encrypted answer is an AuditAnswer and what age adds to it.
const (
	MaxSealedAnswer = MaxAuditAnswer + 1<<16
	MaxAuditAsk     = MaxSealedAnswer + 256
	MaxAuditReply   = MaxLog*32 + 1024
	maxSummary      = 512
)

// AuditAsk is a message of crosslight/audit/v1 to a holder (Log) or to an auditor (Deliver): exactly one
// of the two is there.
type AuditAsk struct {
	V       uint64        `cbor:"1,keyasint"`
	Ledger  [32]byte      `cbor:"2,keyasint"`
	Log     *AuditAskLog  `cbor:"3,keyasint,omitempty"`
	Deliver *AuditDeliver `cbor:"4,keyasint,omitempty"`
}

// AuditAskLog asks a holder for what the sender asked of it on a day.
type AuditAskLog struct {
	Day uint64 `cbor:"1,keyasint"`
}

// AuditDeliver brings an auditor the querier's answer, encrypted to the auditors.
type AuditDeliver struct {
	Audit  [32]byte `cbor:"1,keyasint"`
	Answer []byte   `cbor:"2,keyasint"` // an age file
}

// AuditCode says what became of an AuditAsk.
type AuditCode string

// The codes of crosslight/audit/v1.
const (
	AuditOK        AuditCode = "ok"
	AuditNotDue    AuditCode = "not-due"    // the day is not over, or nothing was drawn: ask later
	AuditNotOurs   AuditCode = "not-ours"   // no audit that the sender answers and the receiver sees
	AuditMalformed AuditCode = "malformed"  // no message of this protocol, or of another ledger
	AuditTooMany   AuditCode = "overloaded" // try again
)

// AuditReply answers an AuditAsk.
type AuditReply struct {
	V         uint64    `cbor:"1,keyasint"`
	Code      AuditCode `cbor:"2,keyasint"`
	Summary   []byte    `cbor:"3,keyasint"` // LogSummary, for a log
	Signature []byte    `cbor:"4,keyasint"` // 64 bytes, the holder's over it
	Hashes    []byte    `cbor:"5,keyasint"` // of the requests' headers, 32 bytes each, in ascending order
}

// LogSummary is what a holder signs of a day's log before either side commits to it on the ledger: a
// holder that then commits to another has contradicted itself.
type LogSummary struct {
	V        uint64   `cbor:"1,keyasint"`
	Ledger   [32]byte `cbor:"2,keyasint"`
	Querier  string   `cbor:"3,keyasint"` // peer ID
	Holder   string   `cbor:"4,keyasint"` // peer ID
	Day      uint64   `cbor:"5,keyasint"`
	Requests uint64   `cbor:"6,keyasint"`
	Elements uint64   `cbor:"7,keyasint"`
	Root     [32]byte `cbor:"8,keyasint"`
}

// Bytes is the message.
func (a AuditAsk) Bytes() ([]byte, error) {
	a.V = version
	return wire.Encode(a)
}

// ParseAuditAsk reads a message. Errors are [ErrVersion], [ErrHeader] and those of wire.
func ParseAuditAsk(msg []byte) (a AuditAsk, err error) {
	if err := wire.Decode(msg, &a, MaxAuditAsk); err != nil {
		return a, err
	}
	switch {
	case a.V != version:
		return a, fmt.Errorf("%w: %d", ErrVersion, a.V)
	case (a.Log == nil) == (a.Deliver == nil), a.Deliver != nil && len(a.Deliver.Answer) > MaxSealedAnswer:
		return a, fmt.Errorf("%w: what is asked", ErrHeader)
	}
	return a, nil
}

// Bytes is the message.
func (r AuditReply) Bytes() ([]byte, error) {
	r.V = version
	return wire.Encode(r)
}

// SignLog fills in a reply with a log, signed by the holder's node key.
func SignLog(s LogSummary, log *QueryLog, key ed25519.PrivateKey) (AuditReply, error) {
	s.V, s.Requests, s.Elements, s.Root = version, log.Requests(), log.Elements(), log.Root()
	raw, err := wire.Encode(s)
	if err != nil {
		return AuditReply{}, err
	}
	r := AuditReply{Code: AuditOK, Summary: raw, Signature: member.Sign(key, logDomain, raw)}
	for _, q := range log.requests {
		r.Hashes = append(r.Hashes, q.Hash[:]...)
	}
	return r, nil
}

// ParseAuditReply reads a reply. Errors are [ErrVersion], [ErrLog] and those of wire.
func ParseAuditReply(msg []byte) (r AuditReply, err error) {
	if err := wire.Decode(msg, &r, MaxAuditReply); err != nil {
		return r, err
	}
	switch {
	case r.V != version:
		return r, fmt.Errorf("%w: %d", ErrVersion, r.V)
	case len(r.Summary) > maxSummary || len(r.Hashes)%32 != 0:
		return r, ErrLog
	}
	return r, checkWord("code", string(r.Code), maxRule)
}

// Log reads the log in a reply of the holder of key to a querier about a day: its summary, and the hashes
// of the requests, as many as it counts. Whether those lead to the root shows where the counts are known.
// Errors are the faults of this package and of wire.
func (r AuditReply) Log(want LogSummary, key member.PublicKey) (s LogSummary, hashes [][32]byte, err error) {
	if err := wire.Decode(r.Summary, &s, maxSummary); err != nil {
		return s, nil, err
	}
	if err := signatureBy(key, logDomain, r.Summary, r.Signature); err != nil {
		return s, nil, err
	}
	if s.V != version || s.Ledger != want.Ledger || s.Querier != want.Querier || s.Holder != key.PeerID() || s.Day != want.Day {
		return s, nil, fmt.Errorf("%w: of another day, or of others", ErrLog)
	}
	if uint64(len(r.Hashes)/32) != s.Requests {
		return s, nil, fmt.Errorf("%w: %d requests, %d hashes", ErrLog, s.Requests, len(r.Hashes)/32)
	}
	for i := 0; i < len(r.Hashes); i += 32 {
		hashes = append(hashes, [32]byte(r.Hashes[i:]))
	}
	return s, hashes, nil
}
