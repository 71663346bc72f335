package entry

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of a recovery.
const (
	MaxTail           = 512 // entries above the base
	MaxRecoveryVoters = 64
	maxSeats          = 256

	recoveryDomain = "crosslight/recovery/v1"
)

// Recovery goes on with a ledger whose voters have lost their quorum for good. It is one entry with the
// signatures of many seats over one statement; the envelope is signed by a seat key, too.
type Recovery struct {
	Statement  []byte              `cbor:"1,keyasint"` // deterministic CBOR of RecoveryStatement
	Signatures []RecoverySignature `cbor:"2,keyasint"` // in ascending order of key, each key once
}

// RecoverySignature is one seat's.
type RecoverySignature struct {
	Key member.PublicKey           `cbor:"1,keyasint"`
	Sig [member.SignatureSize]byte `cbor:"2,keyasint"`
}

// RecoveryStatement says from where the ledger goes on. Base is what was known to be final; Tail are the
// entries above it that are kept. The entry applies over exactly these, and nothing else.
type RecoveryStatement struct {
	V           uint64      `cbor:"1,keyasint"`
	LedgerID    [32]byte    `cbor:"2,keyasint"`
	Incarnation uint64      `cbor:"3,keyasint"` // that begins: one more than the present one
	Size        uint64      `cbor:"4,keyasint"` // of the base
	Root        tlog.Hash   `cbor:"5,keyasint"` // of the base
	Frontier    []tlog.Hash `cbor:"6,keyasint"` // of the base, left to right
	Tail        []Hash      `cbor:"7,keyasint"` // leaf hashes, at most MaxTail
	Voters      []string    `cbor:"8,keyasint"` // members, in ascending order
}

// Kind is KindRecovery.
func (Recovery) Kind() Kind { return KindRecovery }

func (b Recovery) check() error {
	if len(b.Signatures) > maxSeats {
		return fmt.Errorf("%w: %d signatures, at most %d", ErrField, len(b.Signatures), maxSeats)
	}
	for i := 1; i < len(b.Signatures); i++ {
		if bytes.Compare(b.Signatures[i-1].Key[:], b.Signatures[i].Key[:]) >= 0 {
			return fmt.Errorf("%w: signatures are not in ascending order of key", ErrField)
		}
	}
	_, err := b.Decode()
	return err
}

// Decode returns the statement. Its shape has been checked, and that its frontier has its root.
func (b Recovery) Decode() (RecoveryStatement, error) {
	var st RecoveryStatement
	if err := decode(b.Statement, &st); err != nil {
		return st, err
	}
	return st, st.check()
}

// Verify checks one seat's signature. The error is [ErrRecoverySignature].
func (b Recovery) Verify(sig RecoverySignature) error {
	if sig.Key.Verify(recoveryDomain, b.Statement, sig.Sig[:]) != nil {
		return ErrRecoverySignature
	}
	return nil
}

func (st RecoveryStatement) check() error {
	switch {
	case st.V != Version:
		return fmt.Errorf("%w: recovery version %d", ErrVersion, st.V)
	case st.Incarnation <= FirstIncarnation || st.Incarnation > maxNumber:
		return fmt.Errorf("%w: a recovery begins incarnation 2 or a later one", ErrField)
	case st.Size == 0 || st.Size > maxNumber:
		return fmt.Errorf("%w: a base of %d leaves", ErrField, st.Size)
	case len(st.Tail) > MaxTail:
		return fmt.Errorf("%w: a tail of %d entries, at most %d", ErrField, len(st.Tail), MaxTail)
	case len(st.Voters) == 0 || len(st.Voters) > MaxRecoveryVoters:
		return fmt.Errorf("%w: %d voters, 1 to %d", ErrField, len(st.Voters), MaxRecoveryVoters)
	}
	for i, name := range st.Voters {
		if err := checkMemberName(name); err != nil {
			return err
		}
		if i > 0 && st.Voters[i-1] >= name {
			return fmt.Errorf("%w: voters are not in ascending order", ErrField)
		}
	}
	base, err := tlog.ResumeFrontier(st.Size, st.Frontier)
	if err != nil || base.Root() != st.Root {
		return fmt.Errorf("%w: the frontier of the base does not have its root", ErrField)
	}
	return nil
}

// Tip is the size and root of the tree that the recovery applies over: the base and its tail.
func (st RecoveryStatement) Tip() (size uint64, root [32]byte, err error) {
	f, err := tlog.ResumeFrontier(st.Size, st.Frontier)
	if err != nil {
		return 0, root, fmt.Errorf("%w: the frontier of the base", ErrField)
	}
	for _, leaf := range st.Tail {
		f.Append(tlog.Hash(leaf))
	}
	return f.Size(), f.Root(), nil
}

// Twice returns the keys that signed two different recoveries into one incarnation of one ledger, whose
// signatures verify: proof against those seats, which sign one an incarnation.
func Twice(a, b Recovery) ([]member.PublicKey, error) {
	first, err := a.Decode()
	if err != nil {
		return nil, err
	}
	second, err := b.Decode()
	if err != nil {
		return nil, err
	}
	if first.LedgerID != second.LedgerID || first.Incarnation != second.Incarnation || bytes.Equal(a.Statement, b.Statement) {
		return nil, nil
	}
	var out []member.PublicKey
	for _, sig := range a.Signatures {
		i := slices.IndexFunc(b.Signatures, func(o RecoverySignature) bool { return o.Key == sig.Key })
		if i >= 0 && a.Verify(sig) == nil && b.Verify(b.Signatures[i]) == nil {
			out = append(out, sig.Key)
		}
	}
	return out, nil
}

func encodeStatement(st RecoveryStatement) ([]byte, error) {
	if err := st.check(); err != nil {
		return nil, err
	}
	return wire.Encode(st)
}
