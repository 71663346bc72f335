package p2p

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const raftProto = "/crosslight/raft/v1"

// voter is a founder with its keys, its host and its replica.
type voter struct {
	keys    map[member.Role]ed25519.PrivateKey
	card    member.SignedCard
	dir     string
	address []string
	host    *Host
	replica *replica.Replica
}

// guards says which of the two gates stand in a test.
type guards struct{ connections, raft bool }

type consortium struct {
	t       *testing.T
	guards  guards
	members club
	genesis entry.SignedGenesis
	voters  []*voter
}

func newConsortium(t *testing.T, g guards) *consortium {
	t.Helper()
	c := &consortium{t: t, guards: g}
	var cards []member.SignedCard
	for i, sector := range []member.Sector{member.Tech, member.Finance, member.LawEnforcement} {
		v := newVoter(t, fmt.Sprintf("Member %d", i), sector)
		c.voters, cards = append(c.voters, v), append(cards, v.card)
		c.members.set(v.card.Card.Keys.Node.PeerID(), true)
	}
	d, err := entry.NewGenesis(cards, policy.Default(), entry.DefaultThresholds(), 1_700_000_000, nonce{})
	for _, v := range c.voters {
		if err == nil {
			d, err = d.Sign(v.keys[member.Seat])
		}
	}
	if err == nil {
		c.genesis, err = d.Complete()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.voters {
		c.start(v)
	}
	c.introduce()
	return c
}

type nonce struct{}

func (nonce) Read(b []byte) (int, error) { return len(b), nil }

func newVoter(t *testing.T, name string, sector member.Sector) *voter {
	t.Helper()
	v := &voter{keys: map[member.Role]ed25519.PrivateKey{}, dir: t.TempDir(), address: []string{"/ip4/127.0.0.1/tcp/0"}}
	pub := map[member.Role]member.PublicKey{}
	for _, r := range member.Roles() {
		v.keys[r], _ = newKey(t)
		pub[r] = member.PublicOf(v.keys[r])
	}
	card, err := member.SignCard(member.Card{
		V: 1, Name: name, Sector: sector, Jurisdiction: "NL", Addresses: v.address,
		Keys: member.KeySet{
			Node: pub[member.Node], Operator: pub[member.Operator], Seat: pub[member.Seat],
			Log: pub[member.Log], Cosigner: pub[member.Cosigner], Root: pub[member.Root],
		},
	}, func(r member.Role) ed25519.PrivateKey { return v.keys[r] })
	if err != nil {
		t.Fatal(err)
	}
	v.card = card
	return v
}

func (c *consortium) start(v *voter) {
	c.t.Helper()
	admit := everyone
	if c.guards.connections {
		admit = c.members.admit
	}
	v.host = newHost(c.t, admit, func(cfg *Config) { cfg.Key, cfg.Listen = v.keys[member.Node], v.address })
	v.address = v.host.Addrs()
	host := v.host
	cfg := replica.Config{
		Dir: filepath.Join(v.dir, "ledger"), Self: host.ID(), Genesis: c.genesis,
		Dial: func(ctx context.Context, peer string) (net.Conn, error) { return host.Open(ctx, peer, raftProto) },
	}
	var err error
	if c.guards.raft {
		v.replica, err = replica.Open(cfg)
	} else {
		v.replica, err = replica.OpenUnguarded(c.t, cfg)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	r := v.replica
	c.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			c.t.Error(err)
		}
	})
	host.Handle(raftProto, replica.MaxStreams, func(_ context.Context, s Stream) { r.Accept(s.Peer(), s) })
}

func (c *consortium) introduce() {
	var hosts []*Host
	for _, v := range c.voters {
		hosts = append(hosts, v.host)
	}
	introduce(hosts...)
}

func (c *consortium) leader() *voter {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, v := range c.voters {
			if v.replica.Status().Role == "leader" {
				return v
			}
		}
	}
	c.t.Fatal("nobody leads")
	return nil
}

// record submits the seq-th NodeInfo of the first member to whoever leads.
func (c *consortium) record(seq uint64) {
	c.t.Helper()
	signer := entry.Signer{Key: c.voters[0].keys[member.Operator], LedgerID: c.genesis.ID()}
	raw, err := entry.NewNodeInfo(signer, seq, []string{"/ip4/127.0.0.1/tcp/1"}, fmt.Sprintf("v0.0.%d", seq))
	if err != nil {
		c.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err = c.leader().replica.Submit(within(c.t, 5*time.Second), raw)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal(err)
		}
	}
}

func (c *consortium) settle(size uint64) {
	c.t.Helper()
	seen := map[[32]byte]bool{}
	for _, v := range c.voters {
		if err := v.replica.WaitSize(within(c.t, 20*time.Second), size); err != nil {
			c.t.Fatal(err)
		}
		v.replica.View(func(s *state.State) { seen[s.Hash()] = true })
	}
	if len(seen) != 1 {
		c.t.Errorf("%d different states", len(seen))
	}
}

func TestLedgerOverLibp2p(t *testing.T) {
	c := newConsortium(t, guards{connections: true, raft: true})
	for seq := uint64(1); seq <= 20; seq++ {
		c.record(seq)
	}
	c.settle(21)
	old := c.leader()
	if err := errors.Join(old.replica.Close(), old.host.Close()); err != nil {
		t.Error(err)
	}
	c.record(21)
	c.start(old)
	c.introduce()
	c.record(22)
	c.settle(23)
	for _, v := range c.voters {
		if err := v.replica.WaitCaughtUp(within(t, 10*time.Second)); err != nil {
			t.Error(err)
		}
	}
}

