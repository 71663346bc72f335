package finality

import (
	"fmt"
	"slices"
)

// Step takes a message; from names the stream that it came by and is used for answers only, since every
// statement says itself who signed it. An error is about the message and changes nothing, but for
// [ErrFork], after which the machine does nothing more.
func (m *Machine) Step(from string, b []byte) error {
	if m.fatal != nil {
		return m.fatal
	}
	msg, err := ParseMessage(b)
	if err != nil {
		return err
	}
	switch {
	case msg.Cosignature != nil:
		return m.stepCosignature(*msg.Cosignature)
	case msg.Signed != nil:
		err = m.stepSigned(from, msg)
	default:
		err = m.stepCertificate(from, *msg.Certificate)
	}
	if err != nil {
		return err
	}
	return m.advance()
}

// place checks that a statement is about this ledger and about the height being decided.
func (m *Machine) place(from string, s Statement) error {
	switch {
	case s.Ledger != m.Ledger || s.Incarnation != m.Incarnation:
		return ErrLedger
	case s.Height < m.rule.height:
		m.send(from, Message{Certificate: m.kept.final})
		return ErrBehind
	case s.Height > m.rule.height || !m.known:
		return ErrAhead
	}
	return nil
}

// verify checks a statement's signature against the voters of this height.
func (m *Machine) verify(s Signed) error {
	voter, ok := m.voters.Find(s.Signer)
	if !ok {
		return ErrVoter
	}
	if m.tally.has(s) {
		return nil
	}
	return s.Verify(voter.Log)
}

func (m *Machine) stepSigned(from string, msg Message) error {
	if err := m.place(from, msg.Signed.Statement); err != nil {
		return err
	}
	// Everything is verified before anything is counted.
	if err := m.verify(*msg.Signed); err != nil {
		return err
	}
	if msg.Proposal != nil {
		if err := m.verify(*msg.Proposal); err != nil {
			return err
		}
	}
	if msg.Certificate != nil {
		if err := msg.Certificate.verify(m.voters, m.tally.has); err != nil {
			return err
		}
		m.shown(*msg.Certificate)
	}
	if msg.Proposal != nil {
		m.count(*msg.Proposal)
	}
	m.count(*msg.Signed)
	return nil
}

func (m *Machine) stepCertificate(from string, c Certificate) error {
	if c.Kind == Lock && c.Ledger == m.Ledger && c.Incarnation == m.Incarnation {
		if f := m.kept.final; f != nil && c.Height == f.Height {
			return m.compare(*f, c)
		}
		if c.Height > m.rule.height { // what lies between was missed; it is in this one's history
			return m.jump(c)
		}
	}
	if err := m.place(from, c.Statement); err != nil {
		return err
	}
	if err := c.verify(m.voters, m.tally.has); err != nil {
		return err
	}
	m.shown(c)
	return nil
}

// jump takes a final certificate of a later height than the one being decided.
func (m *Machine) jump(c Certificate) error {
	voters, ok := m.Roster.VotersAt(c.Height)
	if !ok {
		return ErrAhead
	}
	if err := c.Verify(voters); err != nil {
		return err
	}
	m.finalise(c)
	return nil
}

// compare looks at a second final certificate of the newest final height. A cheat could send the same
// one without end, so it is not answered.
func (m *Machine) compare(ours, c Certificate) error {
	if c.Value == ours.Value {
		return ErrBehind
	}
	voters, ok := m.Roster.VotersAt(c.Height)
	if !ok {
		return ErrAhead
	}
	if err := c.Verify(voters); err != nil {
		return err
	}
	for _, s := range c.signed() {
		i := slices.IndexFunc(ours.Votes, func(v Vote) bool { return v.Signer == s.Signer })
		if i >= 0 && c.Round == ours.Round {
			m.out.Evidence = append(m.out.Evidence, newEvidence(ours.signed()[i], s))
		}
	}
	m.out.Fork = &Fork{ours, c}
	m.fatal = fmt.Errorf("%w: height %d", ErrFork, c.Height)
	return m.fatal
}

// count takes a verified statement at this height.
func (m *Machine) count(s Signed) {
	if e := m.tally.add(s); e != nil {
		m.out.Evidence = append(m.out.Evidence, *e)
	}
	if s.Kind == Proposal {
		return
	}
	if c := m.tally.quorum(s.Statement, m.voters.Quorum()); c != nil {
		m.quorum(*c)
	}
}

// shown takes a verified certificate at this height. Its signatures are counted like any, so that two
// certificates against one another leave evidence.
func (m *Machine) shown(c Certificate) {
	for _, s := range c.signed() {
		if e := m.tally.add(s); e != nil {
			m.out.Evidence = append(m.out.Evidence, *e)
		}
	}
	m.quorum(c)
}

func (m *Machine) quorum(c Certificate) {
	if c.Height != m.rule.height {
		return // it has just become final
	}
	if c.Kind == Lock {
		m.finalise(c)
		return
	}
	if m.rule.show(c.point()); m.rule.best == c.point() && (m.best == nil || m.best.point() != c.point()) {
		m.best = &c
	}
}

func (m *Machine) finalise(c Certificate) {
	m.rule.finalise(c.Height, c.Value, false)
	m.kept = kept{final: &c}
	m.best, m.tally, m.known, m.cosigned, m.rebuilt = nil, tally{}, false, false, point{}
	m.signed = true
	m.out.Final = append(m.out.Final, Final{c})
	m.send("", Message{Certificate: &c})
	m.learnVoters()
}

func (m *Machine) stepCosignature(c Cosignature) error {
	f := m.kept.final
	switch {
	case f == nil || c.Height > f.Height:
		return ErrAhead
	case c.Height < f.Height:
		return ErrBehind
	}
	voters, ok := m.Roster.VotersAt(c.Height)
	if !ok {
		return ErrAhead
	}
	if err := c.Verify(m.Ledger, voters); err != nil {
		return err
	}
	if c.Value != f.Value {
		return ErrCosignature
	}
	m.out.Cosignatures = append(m.out.Cosignatures, c)
	return nil
}
