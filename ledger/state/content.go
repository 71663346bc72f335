package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// checkContent says whether what is proposed can be done now. It runs when a proposal is opened and
// again when it is accepted.
func (s *State) checkContent(p entry.Proposal) error {
	switch p := p.(type) {
	case entry.Admit:
		return s.checkAdmit(p.Card)
	case entry.Suspend:
		if _, ok := s.Emergency(p.Member); ok {
			return nil // the board makes it its own
		}
		return s.checkStatus(p.Member, false, entry.ErrAlreadySuspended)
	case entry.Reinstate:
		return s.checkStatus(p.Member, true, entry.ErrNotSuspended)
	case entry.SetPolicy:
		return s.checkPolicy(p)
	case entry.Expel:
		return s.checkExpel(p.Member)
	case entry.SetSeat:
		return s.checkSetSeat(p)
	case entry.SetVoter:
		return s.checkSetVoter(p)
	case entry.SetSector:
		return s.checkSetSector(p)
	case entry.SetThresholds:
		return s.checkSetThresholds(p)
	case entry.RevokeKey:
		return s.checkRevokeKey(p.Key)
	case entry.SetUpgrade:
		return s.checkUpgrade(p)
	case entry.OpenAudit:
		return s.checkOpenAudit(p)
	case entry.EpochEnd:
		return s.checkEpochEnd(p)
	}
	return entry.ErrKindNotServed
}

func (s *State) checkAdmit(card member.SignedCard) error {
	if len(s.members) >= MaxMembers {
		return fmt.Errorf("%w: %d members", entry.ErrFull, len(s.members))
	}
	fold := member.FoldName(card.Card.Name)
	for _, m := range slices.Concat(s.members, s.former) {
		if member.FoldName(m.Name) == fold {
			return fmt.Errorf("%w: %q", entry.ErrMemberExists, m.Name)
		}
	}
	for _, role := range member.Roles() {
		if ref, ok := s.keys[card.Card.Keys.Of(role).ID()]; ok {
			return fmt.Errorf("%w: the applicant's %s key is the %s key of %s", entry.ErrKeyExists, role, ref.role, ref.owner.Name)
		}
	}
	if err := card.Check(); err != nil {
		return fmt.Errorf("%w: %w", entry.ErrCard, err)
	}
	return nil
}

func (s *State) checkStatus(name string, suspended bool, otherwise error) error {
	m := s.record(name)
	if m == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	if (m.Status == Suspended) != suspended {
		return fmt.Errorf("%w: %s", otherwise, name)
	}
	return nil
}

func (s *State) checkPolicy(p entry.SetPolicy) error {
	if next := s.policy.Version + 1; p.Policy.Version != next {
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrPolicyVersion, p.Policy.Version, next)
	}
	for _, name := range p.Policy.MemberNames() {
		if s.record(name) == nil {
			return fmt.Errorf("%w: a rule names %q", entry.ErrUnknownMember, name)
		}
	}
	return nil
}

func (s *State) checkUpgrade(p entry.SetUpgrade) error {
	if next := s.version + 1; p.Version != next {
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrUpgrade, p.Version, next)
	}
	return nil
}
