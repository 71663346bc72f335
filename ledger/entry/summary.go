package entry

import (
	"fmt"
	"strings"

	"github.com/crosslight/crosslight/protocol/member"
)

// Summary says in one line what an entry does. It names nothing that is not public among members.
func Summary(s Signed) string {
	switch b := s.body.(type) {
	case NodeInfo:
		return fmt.Sprintf("node at %s, version %s", strings.Join(b.Addresses, ", "), b.Version)
	case EpochCommit:
		return fmt.Sprintf("epoch %d with keys for %d types", b.Epoch, len(b.Keys))
	case Affiliate:
		if len(b.Members) == 0 {
			return "no affiliates"
		}
		return "affiliates: " + strings.Join(b.Members, ", ")
	case Vote:
		return fmt.Sprintf("%s on proposal %s", YesNo(b.Yes), b.Proposal)
	case EmergencySuspend:
		return "call to suspend " + b.Member + " at once"
	case Recovery:
		st, err := b.Decode()
		if err != nil {
			return s.Kind().String()
		}
		return fmt.Sprintf("recovery into incarnation %d from size %d, signed by %d seats", st.Incarnation, st.Size, len(b.Signatures))
	case Seal:
		return fmt.Sprintf("checkpoint %d of size %d is final", b.Height, b.Size)
	case StateAnchor:
		return fmt.Sprintf("state hash %x at size %d", b.State, b.Size)
	case ManifestAnchor:
		return fmt.Sprintf("%d manifests of its index", len(b.Anchors))
	case Ack:
		return fmt.Sprintf("the ledger acknowledged at size %d", b.Size)
	case Rotate:
		how := "after 24 hours"
		if len(b.ByRoot) > 0 || b.Role == string(member.Root) && len(b.ByOld) > 0 {
			how = "at once"
		}
		return fmt.Sprintf("another %s key, %s, %s", b.Role, b.New.ID(), how)
	case Revoke:
		return "key " + b.Key.String() + " revoked"
	case HandOver:
		c, err := b.Decode()
		if err != nil {
			return s.Kind().String()
		}
		return fmt.Sprintf("the voters of before hand over at size %d", c.Value.Size)
	case ClockAttest:
		return "clock at " + Instant(b.Time)
	case WithdrawProposal:
		return fmt.Sprintf("proposal %s withdrawn", b.Proposal)
	case AuditCommit, AuditNonce, AuditReveal, AuditVerdict, LegalHold:
		return auditSummary(b)
	case Propose:
		p, err := b.Decode()
		if err != nil {
			return b.Proposal.String()
		}
		return fmt.Sprintf("proposal to %s", Phrase(p))
	}
	return s.Kind().String()
}

// GenesisSummary says in one line who founded the consortium.
func GenesisSummary(g SignedGenesis) string {
	names := make([]string, 0, len(g.genesis.Founders))
	for _, f := range g.genesis.Founders {
		names = append(names, f.Card.Name)
	}
	return "founded by " + strings.Join(names, ", ")
}

// Phrase completes the sentence "a proposal to …".
func Phrase(p Proposal) string {
	switch p := p.(type) {
	case Admit:
		with := "without a seat"
		if p.Seat {
			with = "with a seat"
		}
		return fmt.Sprintf("admit %s (%s) %s", p.Card.Card.Name, p.Card.Card.Sector, with)
	case Suspend:
		return "suspend " + p.Member
	case Reinstate:
		return "reinstate " + p.Member
	case SetPolicy:
		return fmt.Sprintf("put policy version %d in force", p.Policy.Version)
	case Expel:
		return "expel " + p.Member
	case SetSeat:
		if p.Seat {
			return "give " + p.Member + " a seat"
		}
		return "take the seat of " + p.Member
	case SetVoter:
		if p.Voter {
			return "make " + p.Member + " a voter"
		}
		return "end the raft vote of " + p.Member
	case SetSector:
		return fmt.Sprintf("move %s to the sector %s", p.Member, p.Sector)
	case SetThresholds:
		return "change the thresholds to " + p.Thresholds.String()
	case RevokeKey:
		return "revoke the key " + p.Key.String()
	case SetUpgrade:
		return fmt.Sprintf("accept entries of version %d", p.Version)
	case OpenAudit:
		return fmt.Sprintf("audit %d questions of %s to %s, %s to %s", p.Positions, p.Querier, p.Holder, Day(p.First), Day(p.Last))
	case EpochEnd:
		if p.Member == "" {
			return "end all members' epochs"
		}
		return "end the epoch of " + p.Member
	}
	return p.ProposalKind().String()
}

// YesNo is how a vote is written.
func YesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
