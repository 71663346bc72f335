package finality

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Domain is the label under which a voter's log key signs statements; also the stream's protocol id.
const Domain = "crosslight/finality/v1"

const (
	version = 1
	// MaxNumber bounds heights, rounds and sizes: 2^48, as the gate bounds raft's terms.
	MaxNumber = 1 << 48
	// maxStatement is the longest statement in bytes.
	maxStatement = 128
)

// Kind says what a statement states.
type Kind uint8

// The kinds of statements.
const (
	Proposal Kind = 1 // the leader of the round: let this be final
	Echo     Kind = 2 // I have executed to there and found this root
	Lock     Kind = 3 // I have seen a quorum of echoes in this round, and echo nothing else until released
)

func (k Kind) String() string {
	switch k {
	case Proposal:
		return "proposal"
	case Echo:
		return "echo"
	case Lock:
		return "lock"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Value is what a checkpoint commits to: the number of leaves and the RFC 6962 root over them.
type Value struct {
	Size uint64
	Root tlog.Hash
}

// Statement is what a voter signs. Two voters that state the same sign the same bytes.
type Statement struct {
	Ledger      [32]byte
	Incarnation uint64
	Kind        Kind
	Height      uint64 // checkpoint number, from 1
	Round       uint64 // raft term, from 1
	Value       Value
}

type statementWire struct {
	Version     uint64   `cbor:"1,keyasint"`
	Ledger      [32]byte `cbor:"2,keyasint"`
	Incarnation uint64   `cbor:"3,keyasint"`
	Kind        uint8    `cbor:"4,keyasint"`
	Height      uint64   `cbor:"5,keyasint"`
	Round       uint64   `cbor:"6,keyasint"`
	Size        uint64   `cbor:"7,keyasint"`
	Root        [32]byte `cbor:"8,keyasint"`
}

// Bytes is the encoding that is signed, at most 128 bytes.
func (s Statement) Bytes() []byte {
	return encode(statementWire{
		version, s.Ledger, s.Incarnation, uint8(s.Kind), s.Height, s.Round, s.Value.Size, s.Value.Root,
	})
}

// encode writes one of our own structs.
func encode(v any) []byte {
	b, err := wire.Encode(v)
	if err != nil {
		panic(err) // the types below are constants of this package: this is our own bug
	}
	return b
}

// ParseStatement reads a statement strictly. Errors: those of package wire, [ErrVersion], [ErrShape].
func ParseStatement(b []byte) (Statement, error) {
	var w statementWire
	if err := wire.Decode(b, &w, maxStatement); err != nil {
		return Statement{}, err
	}
	if w.Version != version {
		return Statement{}, fmt.Errorf("%w: %d", ErrVersion, w.Version)
	}
	s := Statement{w.Ledger, w.Incarnation, Kind(w.Kind), w.Height, w.Round, Value{w.Size, w.Root}}
	if s.Kind < Proposal || s.Kind > Lock {
		return Statement{}, fmt.Errorf("%w: %s", ErrShape, s.Kind)
	}
	for _, n := range []uint64{s.Incarnation, s.Height, s.Round, s.Value.Size} {
		if n == 0 || n > MaxNumber {
			return Statement{}, fmt.Errorf("%w: a number is not within 1 to 2^48", ErrShape)
		}
	}
	return s, nil
}

// point is where and for what a statement stands, without who or which ledger.
type point struct {
	round uint64
	value Value
}

func (s Statement) point() point { return point{s.Round, s.Value} }

// Signed is a statement with one signature. Only [parseSigned] and [sign] make one; that the signature
// verifies shows [Signed.Verify].
type Signed struct {
	Statement
	Signer member.KeyID // of the voter's log key
	Sig    [member.SignatureSize]byte
}

type signedWire struct {
	Statement []byte   `cbor:"1,keyasint"`
	Signer    [16]byte `cbor:"2,keyasint"`
	Sig       [64]byte `cbor:"3,keyasint"`
}

func (s Signed) wire() signedWire { return signedWire{s.Statement.Bytes(), s.Signer, s.Sig} }

func parseSigned(w signedWire) (Signed, error) {
	st, err := ParseStatement(w.Statement)
	if err != nil {
		return Signed{}, err
	}
	return Signed{st, w.Signer, w.Sig}, nil
}

// Verify checks that key made the signature. The error is [ErrSignature].
func (s Signed) Verify(key member.PublicKey) error {
	if key.ID() != s.Signer || key.Verify(Domain, s.Statement.Bytes(), s.Sig[:]) != nil {
		return ErrSignature
	}
	return nil
}
