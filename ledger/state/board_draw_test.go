package state_test

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// board is a consortium that does to itself whatever its rules let it: five founders of four sectors,
// two applicants, and every key that any of them ever had.
type board struct {
	l    *ledgertest.Ledger
	orgs []ledgertest.Org
	keys map[member.PublicKey]ed25519.PrivateKey
	made int // keys made for rotations
}

var boardOrgs = []ledgertest.Org{bank, hotline, platform, police, second, ngo, {Name: "Regulator G", Sector: member.Regulator, Jurisdiction: "INT"}}

func newBoard(t *testing.T, genesis entry.SignedGenesis) *board {
	b := &board{
		l: &ledgertest.Ledger{T: t, S: fresh(t, genesis), Leaves: [][]byte{genesis.Raw()}}, orgs: boardOrgs,
		keys: map[member.PublicKey]ed25519.PrivateKey{},
	}
	for _, o := range b.orgs {
		for _, role := range member.Roles() {
			b.keys[o.Keys().Of(role)] = o.Private(role)
		}
	}
	return b
}

// key is what an organisation signs with now; mostly, since it may also try what it held before.
func (b *board) key(rt *rapid.T, o ledgertest.Org, role member.Role) ed25519.PrivateKey {
	m, ok := b.l.S.Member(o.Name)
	if !ok || rapid.IntRange(0, 19).Draw(rt, "old key") == 0 {
		return o.Private(role)
	}
	if k, ok := b.keys[m.Keys.Of(role)]; ok {
		return k
	}
	return o.Private(role) // the role is empty
}

func (b *board) sign(rt *rapid.T, o ledgertest.Org, role member.Role, body entry.Body) []byte {
	return b.l.Forge(b.key(rt, o, role), body.Kind(), body, nil)
}

func (b *board) proposal(rt *rapid.T, other ledgertest.Org) entry.Proposal {
	yes := rapid.Bool().Draw(rt, "on")
	sectors := member.Sectors()
	switch rapid.IntRange(0, 8).Draw(rt, "proposal") {
	case 0:
		return entry.Admit{Card: other.Card(b.l.T), Seat: yes}
	case 1:
		return entry.Suspend{Member: other.Name}
	case 2:
		return entry.Reinstate{Member: other.Name}
	case 3:
		return entry.Expel{Member: other.Name}
	case 4:
		return entry.SetSeat{Member: other.Name, Seat: yes}
	case 5:
		return entry.SetVoter{Member: other.Name, Voter: yes}
	case 6:
		return entry.SetSector{Member: other.Name, Sector: sectors[rapid.IntRange(0, len(sectors)-1).Draw(rt, "sector")]}
	case 7:
		next := entry.DefaultThresholds()
		next.Sectors = rapid.Uint64Range(2, 4).Draw(rt, "sectors")
		return entry.SetThresholds{Thresholds: next}
	}
	m, _ := b.l.S.Member(other.Name)
	return entry.RevokeKey{Key: m.Keys.Of(rapid.SampledFrom(member.Roles()).Draw(rt, "revoked")).ID()}
}

// draw makes an entry that may or may not be acceptable.
func (b *board) draw(rt *rapid.T) []byte {
	by, other := rapid.SampledFrom(b.orgs).Draw(rt, "by"), rapid.SampledFrom(b.orgs).Draw(rt, "other")
	switch rapid.IntRange(0, 19).Draw(rt, "what") {
	case 0, 1, 2:
		body, err := entry.ProposeBody(b.proposal(rt, other), "")
		if err != nil {
			rt.Fatal(err)
		}
		return b.sign(rt, by, member.Seat, body)
	case 3, 4:
		return b.rotation(rt, by)
	case 5:
		m, _ := b.l.S.Member(rapid.SampledFrom([]string{by.Name, by.Name, other.Name}).Draw(rt, "whose"))
		key := m.Keys.Of(rapid.SampledFrom(member.Roles()).Draw(rt, "revoked")).ID()
		if waiting := b.l.S.Rotations(by.Name); len(waiting) > 0 {
			key = waiting[0].New.ID()
		}
		return b.sign(rt, by, rapid.SampledFrom([]member.Role{member.Root, member.Root, member.Operator, member.Log}).Draw(rt, "revoker"), entry.Revoke{Key: key})
	case 6:
		due, _ := b.l.S.AckDue(by.Name)
		return b.sign(rt, by, member.Operator, due0(due))
	case 7, 8:
		return b.handOver(rt, by)
	case 9, 10, 11:
		step := rapid.SampledFrom([]uint64{1, state.ClockStep, 9 * state.ClockStep}).Draw(rt, "clock")
		return b.sign(rt, by, member.Operator, entry.ClockAttest{Time: b.l.S.Time() + step})
	case 12:
		size := rapid.Uint64Range(1, b.l.S.Size()).Draw(rt, "sealed")
		return b.sign(rt, by, member.Log, entry.Seal{Height: size, Size: size})
	case 13:
		return b.sign(rt, by, member.Log, entry.StateAnchor{Size: rapid.Uint64Range(1, b.l.S.Size()).Draw(rt, "anchored")})
	case 14:
		if rapid.IntRange(0, 5).Draw(rt, "recover") == 0 {
			return b.recovery(rt, by)
		}
	case 15:
		return b.sign(rt, by, member.Seat, entry.EmergencySuspend{Member: other.Name})
	}
	return b.vote(rt, by)
}

