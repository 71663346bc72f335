package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
)

// Audits, in seconds of ledger time.
const (
	// RevealLife is how long two seats have to reveal the nonces that they committed to.
	RevealLife = 24 * 3600
	// AnswerLife is how long the querier has to open what was drawn.
	AnswerLife = 7 * daySeconds
	// AuditLife is how long an audit is open at most.
	AuditLife = 60 * daySeconds
	// MaxAudits is how many are open at a time.
	MaxAudits = 64
)

// AuditPhase is where an audit stands.
type AuditPhase string

// The phases. Two seats commit to nonces, both reveal them, which draws the questions, the querier opens
// those, and every auditor gives its verdict. Lapsed means that this took longer than AuditLife.
const (
	AuditNonces  AuditPhase = "nonces"
	AuditReveals AuditPhase = "reveals"
	AuditDrawn   AuditPhase = "drawn"
	AuditClosed  AuditPhase = "closed"
	AuditLapsed  AuditPhase = "lapsed"
)

// AuditNonce is what a seat has committed to in the round that is on, and its nonce once it is revealed.
type AuditNonce struct {
	Member     string   `cbor:"1,keyasint"`
	Commitment [32]byte `cbor:"2,keyasint"`
	Revealed   bool     `cbor:"3,keyasint"`
	Nonce      [32]byte `cbor:"4,keyasint"`
}

// AuditVerdict is how an auditor found the openings.
type AuditVerdict struct {
	Member  string        `cbor:"1,keyasint"`
	Outcome entry.Outcome `cbor:"2,keyasint"`
	Held    uint64        `cbor:"3,keyasint"`
	Index   uint64        `cbor:"4,keyasint"` // of the entry
}

// Audit is one audit by opening. Its id is that of the proposal that opened it.
type Audit struct {
	ID       entry.Hash
	Content  entry.OpenAudit
	Phase    AuditPhase
	Index    uint64         // of the entry that opened it
	Opened   uint64         // ledger time
	Round    uint64         // of nonces: 1, and one more each time that one was withheld
	Nonces   []AuditNonce   // of this round, in the order of their commitments
	RevealBy uint64         // ledger time, 0 before both have committed
	Withheld []string       // members that withheld a nonce, in the order in which they did
	Seed     [32]byte       // once drawn
	AnswerBy uint64         // ledger time, once drawn
	Verdicts []AuditVerdict // in the order of their entries
	Segments []draw.Segment // what is drawn from
}

// Open says whether the audit goes on.
func (a Audit) Open() bool { return a.Phase != AuditClosed && a.Phase != AuditLapsed }

// Total is how many elements there are to draw from, and Drawn how many are drawn.
func (a Audit) Total() uint64 { return draw.Total(a.Segments) }

// Drawn is how many positions the audit opens.
func (a Audit) Drawn() uint64 { return min(a.Content.Positions, a.Total()) }

// Positions are the elements that were drawn, in ascending order; nil before.
func (a Audit) Positions() []uint64 {
	if a.Seed == [32]byte{} {
		return nil
	}
	return draw.Positions(a.Seed, a.Total(), a.Content.Positions)
}

func (a Audit) clone() Audit {
	a.Nonces, a.Withheld = slices.Clone(a.Nonces), slices.Clone(a.Withheld)
	a.Verdicts, a.Segments = slices.Clone(a.Verdicts), slices.Clone(a.Segments)
	return a
}

// Audits lists all audits in the order in which they were opened.
func (s *State) Audits() []Audit {
	out := make([]Audit, 0, len(s.audits))
	for _, a := range s.audits {
		out = append(out, a.clone())
	}
	return out
}

// Audit returns an audit, and whether there is one with that id.
func (s *State) Audit(id entry.Hash) (Audit, bool) {
	a, err := s.audit(id)
	if err != nil {
		return Audit{}, false
	}
	return a.clone(), true
}

