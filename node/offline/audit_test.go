package offline

import (
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// opened is a ledger with an audit of what the bank asked the platform, and the entry that proposed it.
func opened(t *testing.T) (*ledgertest.Ledger, []byte, entry.Hash) {
	t.Helper()
	l := ledgertest.New(t, ledgertest.Bank, ledgertest.Hotline, ledgertest.Platform, ledgertest.Police)
	day := l.S.Today()
	log := entry.DayLog{Requests: 1, Elements: 500, Root: [32]byte{1}}
	l.Advance(86_400+state.DayDue, ledgertest.Bank, ledgertest.Hotline, ledgertest.Platform)
	l.Put(l.Commit(ledgertest.Bank, day, entry.AuditRow{Member: ledgertest.Platform.Name, Asked: log}))
	l.Put(l.Commit(ledgertest.Platform, day, entry.AuditRow{Member: ledgertest.Bank.Name, Answered: log}))
	proposal := l.Propose(ledgertest.Police, entry.OpenAudit{
		Querier: ledgertest.Bank.Name, Holder: ledgertest.Platform.Name, First: day, Last: day, Positions: 20,
		Auditors: []entry.Auditor{{Member: ledgertest.Police.Name, Recipient: ledgertest.Recipient}},
	})
	l.Put(proposal)
	id := entry.HashOf(proposal)
	for _, o := range []ledgertest.Org{ledgertest.Hotline, ledgertest.Police, ledgertest.Platform} {
		l.Put(l.Vote(o, id, true))
	}
	if _, ok := l.S.Audit(id); !ok {
		t.Fatal("no audit")
	}
	return l, proposal, id
}

// part is a draft of what an organisation's seat does in an audit.
func part(l *ledgertest.Ledger, o ledgertest.Org, kind entry.Kind, proposal []byte, p Part) Draft {
	return Draft{
		V: 1, LedgerID: l.S.LedgerID(), Incarnation: l.S.Incarnation(), Member: o.Name, Key: o.Keys().Seat, Seq: o.Seq(member.Seat, l.S),
		Size: l.S.Size(), Root: l.S.Root(), Time: l.S.Time(), Kind: kind, Proposal: proposal, Part: &p, Seen: []string{},
	}
}

// TestAuditFarFromTheLedger: both seats draw, one judges and calls for a hold, on machines that keep
// nothing between one draft and the next.
func TestAuditFarFromTheLedger(t *testing.T) {
	l, proposal, id := opened(t)
	orgs := []ledgertest.Org{ledgertest.Hotline, ledgertest.Police}
	for _, o := range orgs {
		l.Put(carry(t, part(l, o, entry.KindAuditNonce, proposal, Part{Round: 1}), seat(o), "").Entry.Raw())
	}
	for _, o := range orgs {
		a, _ := l.S.Audit(id)
		p := Part{Round: a.Round}
		for _, n := range a.Nonces {
			if n.Member == o.Name {
				p.Commitment = n.Commitment
			}
		}
		d := part(l, o, entry.KindAuditReveal, proposal, p)
		if words, err := d.Words(""); err != nil || !strings.Contains(strings.Join(words, "\n"), "from your own node") {
			t.Errorf("%q, %v", words, err)
		}
		l.Put(carry(t, d, seat(o), "").Entry.Raw())
	}
	a, _ := l.S.Audit(id)
	if a.Phase != state.AuditDrawn || len(a.Positions()) != 20 {
		t.Fatalf("phase %s", a.Phase)
	}
	l.Put(carry(t, part(l, ledgertest.Police, entry.KindAuditVerdict, proposal, Part{Outcome: entry.OutcomeFalse, Held: 19}), seat(ledgertest.Police), "").Entry.Raw())
	if a, _ = l.S.Audit(id); a.Phase != state.AuditClosed || a.Verdicts[0].Held != 19 {
		t.Errorf("%+v", a.Verdicts)
	}
	hold := part(l, ledgertest.Police, entry.KindLegalHold, nil, Part{})
	hold.Part, hold.Hold = nil, &entry.LegalHold{Member: ledgertest.Bank.Name, First: 1, Last: 2}
	l.Put(carry(t, hold, seat(ledgertest.Police), "").Entry.Raw())
	if holds := l.S.Holds(); len(holds) != 1 || holds[0].Calls[0] != ledgertest.Police.Name {
		t.Errorf("%+v", holds)
	}
}

// TestSeatNonceIsOneOfARound: another round, audit, member or key has another nonce, so that none that was
// shown serves again; and a reveal of another's commitment is refused before it is signed.
func TestSeatNonceIsOneOfARound(t *testing.T) {
	l, proposal, _ := opened(t)
	commit := func(o ledgertest.Org, round uint64) [32]byte {
		s := carry(t, part(l, o, entry.KindAuditNonce, proposal, Part{Round: round}), seat(o), "")
		return s.Entry.Body().(entry.AuditNonce).Commitment
	}
	first := commit(ledgertest.Hotline, 1)
	if first != commit(ledgertest.Hotline, 1) {
		t.Error("the seat has forgotten its nonce")
	}
	if first == commit(ledgertest.Hotline, 2) || first == commit(ledgertest.Police, 1) {
		t.Error("one nonce twice")
	}
	stolen := part(l, ledgertest.Police, entry.KindAuditReveal, proposal, Part{Round: 1, Commitment: first})
	if _, err := stolen.Sign(seat(ledgertest.Police), ""); !errors.Is(err, ErrNonce) {
		t.Errorf("another's commitment: %v", err)
	}
}

// TestPartsThatNoNodeWrites are refused whoever signs them.
func TestPartsThatNoNodeWrites(t *testing.T) {
	l, proposal, _ := opened(t)
	suspend := l.Propose(ledgertest.Bank, entry.Suspend{Member: ledgertest.Police.Name})
	for name, d := range map[string]Draft{
		"nonce with a verdict": part(l, ledgertest.Police, entry.KindAuditNonce, proposal, Part{Round: 1, Held: 1}),
		"nonce of no round":    part(l, ledgertest.Police, entry.KindAuditNonce, proposal, Part{}),
		"nonce that is told":   part(l, ledgertest.Police, entry.KindAuditNonce, proposal, Part{Round: 1, Nonce: make([]byte, 32)}),
		"another nonce":        part(l, ledgertest.Police, entry.KindAuditReveal, proposal, Part{Round: 1, Nonce: make([]byte, 32)}),
		"short nonce":          part(l, ledgertest.Police, entry.KindAuditReveal, proposal, Part{Round: 1, Nonce: []byte{1}}),
		"verdict of a round":   part(l, ledgertest.Police, entry.KindAuditVerdict, proposal, Part{Outcome: entry.OutcomeTrue, Round: 1}),
		"in another proposal":  part(l, ledgertest.Police, entry.KindAuditVerdict, suspend, Part{Outcome: entry.OutcomeFalse}),
		"a vote with a part":   part(l, ledgertest.Police, entry.KindVote, proposal, Part{}),
		"an audit without part": func() Draft {
			d := part(l, ledgertest.Police, entry.KindAuditNonce, proposal, Part{})
			d.Part = nil
			return d
		}(),
	} {
		if _, err := d.Bytes(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}
