package state_test

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// stream makes entries from a seed, good and bad; each depends on the seed and on the state that those
// before it led to.
type stream struct {
	l      *ledgertest.Ledger
	rng    *rand.Rand
	actors []actor
	made   [][]byte // some of what was made lately, to be repeated and damaged
}

// actor is an organisation whose keys have been derived once.
type actor struct {
	ledgertest.Org
	keys map[member.Role]ed25519.PrivateKey
}

// recent is how many entries a stream remembers.
const recent = 64

func newStream(t testing.TB, genesis entry.SignedGenesis, seed uint64) *stream {
	s, err := state.New(genesis)
	if err != nil {
		t.Fatal(err)
	}
	out := &stream{l: &ledgertest.Ledger{T: t, S: s}, rng: rand.New(rand.NewPCG(seed, 0x6c6564676572))}
	for _, o := range actors {
		a := actor{Org: o, keys: map[member.Role]ed25519.PrivateKey{}}
		for _, role := range member.Roles() {
			a.keys[role] = o.Private(role)
		}
		out.actors = append(out.actors, a)
	}
	return out
}

// next makes the next entry.
func (s *stream) next() []byte {
	raw, err := s.draw()
	if err != nil { // package entry does not make it: junk is as good
		raw = []byte(err.Error())
	}
	if len(s.made) < recent {
		s.made = append(s.made, raw)
	} else {
		s.made[s.rng.IntN(recent)] = raw
	}
	return raw
}

// draw makes one entry. Most are cheap and acceptable; each kind and each way to be wrong comes up in
// some thousand.
func (s *stream) draw() ([]byte, error) {
	by, other := s.actors[s.rng.IntN(len(s.actors))], s.actors[s.rng.IntN(len(s.actors))]
	switch p := s.rng.IntN(1000); {
	case p < 20:
		due, _ := s.l.S.AckDue(by.Name)
		return entry.NewAck(s.sign(by, member.Operator), s.seq(by, member.Operator), max(due.Size, 1), due.Root)
	case p < 30:
		return entry.NewSeal(s.sign(by, member.Log), s.seq(by, member.Log), entry.Seal{Height: 1 + s.rng.Uint64N(9), Size: s.l.S.Size(), Root: s.l.S.Root()})
	case p < 40:
		a := entry.StateAnchor{Size: max(s.l.S.Size()&^15, 1), Root: [32]byte{byte(s.rng.IntN(2))}}
		return entry.NewStateAnchor(s.sign(by, member.Log), s.seq(by, member.Log), a)
	case p < 42:
		key := other.keys[member.Roles()[s.rng.IntN(len(member.Roles()))]]
		return entry.NewRevoke(s.sign(by, member.Root), s.seq(by, member.Root), member.PublicOf(key).ID())
	case p < 420:
		return entry.NewNodeInfo(s.sign(by, member.Operator), s.seq(by, member.Operator), []string{"/ip4/192.0.2.1/tcp/1"}, fmt.Sprintf("1.0.%d", s.rng.IntN(4)))
	case p < 620:
		return entry.NewClockAttest(s.sign(by, member.Operator), s.seq(by, member.Operator), s.clock())
	case p < 800:
		return entry.NewVote(s.sign(by, member.Seat), s.seq(by, member.Seat), s.proposal(), s.rng.IntN(4) > 0)
	case p < 840:
		return entry.NewPropose(s.sign(by, member.Seat), s.seq(by, member.Seat), s.content(other), "a test")
	case p < 855:
		return entry.NewWithdrawProposal(s.sign(by, member.Seat), s.seq(by, member.Seat), s.proposal())
	case p < 880:
		return entry.NewEmergencySuspend(s.sign(by, member.Seat), s.seq(by, member.Seat), other.Name, "a test")
	case p < 885:
		return s.epoch(by)
	case p < 890:
		return entry.NewAffiliate(s.sign(by, member.Operator), s.seq(by, member.Operator), []string{other.Name})
	case p < 920:
		return s.forged(by), nil
	case p < 990 && len(s.made) > 0:
		return s.repeated(), nil
	}
	junk := make([]byte, s.rng.IntN(400))
	for i := range junk {
		junk[i] = byte(s.rng.Uint32())
	}
	return junk, nil
}