func (s *State) audit(id entry.Hash) (*Audit, error) {
	for _, a := range s.audits {
		if a.ID == id {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", entry.ErrUnknownAudit, id)
}

// checkOpenAudit: logs that are committed to cannot be bent any more to what will be drawn.
func (s *State) checkOpenAudit(p entry.OpenAudit) error {
	querier, holder := s.record(p.Querier), s.record(p.Holder)
	if querier == nil || holder == nil {
		return fmt.Errorf("%w: %q or %q", entry.ErrUnknownMember, p.Querier, p.Holder)
	}
	for _, a := range p.Auditors {
		if err := s.checkAuditor(a.Member, querier, holder); err != nil {
			return err
		}
	}
	for _, m := range []*memberRecord{querier, holder} {
		if last, ok := m.committed(); !ok || last < p.Last {
			return fmt.Errorf("%w: %s has not committed to %s", entry.ErrNotCommitted, m.Name, entry.Day(p.Last))
		}
	}
	segments := s.Segments(p.Querier, p.Holder, p.First, p.Last)
	if len(segments) == 0 {
		return fmt.Errorf("%w: %s and %s have no log in common from %s to %s",
			entry.ErrNothing, p.Querier, p.Holder, entry.Day(p.First), entry.Day(p.Last))
	}
	for _, segment := range segments {
		if keep := querier.keeps(segment.Day, p.Holder); segment.Day+keep < s.Today() {
			return fmt.Errorf("%w: what was asked on %s was to be kept for %d days", entry.ErrRetention, entry.Day(segment.Day), keep)
		}
	}
	open := 0
	for _, a := range s.audits {
		if a.Open() {
			open++
		}
	}
	if open >= MaxAudits {
		return fmt.Errorf("%w: %d audits are open", entry.ErrTooManyOpen, open)
	}
	return nil
}

// checkAuditor: openings are seen by a seat that has nothing to do with either side.
func (s *State) checkAuditor(name string, querier, holder *memberRecord) error {
	m := s.record(name)
	switch {
	case m == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	case !m.Seat:
		return fmt.Errorf("%w: %s audits nothing", entry.ErrNoSeat, name)
	case m == querier, m == holder, m.Sector == querier.Sector, m.Sector == holder.Sector:
		return fmt.Errorf("%w: %s (%s)", entry.ErrAuditParty, name, m.Sector)
	}
	return nil
}

// keeps is how many days a member keeps what it asked of another on a day.
func (m *memberRecord) keeps(day uint64, holder string) uint64 {
	c, ok := m.commitOf(day)
	if !ok {
		return 0
	}
	for i, r := range c.commit.Rows {
		if r.Member == holder {
			return c.keep[i]
		}
	}
	return 0
}

func (s *State) openAudit(p entry.OpenAudit, id entry.Hash, index uint64) []Event {
	s.audits = append(s.audits, &Audit{
		ID: id, Content: p, Phase: AuditNonces, Index: index, Opened: s.time, Round: 1,
		Segments: s.Segments(p.Querier, p.Holder, p.First, p.Last),
	})
	return []Event{{Kind: AuditOpened, Index: index, Member: p.Querier, Other: p.Holder}}
}

func (s *State) prepareAuditVerdict(by *memberRecord, b entry.AuditVerdict) (change, error) {
	a, err := s.checkVerdict(by, b)
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		a.Verdicts = append(a.Verdicts, AuditVerdict{Member: by.Name, Outcome: b.Outcome, Held: b.Held, Index: index})
		events := []Event{{Kind: AuditJudged, Index: index, Member: by.Name, Other: a.Content.Querier, Proposal: a.ID}}
		if len(a.Verdicts) < len(a.Content.Auditors) {
			return events
		}
		a.Phase = AuditClosed
		return append(events, Event{Kind: AuditEnded, Index: index, Member: a.Content.Querier, Proposal: a.ID})
	}, nil
}

func (s *State) checkVerdict(by *memberRecord, b entry.AuditVerdict) (*Audit, error) {
	a, err := s.audit(b.Audit)
	if err != nil {
		return nil, err
	}
	all := b.Held == a.Drawn()
	switch {
	case !by.Seat:
		return nil, fmt.Errorf("%w: %s gives no verdict", entry.ErrNoSeat, by.Name)
	case !slices.ContainsFunc(a.Content.Auditors, func(x entry.Auditor) bool { return x.Member == by.Name }):
		return nil, fmt.Errorf("%w: %s is none of them", entry.ErrNotAnAuditor, by.Name)
	case a.Phase != AuditDrawn:
		return nil, fmt.Errorf("%w: it is %s", entry.ErrAuditPhase, a.Phase)
	case slices.ContainsFunc(a.Verdicts, func(v AuditVerdict) bool { return v.Member == by.Name }):
		return nil, fmt.Errorf("%w: %s has given its verdict", entry.ErrNoChange, by.Name)
	case b.Held > a.Drawn(), (b.Outcome == entry.OutcomeTrue || b.Outcome == entry.OutcomeUnjustified) != all:
		return nil, fmt.Errorf("%w: %s with %d of %d", entry.ErrVerdict, b.Outcome, b.Held, a.Drawn())
	case b.Outcome == entry.OutcomeRefused && s.time < a.AnswerBy:
		return nil, fmt.Errorf("%w: until %s", entry.ErrTooEarly, entry.Instant(a.AnswerBy))
	}
	return a, nil
}
