package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// goldenBoard is a history in which a board of four does everything to itself that it can.
func goldenBoard(t testing.TB) *ledgertest.Ledger {
	m := []ledgertest.Org{bank, hotline, platform, police}
	l := ledgertest.New(t, m...)
	l.Pass(entry.Admit{Card: ngo.Card(t), Seat: true}, m[:3]...)
	l.Put(l.Ack(ngo))
	voter := l.Put(l.Propose(bank, entry.SetVoter{Member: ngo.Name, Voter: true})).Hash
	for _, o := range []ledgertest.Org{bank, hotline, platform, ngo} {
		l.Put(l.Vote(o, voter, true))
	}
	l.Pass(entry.Expel{Member: police.Name}, bank, hotline, platform, ngo) // waits
	l.Closed(bank, hotline, platform)                                      // expelled now
	l.Closed(bank, hotline, platform, ngo)
	open := l.Put(l.Propose(ngo, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(ngo, open, true))
	l.Pass(entry.SetSector{Member: ngo.Name, Sector: member.Regulator}, bank, hotline, platform) // drops
	l.Pass(entry.SetSeat{Member: ngo.Name}, bank, hotline, platform)
	l.Pass(entry.SetSeat{Member: ngo.Name, Seat: true}, bank, hotline)
	l.Put(l.Rotate(bank.Private(member.Operator), l.Rotation(bank, member.Seat, bank.Another(member.Seat, 1), bank.Private(member.Seat), bank.Private(member.Root))))
	l.Put(l.Rotate(hotline.Private(member.Operator), l.Rotation(hotline, member.Log, hotline.Another(member.Log, 1), nil, hotline.Private(member.Root)))) // a voter's
	l.Closed(hotline, platform, ngo)
	l.Put(l.Rotate(ngo.Private(member.Operator), l.Rotation(ngo, member.Operator, ngo.Another(member.Operator, 1), ngo.Private(member.Operator), nil))) // waits
	l.Put(l.Rotate(ngo.Private(member.Seat), l.Rotation(ngo, member.Seat, ngo.Another(member.Seat, 1), ngo.Private(member.Seat), nil)))
	l.Put(l.Revoke(ngo.Private(member.Operator), idOf(ngo.Another(member.Seat, 1)))) // stopped
	l.Advance(state.RotationWait, bank, hotline, platform)                           // in force
	l.Put(l.Revoke(ngo.Private(member.Root), ngo.Keys().Seat.ID()))
	l.Pass(entry.RevokeKey{Key: ngo.Keys().Root.ID()}, hotline, platform, bank)
	l.Put(l.Seal(platform, entry.Seal{Height: 1, Size: 3, Root: [32]byte{3}}))
	l.Put(l.Seal(platform, entry.Seal{Height: 2, Size: 2, Root: [32]byte{2}})) // contradicts
	anchor := entry.StateAnchor{Size: l.S.Size(), Root: l.S.Root(), State: l.S.Hash()}
	l.Put(l.Anchor(bank, anchor))
	l.Put(l.Anchor(platform, anchor))
	l.Put(l.Anchor(ngo, anchor)) // anchored
	next := entry.DefaultThresholds()
	next.Sectors = 3
	l.Pass(entry.SetThresholds{Thresholds: next}, hotline, platform, bank)
	l.Put(l.Recover(hotline, l.Recovery(int(l.S.Size())-2, []string{bank.Name, hotline.Name}, hotline, platform, bank)))
	l.Pass(entry.SetUpgrade{Version: 2}, hotline, platform, bank)
	return l
}

// boardRefusals are refused by a fresh ledger of three founders.
func boardRefusals() []refusal {
	log := func(kind entry.Kind, body any) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte { return l.Forge(platform.Private(member.Log), kind, body, nil) }
	}
	operator := func(kind entry.Kind, body any) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte { return l.Forge(platform.Private(member.Operator), kind, body, nil) }
	}
	three := entry.DefaultThresholds()
	three.Sectors = 4
	key := member.PublicOf(bank.Another(member.Seat, 1))
	return []refusal{
		{"expel a stranger", entry.ErrUnknownMember, proposal(entry.Expel{Member: "Nobody"})},
		{"expel one of three voters", entry.ErrTooFewVoters, proposal(entry.Expel{Member: bank.Name})},
		{"end the raft vote of one of three", entry.ErrTooFewVoters, proposal(entry.SetVoter{Member: bank.Name})},
		{"make a voter a voter", entry.ErrNoChange, proposal(entry.SetVoter{Member: bank.Name, Voter: true})},
		{"make a stranger a voter", entry.ErrUnknownMember, proposal(entry.SetVoter{Member: "Nobody", Voter: true})},
		{"a seat for a stranger", entry.ErrUnknownMember, proposal(entry.SetSeat{Member: "Nobody", Seat: true})},
		{"a second seat", entry.ErrNoChange, proposal(entry.SetSeat{Member: bank.Name, Seat: true})},
		{"a sector for a stranger", entry.ErrUnknownMember, proposal(entry.SetSector{Member: "Nobody", Sector: member.NGO})},
		{"the sector that it is of", entry.ErrNoChange, proposal(entry.SetSector{Member: bank.Name, Sector: bank.Sector})},
		{"a sector with two of three voters", entry.ErrSectorMajority, proposal(entry.SetSector{Member: bank.Name, Sector: platform.Sector})},
		{"a sector that is none", entry.ErrField, forged(entry.KindPropose, propose(entry.ProposeSector, entry.SetSector{Member: bank.Name, Sector: "press"}), nil)},
		{"the thresholds in force", entry.ErrNoChange, proposal(entry.SetThresholds{Thresholds: entry.DefaultThresholds()})},
		{"yes from more sectors than there are", entry.ErrTooFewSectors, proposal(entry.SetThresholds{Thresholds: three})},
		{"thresholds under which a minority decides", entry.ErrField, forged(entry.KindPropose, propose(entry.ProposeThresholds, entry.SetThresholds{}), nil)},
		{"revoke a key that is none", entry.ErrNoSuchKey, proposal(entry.RevokeKey{})},
		{"revoke the log key of one of three voters", entry.ErrTooFewVoters, proposal(entry.RevokeKey{Key: bank.Keys().Log.ID()})},
		{"upgrade past the next version", entry.ErrUpgrade, proposal(entry.SetUpgrade{Version: 3})},
		{"upgrade to the first version", entry.ErrField, forged(entry.KindPropose, propose(entry.ProposeUpgrade, entry.SetUpgrade{Version: 1}), nil)},
		{"version 2 of another shape", entry.ErrVersion, func(*ledgertest.Ledger) []byte { return []byte{0xa1, 0x01, 0x02} }},
		{"rotate a role that is none", entry.ErrField, operator(entry.KindRotate, entry.Rotate{Role: "janitor", New: key, ByNew: make([]byte, 64)})},
		{"rotate to a key of small order", entry.ErrField, operator(entry.KindRotate, entry.Rotate{Role: "seat", New: member.PublicKey{1}, ByNew: make([]byte, 64)})},
		{"rotate without a signature", entry.ErrField, operator(entry.KindRotate, entry.Rotate{Role: "seat", New: key})},
		{"rotate with a signature of zeros", entry.ErrRotation, operator(entry.KindRotate, entry.Rotate{Role: "seat", New: key, ByNew: make([]byte, 64)})},
		{"rotate by a log key", entry.ErrWrongRole, log(entry.KindRotate, entry.Rotate{Role: "seat", New: key, ByNew: make([]byte, 64)})},
		{"revoke by an operator key", entry.ErrWrongRole, operator(entry.KindRevoke, entry.Revoke{Key: platform.Keys().Seat.ID()})},
		{"revoke another's key", entry.ErrNoSuchKey, operator(entry.KindRevoke, entry.Revoke{Key: bank.Keys().Seat.ID()})},
		{"revoke a key that one votes with", entry.ErrVoterKey, func(l *ledgertest.Ledger) []byte {
			return l.Revoke(platform.Private(member.Root), platform.Keys().Log.ID())
		}},
		{"hand over what is not due", entry.ErrNoHandOver, func(l *ledgertest.Ledger) []byte {
			return l.HandOverBy(platform, l.Certificate(1, l.S.Root(), platform, bank))
		}},
		{"hand over without a certificate", entry.ErrCertificate, operator(entry.KindHandOver, entry.HandOver{})},
		{"a founder acknowledges", entry.ErrNoChange, operator(entry.KindAck, entry.Ack{Size: 1})},
		{"acknowledge nothing", entry.ErrField, operator(entry.KindAck, entry.Ack{})},
		{"seal what is not there", entry.ErrAhead, log(entry.KindSeal, entry.Seal{Height: 1, Size: 2})},
		{"seal height 0", entry.ErrField, log(entry.KindSeal, entry.Seal{Size: 1})},
		{"seal by an operator key", entry.ErrWrongRole, operator(entry.KindSeal, entry.Seal{Height: 1, Size: 1})},
		{"anchor what is not there", entry.ErrAhead, log(entry.KindStateAnchor, entry.StateAnchor{Size: 2})},
		{"anchor beyond 2^48", entry.ErrField, log(entry.KindStateAnchor, entry.StateAnchor{Size: 1<<48 + 1})},
		{"recover with one seat of three", entry.ErrRecoveryVotes, func(l *ledgertest.Ledger) []byte {
			return l.Recover(platform, l.Recovery(1, []string{bank.Name, platform.Name}, platform))
		}},
		{"recover with one voter", entry.ErrSectorMajority, func(l *ledgertest.Ledger) []byte {
			return l.Recover(platform, l.Recovery(1, []string{platform.Name}, platform, bank, police))
		}},
		{"recover another ledger's end", entry.ErrBase, func(l *ledgertest.Ledger) []byte {
			d, err := entry.NewRecovery(l.S.LedgerID(), 2, otherTree(), nil, []string{bank.Name, platform.Name})
			if err != nil {
				l.T.Fatal(err)
			}
			return l.Recover(platform, d.Sign(platform.Private(member.Seat)))
		}},
		{"an audit as an entry", entry.ErrKindNotServed, operator(entry.KindAuditOpen, entry.Ack{Size: 1})},
		{"an upgrade as an entry", entry.ErrKindNotServed, operator(entry.KindUpgrade, entry.Ack{Size: 1})},
	}
}

