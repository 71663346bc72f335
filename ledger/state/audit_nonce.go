package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
)

// CheckNonce says whether a member's seat could commit to a nonce of an audit now.
func (s *State) CheckNonce(name string, audit entry.Hash) error {
	by := s.record(name)
	if by == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	_, err := s.checkNonce(by, audit)
	return err
}

func (s *State) checkNonce(by *memberRecord, audit entry.Hash) (*Audit, error) {
	a, err := s.audit(audit)
	switch {
	case err != nil:
		return nil, err
	case !by.Seat:
		return nil, fmt.Errorf("%w: %s draws nothing", entry.ErrNoSeat, by.Name)
	case by.Status == Suspended:
		return nil, fmt.Errorf("%w: %s draws nothing until it is reinstated", entry.ErrSuspended, by.Name)
	case by.Name == a.Content.Querier:
		return nil, fmt.Errorf("%w: %s is audited", entry.ErrAuditParty, by.Name)
	case slices.Contains(a.Withheld, by.Name):
		return nil, fmt.Errorf("%w: %s", entry.ErrWithheld, by.Name)
	case a.Phase != AuditNonces:
		return nil, fmt.Errorf("%w: it is %s", entry.ErrAuditPhase, a.Phase)
	}
	for _, n := range a.Nonces {
		switch other := s.anyRecord(n.Member); {
		case n.Member == by.Name:
			return nil, fmt.Errorf("%w: %s has committed to a nonce", entry.ErrNoChange, by.Name)
		case other.Sector == by.Sector:
			return nil, fmt.Errorf("%w: %s is of %s too", entry.ErrSameSector, n.Member, by.Sector)
		}
	}
	return a, nil
}

func (s *State) prepareAuditNonce(by *memberRecord, b entry.AuditNonce) (change, error) {
	a, err := s.checkNonce(by, b.Audit)
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		a.Nonces = append(a.Nonces, AuditNonce{Member: by.Name, Commitment: b.Commitment})
		if len(a.Nonces) == 2 {
			a.Phase, a.RevealBy = AuditReveals, s.time+RevealLife
		}
		return []Event{{Kind: NonceCommitted, Index: index, Member: by.Name, Proposal: a.ID}}
	}, nil
}

func (s *State) prepareAuditReveal(by *memberRecord, b entry.AuditReveal) (change, error) {
	a, i, err := s.checkReveal(by, b)
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		a.Nonces[i].Revealed, a.Nonces[i].Nonce = true, b.Nonce
		events := []Event{{Kind: NonceRevealed, Index: index, Member: by.Name, Proposal: a.ID}}
		if !a.Nonces[1-i].Revealed {
			return events
		}
		a.Phase, a.Seed, a.AnswerBy = AuditDrawn, s.seed(a), s.time+AnswerLife
		return append(events, Event{Kind: QuestionsDrawn, Index: index, Member: a.Content.Querier, Proposal: a.ID})
	}, nil
}

func (s *State) checkReveal(by *memberRecord, b entry.AuditReveal) (a *Audit, i int, err error) {
	if a, err = s.audit(b.Audit); err != nil {
		return nil, 0, err
	}
	i = slices.IndexFunc(a.Nonces, func(n AuditNonce) bool { return n.Member == by.Name })
	switch {
	case a.Phase != AuditReveals:
		return nil, 0, fmt.Errorf("%w: it is %s", entry.ErrAuditPhase, a.Phase)
	case i < 0:
		return nil, 0, fmt.Errorf("%w: %s has committed to none", entry.ErrNonce, by.Name)
	case a.Nonces[i].Revealed:
		return nil, 0, fmt.Errorf("%w: %s has revealed it", entry.ErrNoChange, by.Name)
	case draw.Commit(s.id, a.ID, a.Round, draw.Nonce{Member: by.Name, Nonce: b.Nonce}) != a.Nonces[i].Commitment:
		return nil, 0, fmt.Errorf("%w: %s", entry.ErrNonce, by.Name)
	}
	return a, i, nil
}

func (s *State) seed(a *Audit) [32]byte {
	var nonces []draw.Nonce
	for _, n := range a.Nonces {
		nonces = append(nonces, draw.Nonce{Member: n.Member, Nonce: n.Nonce})
	}
	return draw.Seed(s.id, a.ID, a.Segments, nonces)
}

// settleAudits ends what ledger time has overtaken. A nonce that was not revealed in time names its seat,
// which draws no more in this audit, and the round begins anew with nonces that nobody has seen: if the
// other one were kept, whoever takes the empty place could choose its own to suit.
func (s *State) settleAudits(index uint64) []Event {
	var events []Event
	for _, a := range s.audits {
		switch {
		case !a.Open():
		case a.Opened+AuditLife <= s.time:
			a.Phase = AuditLapsed
			events = append(events, Event{Kind: AuditEnded, Index: index, Member: a.Content.Querier, Proposal: a.ID})
		case a.Phase == AuditReveals && a.RevealBy <= s.time:
			for _, n := range a.Nonces {
				if !n.Revealed {
					a.Withheld = append(a.Withheld, n.Member)
					events = append(events, Event{Kind: NonceWithheld, Index: index, Member: n.Member, Proposal: a.ID})
				}
			}
			a.Phase, a.Nonces, a.RevealBy, a.Round = AuditNonces, nil, 0, a.Round+1
		}
	}
	return events
}
