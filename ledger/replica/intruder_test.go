package replica

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// intruder speaks crosslight/raft/v1 by hand, in the name that its stream proved and no other.
type intruder struct {
	t    testing.TB
	conn net.Conn
}

func (c *consortium) intrude(from string, victim *org) *intruder {
	c.t.Helper()
	conn, err := c.dial(from, victim.peer())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
	return &intruder{c.t, conn}
}

func (i *intruder) say(r request, after ...byte) (reply, error) {
	i.t.Helper()
	r.V = version
	b, err := wire.Encode(r)
	if err != nil {
		i.t.Fatal(err)
	}
	if _, err := i.conn.Write(append(frame(b), after...)); err != nil {
		return reply{}, err
	}
	answer, err := wire.ReadFrame(i.conn, MaxReply)
	if err != nil {
		return reply{}, err
	}
	return parseReply(answer)
}

const forgedTerm = 1 << 30

// What a peer may try that raft itself believes. Each must work on a node without the gate.
func attacks(self string) map[string]request {
	takeOver := []logEntry{{Term: forgedTerm, Kind: 5, Servers: []server{{ID: self, Voter: true}}}}
	return map[string]request{
		"AppendEntries truncates the log and makes its sender the only voter": {Append: &appendRequest{Term: forgedTerm, Entries: takeOver}},
		"AppendEntries of a later term deposes the leader":                    {Append: &appendRequest{Term: forgedTerm}},
		"InstallSnapshot of a later term deposes the leader":                  {Snapshot: &snapshotRequest{Term: forgedTerm, LastIndex: 1, LastTerm: 1, Servers: []server{{ID: self, Voter: true}}, ConfigIndex: 1}},
	}
}

func TestStrangerNeverReachesRaft(t *testing.T) {
	const stranger = "12D3KooWStranger"
	for name, message := range attacks(stranger) {
		t.Run(name, func(t *testing.T) { testAttack(t, stranger, message) })
	}
}

