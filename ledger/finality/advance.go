package finality

import (
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
)

// holds reports whether the node has executed to v and found its root, over what is final.
func (m *Machine) holds(v Value) bool {
	root, ok := m.History.RootAt(v.Size)
	if !ok || root != v.Root {
		return false
	}
	f := m.rule.final
	if f == (Value{}) {
		return true
	}
	root, ok = m.History.RootAt(f.Size)
	return ok && root == f.Root
}

// advance does what can be done now.
func (m *Machine) advance() error {
	if m.fatal != nil {
		return m.fatal
	}
	m.learnVoters()
	for m.votes() && m.term >= m.rule.round && m.term > 0 && (m.tryEcho() || m.tryLock()) {
	}
	m.tryCosign()
	m.tryRebuild()
	if p := m.kept.proposed; p != nil && m.leader == m.self && p.Round == m.term && m.rule.best.round > 0 &&
		m.rule.best.value != p.Value && m.hopeless != m.term {
		m.hopeless, m.out.NewRound = m.term, true
	}
	return nil
}

func (m *Machine) tryEcho() bool {
	p := m.tally.proposal(m.leader, m.term)
	if p == nil || !m.holds(p.Value) {
		return false
	}
	m.rule.enter(m.term)
	if !m.rule.echo(p.Value) {
		return false
	}
	m.keepRound()
	kept := *p
	m.kept.echoed = &kept
	m.out.Keep = append(m.out.Keep, p.Value)
	s := m.vote(Echo, p.point())
	m.send("", Message{Signed: &s, Proposal: &kept})
	m.count(s)
	return true
}

// Wanted is the proposal of this round's leader that this node would echo if it held it, and does not.
// Raft orders, so above what is final and what a quorum of echoes is known for the leader's history may
// take the place of the node's own.
func (m *Machine) Wanted() (Signed, bool) {
	if m.fatal != nil || !m.votes() || m.term < m.rule.round {
		return Signed{}, false
	}
	p := m.tally.proposal(m.leader, m.term)
	if p == nil || m.holds(p.Value) {
		return Signed{}, false
	}
	could := m.rule // a copy: nothing is signed here
	could.enter(m.term)
	return *p, could.echo(p.Value)
}

func (m *Machine) tryLock() bool {
	if m.best == nil || m.best.Round != m.term || !m.holds(m.best.Value) {
		return false
	}
	m.rule.enter(m.term)
	if !m.rule.signLock() {
		return false
	}
	m.keepRound()
	m.kept.lock = m.best
	s := m.vote(Lock, m.best.point())
	m.send("", Message{Signed: &s})
	m.count(s)
	return true
}

// tryCosign asks for the cosignature once this node has executed what is final.
func (m *Machine) tryCosign() {
	f := m.kept.final
	if f == nil || m.cosigned || !m.holds(f.Value) {
		return
	}
	voters, ok := m.Roster.VotersAt(f.Height)
	if !ok {
		return
	}
	m.cosigned = true
	if _, votes := voters.Find(m.self); votes {
		m.out.Cosign = append(m.out.Cosign, Final{*f})
	}
}

// target is the history that this node must have: what is final, then what has the newest quorum of
// echoes.
func (m *Machine) target() *Certificate {
	if f := m.kept.final; f != nil && !m.holds(f.Value) {
		return f
	}
	if m.best != nil && !m.holds(m.best.Value) {
		return m.best
	}
	return nil
}

// tryRebuild asks for another history as soon as the node's own is known to be another.
func (m *Machine) tryRebuild() {
	c := m.target()
	if c == nil || c.point() == m.rebuilt {
		return
	}
	if root, ok := m.History.RootAt(c.Value.Size); ok && root != c.Value.Root {
		m.rebuilt = c.point()
		m.out.Rebuild = &Rebuild{*c, m.others(*c), true}
	}
}

// catchUp asks for a history that raft has not brought by the time of a Resend.
func (m *Machine) catchUp() {
	if c := m.target(); c != nil && m.out.Rebuild == nil {
		m.out.Rebuild = &Rebuild{*c, m.others(*c), false}
	}
}

func (m *Machine) others(c Certificate) []member.KeyID {
	return slices.DeleteFunc(c.signers(), func(id member.KeyID) bool { return id == m.self })
}
