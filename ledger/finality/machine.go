package finality

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
)

// Config is what a machine is made of.
type Config struct {
	Ledger      [32]byte
	Incarnation uint64 // from 1
	// Key is the member's log key. A node that votes at no height has one too: it follows, keeps
	// evidence and passes certificates on.
	Key     ed25519.PrivateKey
	Roster  Roster
	History History
}

// Machine decides finality for one node. It has no clock, disk, network or goroutine and is not safe
// for concurrent use. After each call that may change it, take [Machine.Ready].
type Machine struct {
	Config
	self   member.KeyID
	rule   rule
	kept   kept
	voters Voters // of rule.height, if known
	known  bool
	term   uint64
	leader member.KeyID
	tally  tally
	best   *Certificate // of rule.best
	signed bool         // something was signed or became final since the state was handed out
	// what has been asked for since the start or the last change of its subject
	cosigned bool
	rebuilt  point
	hopeless uint64
	out      Ready
	fatal    error
}

// New returns a machine that goes on from state, the newest that a [Ready] held; nil for a node that
// has never voted. State that is lost is not nil: a voter without it must not start before it has new
// keys. Errors: [ErrState].
func New(c Config, state []byte) (*Machine, error) {
	m := &Machine{Config: c, self: member.PublicOf(c.Key).ID(), tally: tally{}}
	if c.Incarnation == 0 || c.Incarnation > MaxNumber {
		return nil, errors.New("finality: incarnation is not within 1 to 2^48")
	}
	if state != nil {
		k, err := parseState(state, c.Ledger, c.Incarnation, m.self)
		if err != nil {
			return nil, err
		}
		m.kept = k
	}
	m.rule = restarted(m.kept.memory())
	m.best = m.kept.lock
	m.learnVoters()
	return m, m.advance()
}

// Height is the checkpoint that is being decided.
func (m *Machine) Height() uint64 { return m.rule.height }

// Final is the newest final certificate, if there is one.
func (m *Machine) Final() (Certificate, bool) {
	if m.kept.final == nil {
		return Certificate{}, false
	}
	return *m.kept.final, true
}

// Locked is the value that this voter has locked at the present height, with the quorum of echoes.
func (m *Machine) Locked() (Certificate, bool) {
	if m.kept.lock == nil {
		return Certificate{}, false
	}
	return *m.kept.lock, true
}

// learnVoters asks for the voters of the present height until they are known.
func (m *Machine) learnVoters() {
	if m.known {
		return
	}
	if m.voters, m.known = m.Roster.VotersAt(m.rule.height); !m.known {
		return
	}
	if m.rule.height > 1 {
		before, ok := m.Roster.VotersAt(m.rule.height - 1)
		m.rule.fresh = !ok || !before.Equal(m.voters) || m.Roster.Turned(m.rule.height-1)
	}
}

// votes reports whether this node votes at the present height.
func (m *Machine) votes() bool {
	if !m.known {
		return false
	}
	_, ok := m.voters.Find(m.self)
	return ok
}

// Part says whether the voters of the present height are known, and whether this node is one of them.
func (m *Machine) Part() (known, votes bool) { return m.known, m.votes() }

// Echoed says whether this node has echoed in the round that it was told of last: then its leader has proposed
// something that can become final.
func (m *Machine) Echoed() bool { return m.kept.echoed != nil && m.kept.echoed.Round == m.term }

// Round tells that raft is in term, led by the node of the voter whose log key has the id leader. It
// follows raft's own knowledge, not what a peer says.
func (m *Machine) Round(term uint64, leader member.KeyID) error {
	if term <= m.term && leader == m.leader || term < m.term || term > MaxNumber {
		return m.fatal
	}
	m.term, m.leader = term, leader
	if m.best != nil && leader != m.self {
		m.send("", Message{Certificate: m.best}) // so that a new leader proposes what can be echoed
	}
	return m.advance()
}

// Executed tells that the node's own history, or what the roster says, has changed.
func (m *Machine) Executed() error { return m.advance() }

// Resend asks for everything that others may have missed; the caller's timer calls it.
func (m *Machine) Resend() error {
	if m.fatal != nil {
		return m.fatal
	}
	k := m.kept
	if k.final != nil {
		m.send("", Message{Certificate: k.final})
	}
	if m.best != nil {
		m.send("", Message{Certificate: m.best})
	}
	if m.votes() {
		if k.proposed != nil {
			m.sendProposal(*k.proposed)
		}
		if k.echoed != nil {
			s := m.sign(Echo, k.echoed.point())
			m.send("", Message{Signed: &s, Proposal: k.echoed})
		}
		if k.lock != nil {
			s := m.sign(Lock, k.lock.point())
			m.send("", Message{Signed: &s})
		}
	}
	m.rebuilt = point{}
	if err := m.advance(); err != nil {
		return err
	}
	m.catchUp()
	return nil
}

// Propose makes the leader propose its history up to size, or, when a quorum of echoes has been shown,
// what that is for, whatever size. Once a round. The error is [ErrPropose], with what is in the way.
func (m *Machine) Propose(size uint64) error {
	if m.fatal != nil {
		return m.fatal
	}
	if !m.votes() || m.leader != m.self || m.term < m.rule.round || m.term == 0 {
		return fmt.Errorf("%w: not the leader of a round that may be voted in", ErrPropose)
	}
	v := m.rule.best.value
	if m.rule.best.round == 0 {
		root, ok := m.History.RootAt(size)
		if !ok {
			return fmt.Errorf("%w: size %d is not executed", ErrPropose, size)
		}
		v = Value{size, root}
	}
	if !m.holds(v) {
		return fmt.Errorf("%w: own history must be rebuilt first", ErrPropose)
	}
	m.rule.enter(m.term)
	if !m.rule.propose(v) {
		return fmt.Errorf("%w: proposed in this round already, or not above what is final", ErrPropose)
	}
	m.keepRound()
	s := m.vote(Proposal, point{m.term, v})
	m.kept.proposed = &s
	m.sendProposal(s)
	return m.advance()
}

func (m *Machine) sendProposal(s Signed) {
	out := Message{Signed: &s}
	if m.best != nil && m.best.Round < s.Round && m.best.Value == s.Value {
		out.Certificate = m.best
	}
	m.send("", out)
}

// Ready hands out what has come up since the last call; false when nothing has.
func (m *Machine) Ready() (Ready, bool) {
	r := m.out
	m.out = Ready{}
	if m.signed {
		m.signed = false
		r.State = m.kept.bytes(m.Ledger, m.Incarnation, m.self)
	}
	return r, !r.empty()
}

func (m *Machine) send(to string, msg Message) {
	m.out.Send = append(m.out.Send, Out{to, msg.Bytes()})
}

// sign makes this node's statement.
func (m *Machine) sign(kind Kind, p point) Signed {
	s := Statement{m.Ledger, m.Incarnation, kind, m.rule.height, p.round, p.value}
	return Signed{s, m.self, [64]byte(member.Sign(m.Key, Domain, s.Bytes()))}
}

// vote signs a statement that the rule has just allowed, and counts it.
func (m *Machine) vote(kind Kind, p point) Signed {
	s := m.sign(kind, p)
	m.signed = true
	m.tally.add(s)
	return s
}

// keepRound forgets what was kept of an earlier round.
func (m *Machine) keepRound() {
	if m.kept.round != m.rule.round {
		m.kept.round, m.kept.proposed, m.kept.echoed = m.rule.round, nil, nil
	}
}
