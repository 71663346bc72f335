package state_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
)

type refusal struct {
	name  string
	want  *entry.Rejection
	build func(l *ledgertest.Ledger) []byte
}

// Some names that tables below are clearer with.
var (
	platform, bank, police = ledgertest.Platform, ledgertest.Bank, ledgertest.Police
	hotline, second        = ledgertest.Hotline, ledgertest.Second
)

func info() entry.NodeInfo {
	return entry.NodeInfo{Addresses: []string{"/ip4/192.0.2.1/tcp/1"}, Version: "1.0.0"}
}

func forged(kind entry.Kind, body any, mutate func(*entry.Envelope)) func(*ledgertest.Ledger) []byte {
	return func(l *ledgertest.Ledger) []byte {
		role := member.Seat
		if kind == entry.KindNodeInfo || kind == entry.KindEpochCommit || kind == entry.KindClockAttest {
			role = member.Operator
		}
		return l.Forge(platform.Private(role), kind, body, mutate)
	}
}

func proposal(p entry.Proposal) func(*ledgertest.Ledger) []byte {
	return func(l *ledgertest.Ledger) []byte { return l.Propose(platform, p) }
}

func envelopeRefusals() []refusal {
	node := func(m func(*entry.Envelope)) func(*ledgertest.Ledger) []byte {
		return forged(entry.KindNodeInfo, info(), m)
	}
	return []refusal{
		{"empty", entry.ErrMalformed, func(*ledgertest.Ledger) []byte { return nil }},
		{"not CBOR", entry.ErrMalformed, func(*ledgertest.Ledger) []byte { return []byte("hello") }},
		{"the genesis again", entry.ErrMalformed, func(l *ledgertest.Ledger) []byte { return l.Leaves[0] }},
		{"truncated", entry.ErrMalformed, func(l *ledgertest.Ledger) []byte { b := node(nil)(l); return b[:len(b)-1] }},
		{"trailing byte", entry.ErrMalformed, func(l *ledgertest.Ledger) []byte { return append(node(nil)(l), 0) }},
		{"too large", entry.ErrTooLarge, func(*ledgertest.Ledger) []byte { return make([]byte, entry.MaxEnvelope+1) }},
		{"version 0", entry.ErrVersion, node(func(e *entry.Envelope) { e.V = 0 })},
		{"version 2", entry.ErrVersion, node(func(e *entry.Envelope) { e.V = 2 })},
		{"kind 0", entry.ErrKind, node(func(e *entry.Envelope) { e.Kind = 0 })},
		{"kind 99", entry.ErrKind, node(func(e *entry.Envelope) { e.Kind = 99 })},
		{"a kind of a later version", entry.ErrKindNotServed, node(func(e *entry.Envelope) { e.Kind = entry.KindAuditOpen })},
		{"an enveloped genesis", entry.ErrKindNotServed, node(func(e *entry.Envelope) { e.Kind = entry.KindGenesis })},
		{"another ledger", entry.ErrWrongLedger, node(func(e *entry.Envelope) { e.LedgerID[0] ^= 1 })},
		{"incarnation 0", entry.ErrWrongIncarnation, node(func(e *entry.Envelope) { e.Incarnation = 0 })},
		{"incarnation 2", entry.ErrWrongIncarnation, node(func(e *entry.Envelope) { e.Incarnation = 2 })},
		{"sequence 0", entry.ErrReplayed, node(func(e *entry.Envelope) { e.Seq = 0 })},
		{"sequence skips", entry.ErrSequenceGap, node(func(e *entry.Envelope) { e.Seq = 2 })},
		{"sequence at the end of the world", entry.ErrSequenceGap, node(func(e *entry.Envelope) { e.Seq = 1<<64 - 1 })},
		{"stranger's key", entry.ErrUnknownKey, func(l *ledgertest.Ledger) []byte {
			return l.Forge(hotline.Private(member.Operator), entry.KindNodeInfo, info(), nil)
		}},
		{"another member's key id", entry.ErrBadSignature, node(func(e *entry.Envelope) { e.SignerKey = bank.Keys().Operator.ID() })},
		{"seat key on a node info", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Seat), entry.KindNodeInfo, info(), nil)
		}},
		{"operator key on a vote", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Operator), entry.KindVote, entry.Vote{}, nil)
		}},
		{"node key on a vote", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Node), entry.KindVote, entry.Vote{}, nil)
		}},
		{"flipped signature", entry.ErrBadSignature, func(l *ledgertest.Ledger) []byte {
			b := node(nil)(l)
			b[len(b)-1] ^= 1
			return b
		}},
		{"body under another body's signature", entry.ErrBadSignature, func(l *ledgertest.Ledger) []byte {
			return bytes.Replace(node(nil)(l), []byte("192.0.2.1"), []byte("192.0.2.2"), 1)
		}},
		{"body of another kind", entry.ErrMalformed, forged(entry.KindVote, info(), nil)},
		{"body with a field too many", entry.ErrMalformed, forged(entry.KindVote, map[int]any{1: make([]byte, 32), 2: true, 3: 0}, nil)},
		{"body with a field too few", entry.ErrNotCanonical, forged(entry.KindVote, map[int]any{1: make([]byte, 32)}, nil)},
		{"short proposal id", entry.ErrNotCanonical, forged(entry.KindVote, map[int]any{1: make([]byte, 31), 2: true}, nil)},
		{"long proposal id", entry.ErrNotCanonical, forged(entry.KindVote, map[int]any{1: make([]byte, 33), 2: true}, nil)},
		{"non-minimal length", entry.ErrNotCanonical, func(l *ledgertest.Ledger) []byte {
			b := node(nil)(l) // map(8), key 1, value 1: write the value in two bytes
			return append(append([]byte{b[0], b[1], 0x18}, b[2]), b[3:]...)
		}},
	}
}