func testAttack(t *testing.T, from string, message request) {
	t.Run("gate off", func(t *testing.T) {
		c := newConsortium(t, 3)
		c.hooks.unguarded = true
		c.start(c.orgs...)
		victim := c.leader()
		_, _ = c.intrude(from, victim).say(message)
		c.eventually("raft believes the forged term", func() bool { return c.node(victim).Status().Term >= forgedTerm })
	})
	t.Run("gate on", func(t *testing.T) {
		c := newConsortium(t, 3)
		c.start(c.orgs...)
		c.must(c.nodeInfo(c.orgs[0], 1))
		victim := c.leader()
		before := c.node(victim).Status()
		if r, err := c.intrude(from, victim).say(message); err == nil {
			t.Errorf("answered: %+v", r)
		}
		after := c.node(victim).Status()
		if after.Term != before.Term || after.LogIndex < before.LogIndex || after.Role != "leader" {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if after.Refused[errNotVoter.Error()] == 0 {
			t.Error("not counted")
		}
		c.must(c.nodeInfo(c.orgs[0], 2))
		c.settle(3)
	})
}

// TimeoutNow has no sender in raft: anybody can have anybody stand for election.
func TestTimeoutNowComesFromTheLeaderAlone(t *testing.T) {
	message := request{Timeout: &timeoutRequest{Now: true}}
	for _, guarded := range []bool{false, true} {
		c := newConsortium(t, 3)
		c.hooks.unguarded = !guarded
		c.start(c.orgs...)
		victim := c.follower()
		voter := c.orgs[0]
		for _, o := range c.orgs {
			if o != victim && o != c.leader() {
				voter = o
			}
		}
		c.eventually("the victim knows its leader", func() bool { _, ok := c.node(victim).Leader(); return ok })
		before := c.node(victim).Status().Term
		for _, from := range []string{"12D3KooWStranger", voter.peer()} {
			_, err := c.intrude(from, victim).say(request{Timeout: message.Timeout})
			if guarded && err == nil && from != voter.peer() {
				t.Error("a stranger was answered")
			}
		}
		if !guarded {
			c.eventually("an election", func() bool { return c.node(victim).Status().Term > before })
			continue
		}
		s := c.node(victim).Status()
		if s.Term != before || s.Refused[errNotLeader.Error()] != 1 || s.Refused[errNotVoter.Error()] != 1 {
			t.Errorf("term %d, was %d; refused %v", s.Term, before, s.Refused)
		}
	}
}

// P2: a member without a vote deposes the leader, by asking for votes in the middle of a transfer that
// is none, or by answering with a later term.
func TestNonVoterCannotDepose(t *testing.T) {
	vote := request{Vote: &voteRequest{Term: forgedTerm, LastIndex: forgedTerm, LastTerm: forgedTerm, Transfer: true}}
	begin := func(guarded bool) (*consortium, *org, *org) {
		c := newConsortium(t, 3)
		c.hooks.unguarded = !guarded
		c.start(c.orgs...)
		fourth := c.admit("Member 4")
		c.eventually("the fourth is in raft's configuration", func() bool { return len(c.node(c.leader()).Status().NonVoters) == 1 })
		return c, c.leader(), fourth
	}
	t.Run("gate off", func(t *testing.T) {
		c, leader, fourth := begin(false)
		_, _ = c.intrude(fourth.peer(), leader).say(vote)
		c.eventually("raft believes the forged term", func() bool { return c.node(leader).Status().Term >= forgedTerm })
	})
	t.Run("gate on", func(t *testing.T) {
		c, leader, fourth := begin(true)
		before := c.node(leader).Status().Term
		if _, err := c.intrude(fourth.peer(), leader).say(vote); err == nil {
			t.Error("answered")
		}
		g := c.node(leader).gate
		if err := g.answer(fourth.peer(), before, reply{Term: forgedTerm}); !errors.Is(err, ErrRefused) {
			t.Errorf("a non-voter's later term: %v", err)
		}
		if err := g.answer(c.orgs[0].peer(), before, reply{Term: forgedTerm}); err != nil {
			t.Errorf("a voter's later term: %v", err)
		}
		if s := c.node(leader).Status(); s.Term != before || s.Role != "leader" {
			t.Errorf("%+v", s)
		}
	})
}

// admit votes a member in; its replica is not started.
func (c *consortium) admit(name string) *org { return c.admitBy(2, name) }

func (c *consortium) admitBy(votes int, name string) *org {
	c.t.Helper()
	o := newOrg(c.t, name, member.NGO)
	propose, err := entry.NewPropose(c.signer(c.orgs[0], member.Seat), 1, entry.Admit{Card: o.card}, "they asked")
	if err != nil {
		c.t.Fatal(err)
	}
	c.must(propose)
	for i, voter := range c.orgs[:votes] {
		seq := uint64(1)
		if i == 0 {
			seq = 2 // the proposer's seat has signed once
		}
		vote, err := entry.NewVote(c.signer(voter, member.Seat), seq, entry.HashOf(propose), true)
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := c.submit(vote); err != nil && !errors.Is(err, entry.ErrVoted) {
			c.t.Fatal(err)
		}
	}
	return o
}

func TestMalformedRequestsEndTheStream(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	victim := c.leader()
	voter := c.follower().peer()
	before := c.node(victim).Status().Term
	for name, b := range map[string][]byte{
		"empty frame": frame(nil),
		"not CBOR":    frame([]byte("hello")),
		"huge frame":  {0xff, 0xff, 0xff, 0xff},
		"term 2^64-1": frame([]byte{0xa2, 0x01, 0x01, 0x02, 0xa5, 0x01, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255, 0x02, 0x00, 0x03, 0x00, 0x04, 0x00, 0x05, 0x80}),
	} {
		i := c.intrude(voter, victim)
		if _, err := i.conn.Write(b); err != nil {
			continue
		}
		if _, err := wire.ReadFrame(i.conn, MaxReply); err == nil {
			t.Errorf("%s: answered", name)
		}
	}
	if s := c.node(victim).Status(); s.Term != before || s.Refused[errBadMessage.Error()] < 2 || s.Refused[errBeyond.Error()] != 1 {
		t.Errorf("term %d, was %d; refused %v", s.Term, before, s.Refused)
	}
	c.must(c.nodeInfo(c.orgs[0], 1))
}

func TestTransferVotesAreRare(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	g := newGate("self", false, 5*time.Second)
	g.now = func() time.Time { return now }
	g.setVoters([]string{"self", "a"})
	for i, want := range []bool{true, false, true} {
		if got := g.transfer("a"); got != want {
			t.Errorf("transfer %d: %v", i, got)
		}
		now = now.Add(3 * time.Second)
	}
	if err := g.stream("self"); !errors.Is(err, ErrRefused) {
		t.Error("a stream in this node's own name was served")
	}
}
