package entry

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
)

// IndexV1 names the parameters of the encoded index (tag size, label size, key derivation) that an
// epoch's keys serve.
const IndexV1 = "crosslight/index/v1"

// EpochKey is a member's OPRF public key for one indicator type in one epoch.
type EpochKey struct {
	Type       string   `cbor:"1,keyasint"` // indicator type
	Public     [32]byte `cbor:"2,keyasint"` // ristretto255 element
	Possession [64]byte `cbor:"3,keyasint"` // proof over member.PossessionContext
}

// EpochCommit opens a member's next epoch: from here on questions to the member are put under these
// keys. Signed by the operator key.
type EpochCommit struct {
	Epoch  uint64     `cbor:"1,keyasint"` // 1 for the member's first, then one more each time
	Params string     `cbor:"2,keyasint"` // IndexV1
	Keys   []EpochKey `cbor:"3,keyasint"` // in ascending order of type, each type once
}

// Kind is KindEpochCommit.
func (EpochCommit) Kind() Kind { return KindEpochCommit }

// Key returns the key for an indicator type, and whether there is one.
func (b EpochCommit) Key(typ string) (EpochKey, bool) {
	for _, k := range b.Keys {
		if k.Type == typ {
			return k, true
		}
	}
	return EpochKey{}, false
}

func (b EpochCommit) check() error {
	if b.Epoch == 0 {
		return fmt.Errorf("%w: epochs start at 1", ErrField)
	}
	if b.Params != IndexV1 {
		return fmt.Errorf("%w: index parameters are not %s", ErrField, IndexV1)
	}
	if len(b.Keys) == 0 || len(b.Keys) > MaxEpochKeys {
		return fmt.Errorf("%w: %d keys, 1 to %d", ErrField, len(b.Keys), MaxEpochKeys)
	}
	for i, k := range b.Keys {
		if err := policy.CheckType(k.Type); err != nil {
			return fmt.Errorf("%w: %w", ErrField, err)
		}
		if i > 0 && b.Keys[i-1].Type >= k.Type {
			return fmt.Errorf("%w: keys are not in ascending order of type", ErrField)
		}
	}
	return nil
}

// VerifyPossession checks the proof of possession of every key, for the member of that name on that
// ledger. The error is [ErrPossession]. It costs some 150 µs a key.
func (b EpochCommit) VerifyPossession(ledgerID [32]byte, name string) error {
	for _, k := range b.Keys {
		context := member.PossessionContext(ledgerID, name, b.Epoch, k.Type)
		if err := member.VerifyPossession(k.Public[:], context, k.Possession[:]); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrPossession, k.Type, err)
		}
	}
	return nil
}
