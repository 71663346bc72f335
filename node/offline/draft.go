package offline

import (
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxAhead is how many drafts of one seat may wait to be submitted before another.
const MaxAhead = 63

// Draft is what a seat is to sign, with what it needs to decide; or what the root key signs, of a
// member's own keys. Exactly one of Propose, Suspend, Proposal, Rotate, Revoke and Hold is there, as Kind
// has it.
type Draft struct {
	V           uint64                  `cbor:"1,keyasint"`
	LedgerID    [32]byte                `cbor:"2,keyasint"`
	Incarnation uint64                  `cbor:"3,keyasint"`
	Member      string                  `cbor:"4,keyasint"` // who signs
	Key         member.PublicKey        `cbor:"5,keyasint"` // its seat key on the ledger; its root key for Rotate and Revoke
	Seq         uint64                  `cbor:"6,keyasint"` // of the entry, for that key
	Size        uint64                  `cbor:"7,keyasint"` // of the ledger when the draft was written
	Root        [32]byte                `cbor:"8,keyasint"`
	Time        uint64                  `cbor:"9,keyasint"` // ledger time then, Unix seconds
	Kind        entry.Kind              `cbor:"10,keyasint"`
	Propose     *entry.Propose          `cbor:"11,keyasint,omitempty"` // KindPropose
	Suspend     *entry.EmergencySuspend `cbor:"12,keyasint,omitempty"` // KindSuspend
	Proposal    []byte                  `cbor:"13,keyasint,omitempty"` // KindVote, KindWithdrawProposal, a part in an audit: the entry that opened it, verbatim
	Seen        []string                `cbor:"14,keyasint"`           // what the node that wrote the draft says would change; unchecked
	Rotate      *entry.Rotate           `cbor:"15,keyasint,omitempty"` // KindRotate, without what Sign adds
	Old         *member.PublicKey       `cbor:"16,keyasint,omitempty"` // KindRotate: the key that is replaced, zero where there is none
	Revoke      *entry.Revoke           `cbor:"17,keyasint,omitempty"` // KindRevoke
	Part        *Part                   `cbor:"18,keyasint,omitempty"` // KindAuditNonce, KindAuditReveal, KindAuditVerdict
	Hold        *entry.LegalHold        `cbor:"19,keyasint,omitempty"` // KindLegalHold
}

// Role is the role of the key that signs: seat or root.
func (d Draft) Role() member.Role {
	if d.Kind == entry.KindRotate || d.Kind == entry.KindRevoke {
		return member.Root
	}
	return member.Seat
}

// Parse reads a draft that nobody has signed. Errors are [ErrFormat], [ErrChanged] and [ErrSigned].
func Parse(raw []byte) (Draft, error) {
	f, err := parseFile(raw)
	if err != nil {
		return Draft{}, err
	}
	if len(f.Entry) > 0 {
		return Draft{}, ErrSigned
	}
	return parseDraft(f.Draft)
}

func parseDraft(raw []byte) (Draft, error) {
	var d Draft
	if err := wire.Decode(raw, &d, MaxFile); err != nil {
		return d, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := d.check(); err != nil {
		return d, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return d, nil
}

// Bytes returns the file. It refuses a draft that [Parse] would refuse.
func (d Draft) Bytes() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(d)
	if err != nil {
		return nil, err
	}
	return file{Draft: raw}.bytes()
}

// Digest is SHA-256 of the draft: two people who see the same one have the same draft before them.
func (d Draft) Digest() ([32]byte, error) {
	raw, err := wire.Encode(d)
	return sha256.Sum256(raw), err
}

// For refuses a draft that is not for the ledger with that id. The error is [ErrOtherLedger].
func (d Draft) For(ledgerID [32]byte) error {
	if d.LedgerID != ledgerID {
		return fmt.Errorf("%w (the draft's is %x)", ErrOtherLedger, d.LedgerID)
	}
	return nil
}

// check refuses what no node writes.
func (d Draft) check() error {
	if d.V != 1 || d.Incarnation == 0 || d.Seq == 0 || d.Size == 0 {
		return fmt.Errorf("version %d, incarnation %d, sequence number %d, size %d", d.V, d.Incarnation, d.Seq, d.Size)
	}
	if err := member.CheckName(d.Member); err != nil {
		return err
	}
	if err := d.Key.Check(); err != nil {
		return err
	}
	_, err := d.act()
	return err
}

// act is what the draft would do, decoded.
type act struct {
	body     entry.Body     // nil for a vote, which is not decided yet
	content  entry.Proposal // what the proposal is to do; nil for a suspension
	reason   string
	proposal entry.Hash // that is voted on or withdrawn
}

func (d Draft) act() (act, error) {
	if n := count(d.Propose != nil, d.Suspend != nil, len(d.Proposal) > 0, d.Rotate != nil, d.Revoke != nil, d.Hold != nil); n != 1 {
		return act{}, fmt.Errorf("%d acts in one draft", n)
	}
	if (d.Part != nil) != inAudit(d.Kind) {
		return act{}, fmt.Errorf("a draft of kind %s, and a part in an audit or none", d.Kind)
	}
	switch {
	case d.Kind == entry.KindPropose && d.Propose != nil:
		content, err := d.Propose.Decode()
		return act{body: *d.Propose, content: content, reason: d.Propose.Reason}, err
	case d.Kind == entry.KindSuspend && d.Suspend != nil:
		return act{body: *d.Suspend, reason: d.Suspend.Reason}, member.CheckName(d.Suspend.Member)
	case d.Kind == entry.KindVote && len(d.Proposal) > 0:
		return d.actOn()
	case d.Kind == entry.KindWithdrawProposal && len(d.Proposal) > 0:
		a, err := d.actOn()
		a.body = entry.WithdrawProposal{Proposal: a.proposal}
		return a, err
	case d.Kind == entry.KindRotate && d.Rotate != nil:
		return act{body: *d.Rotate}, d.checkRotation()
	case d.Kind == entry.KindRevoke && d.Revoke != nil:
		return act{body: *d.Revoke}, nil
	case inAudit(d.Kind) && len(d.Proposal) > 0:
		return d.actIn()
	case d.Kind == entry.KindLegalHold && d.Hold != nil:
		return act{body: *d.Hold}, member.CheckName(d.Hold.Member)
	}
	return act{}, fmt.Errorf("a draft of kind %s with something else in it", d.Kind)
}

// actOn reads the entry that opened the proposal. Its hash is what a vote names, so it cannot be
// another; whether it stands on the ledger is for the node.
func (d Draft) actOn() (act, error) {
	opened, err := entry.Parse(d.Proposal)
	if err != nil {
		return act{}, err
	}
	body, ok := opened.Body().(entry.Propose)
	if !ok || opened.Envelope().LedgerID != d.LedgerID {
		return act{}, fmt.Errorf("the proposal is a %s, or one of another ledger", opened.Kind())
	}
	content, err := body.Decode()
	return act{content: content, reason: body.Reason, proposal: opened.Hash()}, err
}

func count(is ...bool) (n int) {
	for _, b := range is {
		if b {
			n++
		}
	}
	return n
}