func (s *stream) sign(a actor, role member.Role) entry.Signer {
	return entry.Signer{Key: a.keys[role], LedgerID: s.l.S.LedgerID(), Incarnation: s.l.S.Incarnation()}
}

// seq is the key's next number, and now and then another.
func (s *stream) seq(a actor, role member.Role) uint64 {
	next := s.l.S.NextSeq(member.PublicOf(a.keys[role]).ID())
	if s.rng.IntN(50) == 0 {
		return next + uint64(s.rng.IntN(4)) - min(next, 2)
	}
	return next
}

// clock is right, slow, fast or mad.
func (s *stream) clock() uint64 {
	if s.rng.IntN(200) == 0 {
		return 1 + s.rng.Uint64N(entry.MaxTime)
	}
	return s.l.S.Time() - state.ClockWindow + s.rng.Uint64N(4*state.ClockWindow)
}

// proposal is one of the newest, or none.
func (s *stream) proposal() entry.Hash {
	all := s.l.S.Proposals()
	if len(all) == 0 {
		return entry.Hash{}
	}
	newest := all[max(0, len(all)-4):]
	return newest[s.rng.IntN(len(newest))].ID
}

func (s *stream) content(other actor) entry.Proposal {
	switch s.rng.IntN(14) {
	case 12:
		return entry.EpochEnd{}
	case 13:
		return entry.EpochEnd{Member: other.Name}
	case 4:
		return entry.Expel{Member: other.Name}
	case 5:
		return entry.SetSeat{Member: other.Name, Seat: s.rng.IntN(4) > 0}
	case 6:
		return entry.SetVoter{Member: other.Name, Voter: s.rng.IntN(4) > 0}
	case 7:
		return entry.SetSector{Member: other.Name, Sector: member.NGO}
	case 8:
		return entry.SetThresholds{Thresholds: entry.DefaultThresholds()}
	case 9:
		return entry.RevokeKey{Key: member.PublicOf(other.keys[member.Operator]).ID()}
	case 0:
		return entry.Admit{Card: other.Card(s.l.T), Seat: s.rng.IntN(2) == 0}
	case 1:
		return entry.Suspend{Member: other.Name}
	case 2:
		return entry.Reinstate{Member: other.Name}
	}
	p := policy.Default()
	p.Version = s.l.S.Policy().Version + uint64(s.rng.IntN(3))
	return entry.SetPolicy{Policy: p}
}

func (s *stream) epoch(by actor) ([]byte, error) {
	m, _ := s.l.S.Member(by.Name)
	key := by.OPRFKey(s.l.T, s.l.S.LedgerID(), s.rng.IntN(48), m.Epoch+1, "email")
	return entry.NewEpochCommit(s.sign(by, member.Operator), s.seq(by, member.Operator), m.Epoch+1, []entry.EpochKey{key})
}

// forged carries a good signature under something that no member may sign.
func (s *stream) forged(by actor) []byte {
	role := member.Roles()[s.rng.IntN(len(member.Roles()))]
	what := s.rng.IntN(6)
	return s.l.Forge(by.keys[role], entry.KindNodeInfo, entry.NodeInfo{Addresses: []string{"/ip4/192.0.2.9/tcp/1"}, Version: "2"}, func(e *entry.Envelope) {
		switch what {
		case 0:
			e.LedgerID[0] ^= 1
		case 1:
			e.Incarnation++
		case 2:
			e.Kind = entry.Kind(s.rng.IntN(30))
		case 3:
			e.V++
		case 4:
			e.Body = e.Body[:len(e.Body)/2]
		}
	})
}

// repeated is an earlier entry again, as it was or with one byte changed.
func (s *stream) repeated() []byte {
	raw := append([]byte(nil), s.made[s.rng.IntN(len(s.made))]...)
	if len(raw) > 0 && s.rng.IntN(2) == 0 {
		raw[s.rng.IntN(len(raw))] ^= byte(1 + s.rng.IntN(255))
	}
	return raw
}