// The messages of a stranger, written by hand from the specification: AppendEntries of a far term that
// makes its sender the only voter, TimeoutNow, and RequestVote with the transfer flag.
type (
	forgedServer struct {
		ID    string `cbor:"1,keyasint"`
		Voter bool   `cbor:"2,keyasint"`
	}
	forgedEntry struct {
		Term    uint64         `cbor:"1,keyasint"`
		Kind    uint64         `cbor:"2,keyasint"`
		At      int64          `cbor:"3,keyasint"`
		Data    []byte         `cbor:"4,keyasint"`
		Servers []forgedServer `cbor:"5,keyasint"`
	}
	forgedAppend struct {
		Term      uint64        `cbor:"1,keyasint"`
		PrevIndex uint64        `cbor:"2,keyasint"`
		PrevTerm  uint64        `cbor:"3,keyasint"`
		Commit    uint64        `cbor:"4,keyasint"`
		Entries   []forgedEntry `cbor:"5,keyasint"`
	}
	forgedVote struct {
		Term      uint64 `cbor:"1,keyasint"`
		LastIndex uint64 `cbor:"2,keyasint"`
		LastTerm  uint64 `cbor:"3,keyasint"`
		Transfer  bool   `cbor:"4,keyasint"`
	}
	forgedTimeout struct {
		Now bool `cbor:"1,keyasint"`
	}
	forged struct {
		V       uint64         `cbor:"1,keyasint"`
		Append  *forgedAppend  `cbor:"2,keyasint,omitempty"`
		Vote    *forgedVote    `cbor:"3,keyasint,omitempty"`
		Timeout *forgedTimeout `cbor:"5,keyasint,omitempty"`
	}
)

const farTerm = 1 << 30

func attacks(self string) map[string]forged {
	takeOver := forgedEntry{Term: farTerm, Kind: 5, Servers: []forgedServer{{self, true}}}
	return map[string]forged{
		"AppendEntries": {V: 1, Append: &forgedAppend{Term: farTerm, Entries: []forgedEntry{takeOver}}},
		"RequestVote":   {V: 1, Vote: &forgedVote{Term: farTerm, LastIndex: farTerm, LastTerm: farTerm, Transfer: true}},
		"TimeoutNow":    {V: 1, Timeout: &forgedTimeout{true}},
	}
}

// attack sends one message as a peer of the victim and waits for an answer.
func attack(t *testing.T, stranger *Host, victim string, f forged) error {
	t.Helper()
	s, err := stranger.Open(within(t, 3*time.Second), victim, raftProto)
	if err != nil {
		return err
	}
	defer s.Reset()
	_ = s.SetDeadline(time.Now().Add(3 * time.Second))
	b, err := wire.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.WriteFrame(s, b); err != nil {
		return err
	}
	answer, err := wire.ReadFrame(s, replica.MaxReply)
	if err == nil && len(answer) > 100 {
		t.Logf("answered with %d bytes", len(answer))
	}
	return err
}

// With both gates off raft itself obeys the stranger; either gate alone keeps it away.
func TestStrangerNeverReachesRaft(t *testing.T) {
	for _, tc := range []struct {
		name    string
		guards  guards
		attacks []string
		obeyed  bool
	}{
		{"both gates off", guards{}, []string{"AppendEntries"}, true},
		{"both gates off, an election", guards{}, []string{"TimeoutNow"}, true},
		{"gate of raft", guards{raft: true}, []string{"AppendEntries", "RequestVote", "TimeoutNow"}, false},
		{"gate of connections", guards{connections: true}, []string{"AppendEntries", "RequestVote", "TimeoutNow"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newConsortium(t, tc.guards)
			stranger := newHost(t, everyone)
			victim := c.follower()
			stranger.SetPeers(map[string][]string{victim.host.ID(): victim.address})
			before := victim.replica.Status()
			for _, name := range tc.attacks {
				err := attack(t, stranger, victim.host.ID(), attacks(stranger.ID())[name])
				if !tc.obeyed && err == nil && !tc.guards.raft {
					t.Errorf("%s was answered", name)
				}
			}
			if !tc.obeyed {
				c.unharmed(victim, before)
				return
			}
			for deadline := time.Now().Add(10 * time.Second); victim.replica.Status().Term == before.Term; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the attack does nothing without the gates: the test proves nothing")
				}
			}
		})
	}
}

func (c *consortium) follower() *voter {
	c.t.Helper()
	leader := c.leader()
	for _, v := range c.voters {
		if v != leader {
			if _, err := v.replica.WaitLeader(within(c.t, 5*time.Second)); err != nil {
				c.t.Fatal(err)
			}
			return v
		}
	}
	return nil
}

func (c *consortium) unharmed(victim *voter, before replica.Status) {
	c.t.Helper()
	after := victim.replica.Status()
	if after.Term != before.Term || after.LogIndex < before.LogIndex || len(after.Voters) != 3 {
		c.t.Errorf("before %+v, after %+v", before, after)
	}
	if c.guards.raft && len(after.Refused) == 0 {
		c.t.Error("the gate counted nothing")
	}
	c.record(1)
	c.settle(2)
}