func bodyRefusals() []refusal {
	keyed := func(mutate func(*entry.EpochCommit)) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte {
			b := entry.EpochCommit{Epoch: 1, Params: entry.IndexV1, Keys: []entry.EpochKey{
				platform.OPRFKey(l.T, l.S.LedgerID(), 0, 1, "email"), platform.OPRFKey(l.T, l.S.LedgerID(), 1, 1, "phone"),
			}}
			mutate(&b)
			return l.Forge(platform.Private(member.Operator), entry.KindEpochCommit, b, nil)
		}
	}
	return []refusal{
		{"no address", entry.ErrField, forged(entry.KindNodeInfo, entry.NodeInfo{Version: "1"}, nil)},
		{"address with a space", entry.ErrField, forged(entry.KindNodeInfo, entry.NodeInfo{Addresses: []string{"/ip4/1 2"}, Version: "1"}, nil)},
		{"no version", entry.ErrField, forged(entry.KindNodeInfo, entry.NodeInfo{Addresses: []string{"/a"}}, nil)},
		{"version with a line feed", entry.ErrField, forged(entry.KindNodeInfo, entry.NodeInfo{Addresses: []string{"/a"}, Version: "1\n"}, nil)},
		{"a clock at 0", entry.ErrField, forged(entry.KindClockAttest, entry.ClockAttest{}, nil)},
		{"a clock beyond the year 9999", entry.ErrField, forged(entry.KindClockAttest, entry.ClockAttest{Time: entry.MaxTime + 1}, nil)},
		{"a clock at the end of the world", entry.ErrField, forged(entry.KindClockAttest, entry.ClockAttest{Time: 1<<64 - 1}, nil)},
		{"a clock of 1970", entry.ErrClockBehind, forged(entry.KindClockAttest, entry.ClockAttest{Time: 1}, nil)},
		{"a clock by a seat key", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Seat), entry.KindClockAttest, entry.ClockAttest{Time: created}, nil)
		}},
		{"epoch 0", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Epoch = 0 })},
		{"epoch skips", entry.ErrEpoch, keyed(func(b *entry.EpochCommit) { b.Epoch = 2 })},
		{"other index parameters", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Params = "crosslight/index/v2" })},
		{"no key", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Keys = nil })},
		{"keys out of order", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Keys[0], b.Keys[1] = b.Keys[1], b.Keys[0] })},
		{"a type twice", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Keys[1].Type = "email" })},
		{"an unknown type", entry.ErrField, keyed(func(b *entry.EpochCommit) { b.Keys[1].Type = "shoe-size" })},
		{"one key under two types", entry.ErrKeyStands, keyed(func(b *entry.EpochCommit) { b.Keys[1].Public = b.Keys[0].Public })},
		{"proof for another type", entry.ErrPossession, keyed(func(b *entry.EpochCommit) { b.Keys[1].Type = "iban"; b.Keys = b.Keys[1:] })},
		{"flipped proof", entry.ErrPossession, keyed(func(b *entry.EpochCommit) { b.Keys[0].Possession[63] ^= 1 })},
		{"identity as a key", entry.ErrPossession, keyed(func(b *entry.EpochCommit) { b.Keys[0].Public = [32]byte{} })},
		{"another member's proof", entry.ErrPossession, keyed(func(b *entry.EpochCommit) {
			b.Keys[0].Possession = bank.OPRFKey(nopT{}, [32]byte{}, 0, 1, "email").Possession
		})},
	}
}

