package entry

// EmergencySuspend is one seat's call to suspend a member at once, before the board has voted. Two
// calls by seats of different sectors act. Signed by the seat key.
type EmergencySuspend struct {
	Member string `cbor:"1,keyasint"`
	Reason string `cbor:"2,keyasint"` // for the board, at most 512 bytes of printable UTF-8
}

// Kind is KindSuspend.
func (EmergencySuspend) Kind() Kind { return KindSuspend }

func (b EmergencySuspend) check() error {
	if err := checkMemberName(b.Member); err != nil {
		return err
	}
	return checkText(b.Reason, MaxReason)
}

// NewEmergencySuspend signs a call to suspend a member. The key is the seat key.
func NewEmergencySuspend(s Signer, seq uint64, name, reason string) (Raw, error) {
	return s.sign(seq, EmergencySuspend{Member: name, Reason: reason})
}
