package ledgertest

import (
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// Certificate is a certificate of locks of height 1, round 1 over (size, root), signed by voters.
func (l *Ledger) Certificate(size uint64, root [32]byte, voters ...Org) finality.Certificate {
	l.T.Helper()
	return l.Certify(finality.Statement{
		Ledger: l.S.LedgerID(), Incarnation: l.S.Incarnation(), Kind: finality.Lock, Height: 1, Round: 1,
		Value: finality.Value{Size: size, Root: root},
	}, voters...)
}

// Certify signs a statement with the log keys of voters, whether or not they may.
func (l *Ledger) Certify(st finality.Statement, voters ...Org) finality.Certificate {
	l.T.Helper()
	c := finality.Certificate{Statement: st}
	for _, o := range voters {
		key := o.Private(member.Log)
		c.Votes = append(c.Votes, finality.Vote{
			Signer: member.PublicOf(key).ID(),
			Sig:    [member.SignatureSize]byte(member.Sign(key, finality.Domain, st.Bytes())),
		})
	}
	slices.SortFunc(c.Votes, func(a, b finality.Vote) int { return slices.Compare(a.Signer[:], b.Signer[:]) })
	return c
}

// HandOver signs, as o, the hand-over that is open, with the locks of voters.
func (l *Ledger) HandOver(o Org, voters ...Org) entry.Raw {
	l.T.Helper()
	open, _ := l.S.HandOver()
	return l.HandOverBy(o, l.Certificate(open.Size, open.Root, voters...))
}

// HandOverBy signs, as o, a hand-over with a certificate, whatever it holds.
func (l *Ledger) HandOverBy(o Org, c finality.Certificate) entry.Raw {
	l.T.Helper()
	return l.made(entry.NewHandOver(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), c))
}

// Closed hands over to the newest voters with the locks of voters, and returns what that did.
func (l *Ledger) Closed(voters ...Org) state.Outcome {
	l.T.Helper()
	return l.Put(l.HandOver(voters[0], voters...))
}
