package entry

import "fmt"

// Ack says that a new member's node has executed the ledger up to the entry that admitted it, and found
// this root: that it was led to the same history as those who admitted it. Signed by the operator key.
type Ack struct {
	Size uint64   `cbor:"1,keyasint"` // one more than the index of the entry that admitted the member
	Root [32]byte `cbor:"2,keyasint"` // of the tree of that size
}

// Kind is KindAck.
func (Ack) Kind() Kind { return KindAck }

func (b Ack) check() error {
	if b.Size == 0 {
		return fmt.Errorf("%w: a tree of no leaves", ErrField)
	}
	return nil
}

// NewAck signs an acknowledgement. The key is the operator key.
func NewAck(s Signer, seq, size uint64, root [32]byte) (Raw, error) {
	return s.sign(seq, Ack{Size: size, Root: root})
}
