package entry

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/crosslight/crosslight/protocol/member"
)

// Limits of bodies.
const (
	MaxVersionText = 64  // bytes of a node's version
	MaxReason      = 512 // bytes of a proposal's reason
	MaxEpochKeys   = 64  // OPRF keys in an epoch, one for each indicator type
)

// NodeInfo says where a member's node is reached and what it runs. Signed by the operator key.
type NodeInfo struct {
	Addresses []string `cbor:"1,keyasint"` // 1 to 8 libp2p multiaddrs, 256 bytes each at most
	Version   string   `cbor:"2,keyasint"` // of the program, 1 to 64 printable ASCII bytes
}

// Kind is KindNodeInfo.
func (NodeInfo) Kind() Kind { return KindNodeInfo }

func (b NodeInfo) check() error {
	if err := member.CheckAddresses(b.Addresses); err != nil {
		return fmt.Errorf("%w: %w", ErrField, err)
	}
	if len(b.Version) == 0 || len(b.Version) > MaxVersionText {
		return fmt.Errorf("%w: version text of %d bytes, 1 to %d", ErrField, len(b.Version), MaxVersionText)
	}
	for i := range len(b.Version) {
		if b.Version[i] <= ' ' || b.Version[i] > '~' {
			return fmt.Errorf("%w: version text is not printable ASCII", ErrField)
		}
	}
	return nil
}

// Vote is one seat's vote on an open proposal. Signed by the seat key. A vote stands: it cannot be
// changed.
type Vote struct {
	Proposal Hash `cbor:"1,keyasint"`
	Yes      bool `cbor:"2,keyasint"`
}

// Kind is KindVote.
func (Vote) Kind() Kind { return KindVote }

func (Vote) check() error { return nil }

// WithdrawProposal closes an open proposal without a decision. Signed by the seat key of its proposer.
type WithdrawProposal struct {
	Proposal Hash `cbor:"1,keyasint"`
}

// Kind is KindWithdrawProposal.
func (WithdrawProposal) Kind() Kind { return KindWithdrawProposal }

func (WithdrawProposal) check() error { return nil }

// checkText accepts printable UTF-8 of at most limit bytes, with spaces but without line breaks.
func checkText(s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%w: text of %d bytes, at most %d", ErrField, len(s), limit)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: text is not UTF-8", ErrField)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: text holds a character that does not print", ErrField)
		}
	}
	return nil
}