func proposalRefusals() []refusal {
	second := func(change func(*policy.Policy)) func(*ledgertest.Ledger) []byte {
		p := policy.Default()
		p.Version = 2
		change(&p)
		return forged(entry.KindPropose, propose(entry.ProposePolicy, entry.SetPolicy{Policy: p}), nil)
	}
	return []refusal{
		{"unknown proposal kind", entry.ErrKind, forged(entry.KindPropose, propose(99, entry.Suspend{Member: "x"}), nil)},
		{"proposal kind 0", entry.ErrKind, forged(entry.KindPropose, propose(0, entry.Suspend{Member: "x"}), nil)},
		{"a proposal kind of a later version", entry.ErrKindNotServed, forged(entry.KindPropose, propose(entry.ProposeConstitution, entry.Suspend{Member: "x"}), nil)},
		{"content of another kind", entry.ErrMalformed, forged(entry.KindPropose, propose(entry.ProposeAdmit, entry.Suspend{Member: "x"}), nil)},
		{"long reason", entry.ErrField, forged(entry.KindPropose, reasoned(strings.Repeat("x", entry.MaxReason+1)), nil)},
		{"reason of two lines", entry.ErrField, forged(entry.KindPropose, reasoned("a\nb"), nil)},
		{"reason that hides", entry.ErrField, forged(entry.KindPropose, reasoned("a\u202eb"), nil)},
		{"suspend a stranger", entry.ErrUnknownMember, proposal(entry.Suspend{Member: "Nobody"})},
		{"suspend a name that is none", entry.ErrField, forged(entry.KindPropose, propose(entry.ProposeSuspend, entry.Suspend{Member: " x"}), nil)},
		{"reinstate an active member", entry.ErrNotSuspended, proposal(entry.Reinstate{Member: bank.Name})},
		{"reinstate a stranger", entry.ErrUnknownMember, proposal(entry.Reinstate{Member: "Nobody"})},
		{"admit a member", entry.ErrMemberExists, func(l *ledgertest.Ledger) []byte {
			return l.Propose(platform, entry.Admit{Card: bank.Card(l.T)})
		}},
		{"admit a namesake", entry.ErrMemberExists, func(l *ledgertest.Ledger) []byte {
			twin := hotline
			twin.Name = "BANK B"
			return l.Propose(platform, entry.Admit{Card: twin.Card(l.T)})
		}},
		{"admit with a member's key", entry.ErrKeyExists, func(l *ledgertest.Ledger) []byte {
			card := hotline.Card(l.T)
			card.Card.Keys.Root = bank.Keys().Log
			return l.Propose(platform, entry.Admit{Card: card})
		}},
		{"admit with a forged card", entry.ErrCard, func(l *ledgertest.Ledger) []byte {
			card := hotline.Card(l.T)
			card.Card.Jurisdiction = "US"
			return l.Propose(platform, entry.Admit{Card: card})
		}},
		{"admit without signatures", entry.ErrCard, func(l *ledgertest.Ledger) []byte {
			card := hotline.Card(l.T)
			card.Signatures = nil
			return l.Propose(platform, entry.Admit{Card: card})
		}},
		{"policy of the same version", entry.ErrPolicyVersion, second(func(p *policy.Policy) { p.Version = 1 })},
		{"policy that skips a version", entry.ErrPolicyVersion, second(func(p *policy.Policy) { p.Version = 3 })},
		{"policy that names a stranger", entry.ErrUnknownMember, second(func(p *policy.Policy) { p.Rules[0].FromMembers = []string{"Nobody"} })},
		{"policy that is not valid", entry.ErrPolicy, second(func(p *policy.Policy) { p.Rules[0].Reveal = "all" })},
		{"emergency suspension of a stranger", entry.ErrUnknownMember, forged(entry.KindSuspend, entry.EmergencySuspend{Member: "Nobody"}, nil)},
		{"emergency suspension of oneself", entry.ErrOwnMember, forged(entry.KindSuspend, entry.EmergencySuspend{Member: platform.Name}, nil)},
		{"emergency suspension of a name that is none", entry.ErrField, forged(entry.KindSuspend, entry.EmergencySuspend{Member: " x"}, nil)},
		{"emergency suspension for a long reason", entry.ErrField, forged(entry.KindSuspend, entry.EmergencySuspend{Member: bank.Name, Reason: strings.Repeat("x", entry.MaxReason+1)}, nil)},
		{"emergency suspension by an operator key", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Operator), entry.KindSuspend, entry.EmergencySuspend{Member: bank.Name}, nil)
		}},
		{"withdrawal of nothing", entry.ErrUnknownProposal, forged(entry.KindWithdrawProposal, entry.WithdrawProposal{}, nil)},
		{"withdrawal by an operator key", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Operator), entry.KindWithdrawProposal, entry.WithdrawProposal{}, nil)
		}},
		{"withdrawal with a short id", entry.ErrNotCanonical, forged(entry.KindWithdrawProposal, map[int]any{1: make([]byte, 31)}, nil)},
		{"vote on nothing", entry.ErrUnknownProposal, forged(entry.KindVote, entry.Vote{}, nil)},
	}
}

