package ledgertest

import (
	"crypto/sha256"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Recipient is an age recipient whose identity nobody has.
const Recipient = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

// Commit signs the organisation's logs of a day.
func (l *Ledger) Commit(o Org, day uint64, rows ...entry.AuditRow) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewAuditCommit(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), entry.AuditCommit{Day: day, Rows: rows}))
}

// Nonce is the organisation's nonce in a round of an audit, the same in every run.
func (o Org) Nonce(round uint64) draw.Nonce {
	return draw.Nonce{Member: o.Name, Nonce: sha256.Sum256([]byte{byte(round), o.Name[0]})}
}

// CommitNonce signs a commitment to the organisation's nonce of the round that is on.
func (l *Ledger) CommitNonce(o Org, id entry.Hash) entry.Raw {
	l.T.Helper()
	a, _ := l.S.Audit(id)
	b := entry.AuditNonce{Audit: id, Commitment: draw.Commit(l.S.LedgerID(), id, a.Round, o.Nonce(a.Round))}
	return l.made(entry.NewAuditNonce(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), b))
}

// Reveal signs the organisation's nonce of the round that is on.
func (l *Ledger) Reveal(o Org, id entry.Hash) entry.Raw {
	l.T.Helper()
	a, _ := l.S.Audit(id)
	return l.RevealOf(o, entry.AuditReveal{Audit: id, Nonce: o.Nonce(a.Round).Nonce})
}

// RevealOf signs a nonce, whatever it is.
func (l *Ledger) RevealOf(o Org, b entry.AuditReveal) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewAuditReveal(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), b))
}

// Verdict signs the organisation's verdict.
func (l *Ledger) Verdict(o Org, b entry.AuditVerdict) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewAuditVerdict(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), b))
}

// Hold signs the organisation's call for a legal hold or its release.
func (l *Ledger) Hold(o Org, b entry.LegalHold) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewLegalHold(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), b))
}
