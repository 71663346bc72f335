package ledgertest

import (
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Recovery drafts a recovery from base, a size, with all that stands above it, signed by seats.
func (l *Ledger) Recovery(base int, voters []string, seats ...Org) entry.RecoveryDraft {
	l.T.Helper()
	f := tlog.NewFrontier()
	for _, leaf := range l.Leaves[:base] {
		f.Append(tlog.LeafHash(leaf))
	}
	var tail []entry.Hash
	for _, leaf := range l.Leaves[base:] {
		tail = append(tail, entry.HashOf(leaf))
	}
	d, err := entry.NewRecovery(l.S.LedgerID(), l.S.Incarnation()+1, f, tail, voters)
	must(l.T, err)
	for _, o := range seats {
		d = d.Sign(o.Current(member.Seat, l.S))
	}
	return d
}

// Recover signs the entry of a recovery as o.
func (l *Ledger) Recover(o Org, d entry.RecoveryDraft) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewRecoveryEntry(o.Signer(member.Seat, l.S), o.Seq(member.Seat, l.S), d))
}