func propose(kind entry.ProposalKind, content any) entry.Propose {
	return entry.Propose{Proposal: kind, Content: encode(content)}
}

func reasoned(reason string) entry.Propose {
	p := propose(entry.ProposeSuspend, entry.Suspend{Member: bank.Name})
	p.Reason = reason
	return p
}

// TestRejections puts every entry that can be refused on a fresh ledger: each is refused for its own
// reason, at apply as at the door, and nothing changes.
func TestRejections(t *testing.T) {
	l := ledgertest.Three(t)
	for _, c := range slices.Concat(envelopeRefusals(), bodyRefusals(), proposalRefusals(), boardRefusals()) {
		t.Run(c.name, func(t *testing.T) {
			refuses(t, l, c.build(l), c.want)
		})
	}
}

func refuses(t *testing.T, l *ledgertest.Ledger, raw []byte, want *entry.Rejection) {
	t.Helper()
	hash, root, size := l.S.Hash(), l.S.Root(), l.S.Size()
	if err := l.S.Check(raw); !errors.Is(err, want) {
		t.Errorf("check: %v, want %v", err, want)
	}
	if _, err := l.S.Apply(raw); entry.RejectionOf(err) != want {
		t.Errorf("apply: %v, want %v", err, want)
	}
	if l.S.Hash() != hash || l.S.Root() != root || l.S.Size() != size {
		t.Error("a refused entry changed the state")
	}
}
