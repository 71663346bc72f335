package entry

import "fmt"

// maxNumber bounds heights and sizes as ledger/finality does: 2^48.
const maxNumber = 1 << 48

// Seal is a voter's statement that a checkpoint is final. Two that contradict one another, both on the
// ledger, are proof against the voter. Signed by the log key.
type Seal struct {
	Height uint64   `cbor:"1,keyasint"` // of the checkpoint, 1 to 2^48
	Size   uint64   `cbor:"2,keyasint"` // leaves, 1 to 2^48
	Root   [32]byte `cbor:"3,keyasint"`
}

// Kind is KindSeal.
func (Seal) Kind() Kind { return KindSeal }

func (b Seal) check() error { return checkNumbers(b.Height, b.Size) }

// StateAnchor is a voter's statement of the state hash at a size, so that a snapshot can be checked
// before it is executed. Signed by the log key.
type StateAnchor struct {
	Size  uint64   `cbor:"1,keyasint"` // leaves, 1 to 2^48
	Root  [32]byte `cbor:"2,keyasint"`
	State [32]byte `cbor:"3,keyasint"` // state hash after these leaves
}

// Kind is KindStateAnchor.
func (StateAnchor) Kind() Kind { return KindStateAnchor }

func (b StateAnchor) check() error { return checkNumbers(b.Size) }

func checkNumbers(list ...uint64) error {
	for _, n := range list {
		if n == 0 || n > maxNumber {
			return fmt.Errorf("%w: a number is not within 1 to 2^48", ErrField)
		}
	}
	return nil
}

// NewSeal signs a seal. The key is a voter's log key.
func NewSeal(s Signer, seq uint64, b Seal) (Raw, error) { return s.sign(seq, b) }

// NewStateAnchor signs an anchor. The key is a voter's log key.
func NewStateAnchor(s Signer, seq uint64, b StateAnchor) (Raw, error) { return s.sign(seq, b) }
