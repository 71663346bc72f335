package entry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Body is the content of an envelope, one type for each [Kind].
type Body interface {
	// Kind is the kind under which the body travels.
	Kind() Kind
	// check refuses what no state of the ledger could make valid: lengths, order, characters.
	check() error
}

// Signed is an envelope whose shape has been checked, with the bytes it came in. Whether its
// signature holds is not known yet: see [Signed.Verify].
type Signed struct {
	envelope Envelope
	body     Body
	raw      Raw
	hash     Hash
}

// Parse reads an envelope and its body strictly: one valid encoding, known version, a kind that this
// version of the ledger serves, every field within its limits. Errors are rejections of this package.
// It keeps a copy of raw.
func Parse(raw []byte) (Signed, error) {
	if v, ok := VersionOf(raw); ok && v > Version && len(raw) <= MaxEnvelope {
		return Signed{}, fmt.Errorf("%w: %d", ErrVersion, v) // its shape is not known here
	}
	var e Envelope
	if err := decode(raw, &e); err != nil {
		return Signed{}, err
	}
	if e.V != Version {
		return Signed{}, fmt.Errorf("%w: %d", ErrVersion, e.V)
	}
	if len(e.Sig) != member.SignatureSize {
		return Signed{}, fmt.Errorf("%w: signature of %d bytes", ErrMalformed, len(e.Sig))
	}
	body, err := parseBody(e.Kind, e.Body)
	if err != nil {
		return Signed{}, err
	}
	return Signed{envelope: e, body: body, raw: slices.Clone(raw), hash: HashOf(raw)}, nil
}

// Envelope returns the decoded envelope. Its slices are shared: do not write to them.
func (s Signed) Envelope() Envelope { return s.envelope }

// Kind returns the kind of the entry.
func (s Signed) Kind() Kind { return s.envelope.Kind }

// Body returns the decoded body: one of the types of this package whose names are [Kind]s.
func (s Signed) Body() Body { return s.body }

// Raw returns the bytes that were parsed: do not write to them.
func (s Signed) Raw() Raw { return s.raw }

// Hash returns the leaf hash, the entry's name and its idempotency key.
func (s Signed) Hash() Hash { return s.hash }

// Verified is an entry whose signature by a given key holds.
type Verified struct{ Signed }

// Verify checks the signature against key. The error is [ErrBadSignature].
func (s Signed) Verify(key member.PublicKey) (Verified, error) {
	part := signedPart(s.raw)
	if s.envelope.SignerKey != key.ID() || key.Verify(entryDomain, part, s.envelope.Sig) != nil {
		return Verified{}, ErrBadSignature
	}
	return Verified{s}, nil
}

func parseBody(kind Kind, b []byte) (Body, error) {
	switch kind {
	case KindNodeInfo:
		return readBody[NodeInfo](b)
	case KindEpochCommit:
		return readBody[EpochCommit](b)
	case KindAffiliate:
		return readBody[Affiliate](b)
	case KindPropose:
		return readBody[Propose](b)
	case KindVote:
		return readBody[Vote](b)
	case KindWithdrawProposal:
		return readBody[WithdrawProposal](b)
	case KindSuspend:
		return readBody[EmergencySuspend](b)
	case KindRecovery:
		return readBody[Recovery](b)
	case KindSeal:
		return readBody[Seal](b)
	case KindStateAnchor:
		return readBody[StateAnchor](b)
	case KindManifestAnchor:
		return readBody[ManifestAnchor](b)
	case KindAck:
		return readBody[Ack](b)
	case KindRotate:
		return readBody[Rotate](b)
	case KindRevoke:
		return readBody[Revoke](b)
	case KindHandOver:
		return readBody[HandOver](b)
	case KindClockAttest:
		return readBody[ClockAttest](b)
	case KindAuditCommit:
		return readBody[AuditCommit](b)
	case KindAuditNonce:
		return readBody[AuditNonce](b)
	case KindAuditReveal:
		return readBody[AuditReveal](b)
	case KindAuditVerdict:
		return readBody[AuditVerdict](b)
	case KindLegalHold:
		return readBody[LegalHold](b)
	}
	if kind.Known() {
		return nil, fmt.Errorf("%w: %s", ErrKindNotServed, kind)
	}
	return nil, fmt.Errorf("%w: %d", ErrKind, uint64(kind))
}

func readBody[T Body](b []byte) (Body, error) {
	var v T
	if err := decode(b, &v); err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	return v, nil
}

// decode is wire.Decode with the ledger's own rejections.
func decode(b []byte, v any) error {
	err := wire.Decode(b, v, MaxEnvelope)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wire.ErrTooLarge):
		return fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(b), MaxEnvelope)
	case errors.Is(err, wire.ErrNotCanonical):
		return ErrNotCanonical
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