// due0 is an acknowledgement that can be encoded where none is due.
func due0(a entry.Ack) entry.Ack {
	a.Size = max(a.Size, 1)
	return a
}

// vote is on the newest open proposal, by a seat that has not voted, mostly yes: or else few would ever be
// accepted.
func (b *board) vote(rt *rapid.T, by ledgertest.Org) []byte {
	v := entry.Vote{Yes: rapid.IntRange(0, 9).Draw(rt, "yes") > 0}
	for _, p := range b.l.S.Proposals() {
		if p.State == state.Open {
			v.Proposal = p.ID
		}
	}
	tally, _ := b.l.S.Tally(v.Proposal)
	for _, o := range b.orgs {
		if slices.Contains(tally.Missing, o.Name) && rapid.IntRange(0, 4).Draw(rt, "in turn") > 0 {
			by = o
		}
	}
	return b.sign(rt, by, member.Seat, v)
}

func (b *board) rotation(rt *rapid.T, by ledgertest.Org) []byte {
	role := rapid.SampledFrom(member.Roles()).Draw(rt, "role")
	b.made++
	key := by.Another(role, b.made)
	b.keys[member.PublicOf(key)] = key
	r, err := b.l.S.Rotation(by.Name, role, member.PublicOf(key))
	if err != nil {
		return b.sign(rt, by, member.Operator, entry.Revoke{})
	}
	var root []byte
	if role != member.Root && rapid.Bool().Draw(rt, "root") {
		root = r.Sign(b.key(rt, by, member.Root))
	}
	body := r.Body(r.Sign(key), r.Sign(b.key(rt, by, role)), root)
	if r.Old == (member.PublicKey{}) {
		body.ByOld = nil
	}
	return b.sign(rt, by, rapid.SampledFrom([]member.Role{member.Operator, member.Seat}).Draw(rt, "signer"), body)
}

// handOver shows the locks of as many of the old voters as make a quorum, or sometimes one fewer.
func (b *board) handOver(rt *rapid.T, by ledgertest.Org) []byte {
	open, ok := b.l.S.HandOver()
	if !ok {
		open = state.HandOver{Size: b.l.S.Size(), Root: b.l.S.Root(), Voters: b.l.S.FinalityVoters()}
	}
	st := finality.Statement{
		Ledger: b.l.S.LedgerID(), Incarnation: b.l.S.Incarnation(), Kind: finality.Lock, Height: 1, Round: 1,
		Value: finality.Value{Size: open.Size, Root: open.Root},
	}
	c := finality.Certificate{Statement: st}
	want := open.Voters.Quorum() - rapid.IntRange(0, 9).Draw(rt, "short")/9
	for public, key := range b.keys {
		if _, votes := open.Voters.Find(public.ID()); votes {
			c.Votes = append(c.Votes, finality.Vote{Signer: public.ID(), Sig: [64]byte(member.Sign(key, finality.Domain, st.Bytes()))})
		}
	}
	slices.SortFunc(c.Votes, func(a, b finality.Vote) int { return slices.Compare(a.Signer[:], b.Signer[:]) })
	c.Votes = c.Votes[:want]
	return b.sign(rt, by, member.Operator, entry.HandOver{Certificate: c.Bytes()})
}

func (b *board) recovery(rt *rapid.T, by ledgertest.Org) []byte {
	var voters []string
	for _, m := range b.l.S.Members() {
		if rapid.IntRange(0, 3).Draw(rt, "survives") > 0 {
			voters = append(voters, m.Name)
		}
	}
	if len(voters) == 0 {
		voters = []string{bank.Name}
	}
	d := b.l.Recovery(int(b.l.S.Size()), voters)
	for _, m := range b.l.S.Members() {
		if k, ok := b.keys[m.Keys.Seat]; ok && m.Seat && rapid.IntRange(0, 9).Draw(rt, "signs") > 0 {
			d = d.Sign(k)
		}
	}
	return b.sign(rt, by, member.Seat, d.Body())
}
