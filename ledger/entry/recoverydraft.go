package entry

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// ErrOtherRecovery reports two drafts that do not recover the same.
var ErrOtherRecovery = errors.New("these files are drafts of different recoveries: all seats must sign one and the same draft")

// RecoveryDraft is a recovery that seats are still signing, each on its own machine; it travels as a
// file, which is the body of the entry. Every signature that it carries verifies.
type RecoveryDraft struct {
	statement RecoveryStatement
	body      Recovery
}

// NewRecovery drafts a recovery of a ledger: base is the tree of what was final, incarnation the one that
// begins. Voters may come in any order. The error is [ErrField].
func NewRecovery(ledgerID [32]byte, incarnation uint64, base tlog.Frontier, tail []Hash, voters []string) (RecoveryDraft, error) {
	st := RecoveryStatement{
		V: Version, LedgerID: ledgerID, Incarnation: incarnation, Size: base.Size(), Root: base.Root(),
		Frontier: base.Hashes(), Tail: slices.Clone(tail), Voters: slices.Sorted(slices.Values(voters)),
	}
	b, err := encodeStatement(st)
	return RecoveryDraft{statement: st, body: Recovery{Statement: b}}, err
}

// ParseRecoveryDraft reads a draft. A signature that does not verify is [ErrRecoverySignature].
func ParseRecoveryDraft(raw []byte) (RecoveryDraft, error) {
	var d RecoveryDraft
	if err := decode(raw, &d.body); err != nil {
		return RecoveryDraft{}, err
	}
	if err := d.body.check(); err != nil {
		return RecoveryDraft{}, err
	}
	st, err := d.body.Decode()
	if err != nil {
		return RecoveryDraft{}, err
	}
	for _, sig := range d.body.Signatures {
		if err := d.body.Verify(sig); err != nil {
			return RecoveryDraft{}, err
		}
	}
	d.statement = st
	return d, nil
}

// Statement returns what is signed. Its slices are shared: do not write to them.
func (d RecoveryDraft) Statement() RecoveryStatement { return d.statement }

// Body is the entry's body as it stands. Its slices are shared: do not write to them.
func (d RecoveryDraft) Body() Recovery { return d.body }

// Digest is SHA-256 of what seats sign, 32 bytes: what they compare with one another, over another
// channel, before they do.
func (d RecoveryDraft) Digest() [32]byte { return sha256.Sum256(d.body.Statement) }

// Bytes returns the file.
func (d RecoveryDraft) Bytes() ([]byte, error) { return wire.Encode(d.body) }

// Sign adds a seat's signature. Whoever holds the key makes sure that it signs one recovery an
// incarnation: two are proof against it ([Twice]).
func (d RecoveryDraft) Sign(seat ed25519.PrivateKey) RecoveryDraft {
	sig := RecoverySignature{
		Key: member.PublicOf(seat),
		Sig: [member.SignatureSize]byte(member.Sign(seat, recoveryDomain, d.body.Statement)),
	}
	return d.with(sig)
}

func (d RecoveryDraft) with(sigs ...RecoverySignature) RecoveryDraft {
	all := append(slices.Clone(d.body.Signatures), sigs...)
	slices.SortStableFunc(all, func(a, b RecoverySignature) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	d.body.Signatures = slices.CompactFunc(all, func(a, b RecoverySignature) bool { return a.Key == b.Key })
	return d
}

// MergeRecoveries puts the signatures of drafts of one recovery together. The error is
// [ErrOtherRecovery].
func MergeRecoveries(first RecoveryDraft, others ...RecoveryDraft) (RecoveryDraft, error) {
	for _, o := range others {
		if !bytes.Equal(o.body.Statement, first.body.Statement) {
			return RecoveryDraft{}, ErrOtherRecovery
		}
		first = first.with(o.body.Signatures...)
	}
	return first, nil
}

// Signers lists the keys that have signed, in ascending order.
func (d RecoveryDraft) Signers() []member.PublicKey {
	var out []member.PublicKey
	for _, sig := range d.body.Signatures {
		out = append(out, sig.Key)
	}
	return out
}

// NewRecoveryEntry signs the entry of a recovery. The key is a seat key, and the signer's incarnation the
// one that ends.
func NewRecoveryEntry(s Signer, seq uint64, d RecoveryDraft) (Raw, error) { return s.sign(seq, d.body) }