func otherTree() tlog.Frontier {
	f := tlog.NewFrontier()
	f.Append(tlog.LeafHash([]byte("another genesis")))
	return f
}

func makeBoardVectors(t *testing.T) ledgerVectors {
	l := goldenBoard(t)
	v := historyVectors(t, l, "crosslight/ledger/v1: a history in which a board changes itself, leaf by leaf with the tree root and state hash after each, and entries that it refuses.")
	old := func(key member.Role, kind entry.Kind, body any, incarnation uint64) []byte {
		return l.Forge(bank.Private(key), kind, body, func(e *entry.Envelope) { e.Incarnation = incarnation })
	}
	v.refuse(t, l, "a vote by a key that was replaced", old(member.Seat, entry.KindVote, entry.Vote{}, 2), entry.ErrRevokedKey)
	v.refuse(t, l, "an entry of the incarnation that ended", old(member.Operator, entry.KindNodeInfo, info(), 1), entry.ErrWrongIncarnation)
	v.refuse(t, l, "a vote of an expelled member", l.Vote(police, entry.Hash{}, true), entry.ErrRevokedKey)
	v.refuse(t, l, "a vote by a key that was revoked", l.Forge(ngo.Private(member.Seat), entry.KindVote, entry.Vote{}, nil), entry.ErrRevokedKey)
	v.refuse(t, l, "a vote by a key whose rotation was stopped", l.Forge(ngo.Another(member.Seat, 1), entry.KindVote, entry.Vote{}, nil), entry.ErrRevokedKey)
	v.refuse(t, l, "an expelled member again", l.Propose(hotline, entry.Admit{Card: police.Card(t)}), entry.ErrMemberExists)
	v.refuse(t, l, "a key that was replaced, again", l.Rotate(bank.Private(member.Operator),
		l.Rotation(bank, member.Seat, bank.Private(member.Seat), bank.Another(member.Seat, 1), bank.Private(member.Root))), entry.ErrKeyExists)
	v.refuse(t, l, "one voter fewer after a recovery", l.Propose(hotline, entry.SetVoter{Member: bank.Name}), entry.ErrTooFewVoters)
	v.refuse(t, l, "a recovery by one seat", l.Recover(hotline, l.Recovery(int(l.S.Size())-1, []string{bank.Name, hotline.Name}, hotline)), entry.ErrRecoveryVotes)
	p := policy.Default()
	p.Version, p.Rules[0].FromMembers = 2, []string{police.Name}
	v.refuse(t, l, "a policy that names an expelled member", l.Propose(hotline, entry.SetPolicy{Policy: p}), entry.ErrUnknownMember)
	v.refuse(t, l, "an expulsion of one seat too many", l.Propose(bank, entry.Expel{Member: platform.Name}), entry.ErrTooFewSectors)
	l.Pass(entry.SetVoter{Member: platform.Name, Voter: true}, hotline, platform, bank)
	l.Pass(entry.Suspend{Member: platform.Name}, hotline, platform, bank)
	v.refuse(t, l, "an epoch of a suspended member", l.Epoch(platform, 0, "email"), entry.ErrSuspended)
	v.refuse(t, l, "a call by a suspended seat", l.Emergency(platform, bank.Name), entry.ErrSuspended)
	v.Leaves = historyVectors(t, l, "").Leaves // with these
	open, _ := l.S.HandOver()
	v.refuse(t, l, "a voter's rotation before the hand-over", l.Rotate(hotline.Private(member.Operator),
		l.Rotation(hotline, member.Cosigner, hotline.Another(member.Cosigner, 1), nil, hotline.Private(member.Root))), entry.ErrHandOverOpen)
	v.refuse(t, l, "a certificate of too few voters", l.HandOverBy(bank, l.Certify(statementOf(l, open), bank)), entry.ErrCertificate)
	return v
}

func statementOf(l *ledgertest.Ledger, open state.HandOver) finality.Statement {
	return finality.Statement{
		Ledger: l.S.LedgerID(), Incarnation: l.S.Incarnation(), Kind: finality.Lock, Height: 1, Round: 1,
		Value: finality.Value{Size: open.Size, Root: open.Root},
	}
}
