package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
)

// TestHandOver: one change of the voters at a time. The set of before ends it with a certificate over
// exactly the size at which it was replaced, and what was decided meanwhile happens then, in order.
func TestHandOver(t *testing.T) {
	l, m := six(t)
	before := l.S.FinalityVoters()
	l.Pass(entry.Admit{Card: ngo.Card(t)}, m[:4]...)
	l.Put(l.Ack(ngo))
	refuses(t, l, l.HandOverBy(m[0], l.Certificate(l.S.Size(), l.S.Root(), m[:4]...)), entry.ErrNoHandOver)

	first := l.Pass(entry.SetVoter{Member: ngo.Name, Voter: true}, m[:4]...)
	proposalState(t, l, first, state.Accepted)
	open, ok := l.S.HandOver()
	if !ok || open.Size != l.S.Size() || open.Root != l.S.Root() || !open.Voters.Equal(before) {
		t.Fatalf("hand-over %+v at size %d", open, l.S.Size())
	}
	if now := l.S.FinalityVoters(); now.N() != 7 || now.Equal(before) {
		t.Errorf("%d voters", now.N())
	}
	second, third := l.Pass(entry.SetVoter{Member: "M5"}, m[:4]...), l.Pass(entry.Expel{Member: "M4"}, m[:4]...)
	gone := l.Pass(entry.Suspend{Member: "M3"}, m[:4]...) // no change of the voters: it waits for nothing
	proposalState(t, l, second, state.Open)
	proposalState(t, l, third, state.Open)
	proposalState(t, l, gone, state.Accepted)

	has(t, l.Closed(m[:4]...).Events, state.HandedOver, state.ProposalAccepted, state.VotersChanged)
	proposalState(t, l, second, state.Accepted)
	proposalState(t, l, third, state.Open)
	l.Closed(m[0], m[1], m[2], m[3], ngo) // of the seven; M5 still could
	proposalState(t, l, third, state.Accepted)
	l.Closed(m[0], m[1], m[2], ngo) // the six without M5
	if _, open := l.S.HandOver(); open || l.S.FinalityVoters().N() != 5 {
		t.Errorf("%d voters", l.S.FinalityVoters().N())
	}
}

// TestHandOverRefused: what does not show that the old voters ended where they were replaced.
func TestHandOverRefused(t *testing.T) {
	l, m := six(t)
	l.Pass(entry.SetVoter{Member: "M5"}, m[:4]...)
	open, _ := l.S.HandOver()
	good := finality.Statement{
		Ledger: l.S.LedgerID(), Incarnation: 1, Kind: finality.Lock, Height: 7, Round: 3,
		Value: finality.Value{Size: open.Size, Root: open.Root},
	}
	for name, c := range map[string]finality.Certificate{
		"echoes":              l.Certify(with(good, func(s *finality.Statement) { s.Kind = finality.Echo }), m[:4]...),
		"another ledger":      l.Certify(with(good, func(s *finality.Statement) { s.Ledger[0] ^= 1 }), m[:4]...),
		"another incarnation": l.Certify(with(good, func(s *finality.Statement) { s.Incarnation = 2 }), m[:4]...),
		"a smaller size":      l.Certify(with(good, func(s *finality.Statement) { s.Value.Size-- }), m[:4]...),
		"a larger size":       l.Certify(with(good, func(s *finality.Statement) { s.Value.Size++ }), m[:4]...),
		"another root":        l.Certify(with(good, func(s *finality.Statement) { s.Value.Root[0] ^= 1 }), m[:4]...),
		"too few":             l.Certify(good, m[:3]...),
		"all instead of q":    l.Certify(good, m...),
		"a stranger":          l.Certify(good, m[0], m[1], m[2], ngo),
		"a flipped signature": func() finality.Certificate {
			c := l.Certify(good, m[:4]...)
			c.Votes[2].Sig[0] ^= 1
			return c
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, l, l.HandOverBy(m[0], c), entry.ErrCertificate)
			if entry.RejectionOf(l.S.CheckHandOver(c)) != entry.ErrCertificate {
				t.Error("the check before signing lets it through")
			}
		})
	}
	refuses(t, l, l.Forge(m[0].Private("operator"), entry.KindHandOver, entry.HandOver{Certificate: []byte("x")}, nil), entry.ErrCertificate)
	refuses(t, l, l.Forge(m[0].Private("seat"), entry.KindHandOver, entry.HandOver{Certificate: l.Certify(good, m[:4]...).Bytes()}, nil), entry.ErrWrongRole)
	l.Put(l.HandOverBy(m[3], l.Certify(good, m[:4]...))) // any member's node
	refuses(t, l, l.HandOverBy(m[0], l.Certify(good, m[:4]...)), entry.ErrNoHandOver)
}

func with(s finality.Statement, change func(*finality.Statement)) finality.Statement {
	change(&s)
	return s
}

// TestExpulsionOutlivesHandOver: a voter cannot put its own expulsion off by what keeps a hand-over open.
func TestExpulsionOutlivesHandOver(t *testing.T) {
	l, m := six(t)
	l.Pass(entry.SetVoter{Member: "M0"}, m[:4]...)
	id := l.Pass(entry.Expel{Member: "M5"}, m[:4]...)
	proposalState(t, l, id, state.Open)
	if tally, _ := l.S.Tally(id); tally.Needs == "" {
		t.Error("nothing says what it waits for")
	}
	has(t, l.Closed(m[:4]...).Events, state.HandedOver, state.ProposalAccepted, state.MemberExpelled, state.VotersChanged)
}
