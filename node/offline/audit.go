package offline

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
)

// ErrNonce reports a reveal of which neither the draft nor the seat's key has the nonce.
var ErrNonce = errors.New("the nonce that was committed to is not this key's: it is in the node that committed to it, or was drawn by a key that has been replaced; the seat draws no more in this audit")

// Part is what a seat does in an audit, beside the entry that opened it, which travels in Draft.Proposal.
type Part struct {
	Round      uint64        `cbor:"1,keyasint"` // nonce, reveal: of nonces
	Commitment [32]byte      `cbor:"2,keyasint"` // reveal: as it stands; nonce: zero until it is signed
	Nonce      []byte        `cbor:"3,keyasint"` // reveal: where the node has drawn it, 32 bytes, else empty until it is signed
	Outcome    entry.Outcome `cbor:"4,keyasint"` // verdict, else 0
	Held       uint64        `cbor:"5,keyasint"` // verdict, else 0
}

// inAudit says whether a kind is a seat's part in an audit.
func inAudit(k entry.Kind) bool {
	return k == entry.KindAuditNonce || k == entry.KindAuditReveal || k == entry.KindAuditVerdict
}

// actIn reads a part in the audit that Proposal opened. Its hash is the audit's id, so that the words
// cannot be about another one.
func (d Draft) actIn() (act, error) {
	a, err := d.actOn()
	if err != nil {
		return a, err
	}
	if _, ok := a.content.(entry.OpenAudit); !ok {
		return a, fmt.Errorf("%s in what is no audit", d.Kind)
	}
	p := *d.Part
	verdict := p.Outcome != 0 || p.Held != 0
	switch d.Kind {
	case entry.KindAuditNonce:
		if verdict || len(p.Nonce) > 0 || p.Round == 0 {
			return a, errors.New("a commitment with something else in it")
		}
		a.body = entry.AuditNonce{Audit: a.proposal, Commitment: p.Commitment}
	case entry.KindAuditReveal:
		if verdict || p.Round == 0 || len(p.Nonce) != 0 && !d.answers([32]byte(fill(p.Nonce)), a.proposal) {
			return a, errors.New("a reveal of another nonce, or with something else in it")
		}
		a.body = entry.AuditReveal{Audit: a.proposal, Nonce: [32]byte(fill(p.Nonce))}
	default:
		if p.Round != 0 || len(p.Nonce) > 0 || p.Commitment != [32]byte{} {
			return a, errors.New("a verdict with something else in it")
		}
		a.body = entry.AuditVerdict{Audit: a.proposal, Outcome: p.Outcome, Held: p.Held}
	}
	return a, nil
}

// fill makes 32 bytes of a nonce that is there, and zeros of one that is not, or of another length.
func fill(nonce []byte) []byte {
	if len(nonce) != 32 {
		return make([]byte, 32)
	}
	return nonce
}

// answers says whether a nonce is the one that was committed to.
func (d Draft) answers(nonce [32]byte, audit entry.Hash) bool {
	return draw.Commit(d.LedgerID, audit, d.Part.Round, draw.Nonce{Member: d.Member, Nonce: nonce}) == d.Part.Commitment
}

// bySeat adds what the seat's key alone knows: the commitment to the nonce that it draws, or that nonce.
// The error is [ErrNonce].
func (d *Draft) bySeat(seat ed25519.PrivateKey) error {
	a, err := d.act()
	if err != nil {
		return err
	}
	next := *d.Part
	nonce := draw.SeatNonce(seat, d.LedgerID, a.proposal, next.Round, d.Member)
	switch {
	case d.Kind == entry.KindAuditNonce:
		next.Commitment = draw.Commit(d.LedgerID, a.proposal, next.Round, nonce)
	case d.Kind == entry.KindAuditReveal && len(next.Nonce) == 0:
		if !d.answers(nonce.Nonce, a.proposal) {
			return ErrNonce
		}
		next.Nonce = bytes.Clone(nonce.Nonce[:])
	}
	d.Part = &next
	return nil
}

// partHeadline says what a seat's part in an audit is.
func (d Draft) partHeadline(a act) string {
	in := fmt.Sprintf("the audit %s: to %s", a.proposal, entry.Phrase(a.content))
	switch d.Kind {
	case entry.KindAuditNonce:
		return fmt.Sprintf("%s commits to a nonce, drawn by this key, for round %d of %s.", d.Member, d.Part.Round, in)
	case entry.KindAuditReveal:
		return fmt.Sprintf("%s reveals its nonce for round %d of %s.", d.Member, d.Part.Round, in)
	}
	return fmt.Sprintf("%s gives the verdict %s, %d openings hold, in %s.", d.Member, d.Part.Outcome, d.Part.Held, in)
}

// revealWarning is shown with every reveal: only a node that sees both commitments final can know that
// it is time, and this machine sees none.
const revealWarning = "Sign this only if the draft comes from your own node: a nonce that is revealed before both commitments are final lets the other seat choose what is drawn."

// holdHeadline says what a call for a legal hold does.
func (d Draft) holdHeadline() string {
	what := "a legal hold on"
	if d.Hold.Release {
		what = "the release of the legal hold on"
	}
	return fmt.Sprintf("%s calls for %s what %s asked from %s to %s.", d.Member, what, d.Hold.Member, entry.Day(d.Hold.First), entry.Day(d.Hold.Last))
}
