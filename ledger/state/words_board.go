package state

import (
	"cmp"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// describeBoard is Describe for what changes members, seats, voters and how decisions are made.
func (s *State) describeBoard(p entry.Proposal) []string {
	switch p := p.(type) {
	case entry.Expel:
		return s.describeExpel(p.Member)
	case entry.SetSeat:
		return s.describeSetSeat(p)
	case entry.SetVoter:
		return s.describeSetVoter(p)
	case entry.SetSector:
		return []string{
			fmt.Sprintf("%s counts as %s instead of %s, in rules of the policy too.", p.Member, p.Sector, s.sectorOf(p.Member)),
			"All other open proposals are dropped: they were voted on under the constitution of before.",
		}
	case entry.SetThresholds:
		return []string{
			"Decisions take: " + p.Thresholds.String() + ".",
			"Until now: " + s.thresholds.String() + ".",
			"All other open proposals are dropped: they were voted on under the constitution of before.",
		}
	case entry.RevokeKey:
		return s.describeRevoke(p.Key)
	case entry.SetUpgrade:
		return s.describeUpgrade(p)
	case entry.OpenAudit:
		return s.describeAudit(p)
	case entry.EpochEnd:
		return s.describeEpochEnd(p)
	}
	return nil
}

func (s *State) sectorOf(name string) member.Sector {
	if m := s.record(name); m != nil {
		return m.Sector
	}
	return ""
}

func (s *State) describeExpel(name string) []string {
	lines := []string{
		fmt.Sprintf("%s is no longer a member: it asks nobody, nobody asks it, and no key of it signs anything.", name),
		"Every other node closes its streams with it at once, the ledger's too. Neither its name nor its keys can come back.",
	}
	m := s.record(name)
	if m == nil {
		return lines
	}
	if m.Status == Active {
		lines = append(lines, epochsTurn)
	}
	if m.Seat {
		lines = append(lines, s.seatsInstead(-1))
		lines = append(lines, "Towards constitutional votes its seat still counts for 90 days of ledger time, as one that does not say yes.")
	}
	if m.Voter {
		lines = append(lines, s.describeVoters(-1)...)
	}
	for _, rule := range s.policy.Rules {
		if rule.Names(name) {
			lines = append(lines, fmt.Sprintf("Rule %s of the policy names it and will stand for nobody.", rule.ID))
		}
	}
	return lines
}

func (s *State) describeSetSeat(p entry.SetSeat) []string {
	if p.Seat {
		return []string{
			fmt.Sprintf("%s gets a seat: %s", p.Member, s.seatsInstead(1)),
			"It counts towards constitutional votes after 90 days of ledger time.",
		}
	}
	return []string{
		fmt.Sprintf("%s loses its seat and stays a member: %s", p.Member, s.seatsInstead(-1)),
		"Its votes on open proposals count no more, and those are counted again.",
		"Towards constitutional votes the seat still counts for 90 days of ledger time, as one that does not say yes.",
	}
}

// seatsInstead says how many seats vote once there are more or fewer by that many.
func (s *State) seatsInstead(by int) string {
	seats := s.count(&proposalRecord{Proposal: Proposal{Content: entry.Suspend{}}}).seats
	return fmt.Sprintf("%d seats vote instead of %d.", seats+by, seats)
}

func (s *State) describeSetVoter(p entry.SetVoter) []string {
	if p.Voter {
		return append([]string{fmt.Sprintf("The node of %s votes in raft, attests its clock and signs checkpoints.", p.Member)}, s.describeVoters(1)...)
	}
	return append([]string{fmt.Sprintf("The node of %s replicates the ledger without a raft vote.", p.Member)}, s.describeVoters(-1)...)
}

func (s *State) describeVoters(by int) []string {
	n := len(s.voterKeys())
	lines := []string{fmt.Sprintf("%d voters instead of %d: %d of them make an entry final, and %d may cheat.",
		n+by, n, Quorum(n+by), max(n+by-1, 0)/3)}
	if s.handOver.Index != 0 {
		lines = append(lines, "It waits until the voters before have handed over.")
	}
	return append(lines, "The voters of before sign one more checkpoint, which ends with this decision.")
}

func (s *State) describeRevoke(id member.KeyID) []string {
	ref, ok := s.liveKey(id)
	if !ok {
		return nil
	}
	lines := []string{
		fmt.Sprintf("The %s key of %s signs nothing more; what it signed before stands.", ref.role, ref.owner.Name),
		"Another key takes its place when the member rotates it, signed by its root key, or else after 24 hours of ledger time.",
	}
	if ref.owner.Voter && votingRole(ref.role) {
		lines = append(lines, fmt.Sprintf("%s is no voter until the board makes it one again.", ref.owner.Name))
		lines = append(lines, s.describeVoters(-1)...)
	}
	return lines
}

func (s *State) describeUpgrade(p entry.SetUpgrade) []string {
	lines := []string{
		fmt.Sprintf("Entries of version %d are accepted beside the older ones.", p.Version),
		"A node whose program does not know them halts at the first one: bring every node up to date before you vote yes.",
	}
	for _, m := range s.members {
		lines = append(lines, fmt.Sprintf("%s runs %s.", m.Name, cmp.Or(m.Version, "a program that it has not named")))
	}
	return lines
}
