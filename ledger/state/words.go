package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
)

// Tally is how the vote on a proposal stands, over the seats of this moment.
type Tally struct {
	Seats   int
	Yes, No int
	Missing []string // members whose seats have not voted, in ascending order; empty once decided
	Needs   string   // in words, what is still needed; empty once decided
}

// Tally counts the votes on a proposal. The error is [entry.ErrUnknownProposal].
func (s *State) Tally(id entry.Hash) (Tally, error) {
	p, ok := s.byID[id]
	if !ok {
		return Tally{}, entry.ErrUnknownProposal
	}
	return s.tally(p), nil
}

// TallyOf is the tally of a proposal that has not been opened yet, for a dry run.
func (s *State) TallyOf(content entry.Proposal) Tally {
	return s.tally(&proposalRecord{Proposal: Proposal{State: Open, Content: content}})
}

func (s *State) tally(p *proposalRecord) Tally {
	c := s.count(p)
	t := Tally{Seats: c.seats, Yes: c.yes, No: c.no}
	if p.State == Open {
		t.Missing, t.Needs = c.missing, c.needs()
		if t.Needs == "" { // what else keeps it open: see decide
			t.Needs = fmt.Sprintf("the voters before have to hand over at size %d", s.handOver.Index+1)
		}
	}
	return t
}

func (c count) needs() string {
	var parts []string
	if more := c.need.Least(c.seats) - c.yes; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more yes (%s of %d seats is %d%s)", more, c.need, c.seats, c.need.Least(c.seats), c.uncounted()))
	}
	if lack := c.sectors - len(c.yesSectors); lack > 0 {
		text := fmt.Sprintf("yes from %d more of the sectors", lack)
		if len(c.yesSectors) > 0 {
			text += fmt.Sprintf(" (so far: %s)", joinSectors(c.yesSectors))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", and ")
}

// uncounted says which seats a constitutional vote counts otherwise than one would think.
func (c count) uncounted() string {
	text := ""
	if c.taken > 0 {
		text += fmt.Sprintf("; %d of them taken away less than 90 days ago", c.taken)
	}
	if c.young > 0 {
		text += fmt.Sprintf("; %d more are not 90 days old and do not count", c.young)
	}
	return text
}

func joinSectors(set map[member.Sector]bool) string {
	var names []string
	for sector := range set {
		names = append(names, string(sector))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Describe says in words, a line each, what would change if a proposal were accepted now.
func (s *State) Describe(p entry.Proposal) []string {
	switch p := p.(type) {
	case entry.Admit:
		return s.describeAdmit(p)
	case entry.Suspend:
		if e, ok := s.Emergency(p.Member); ok {
			return []string{
				fmt.Sprintf("%s stays suspended: the emergency suspension by %s no longer lapses.", p.Member, strings.Join(e.By, " and ")),
			}
		}
		return []string{
			fmt.Sprintf("%s may no longer ask any member, and no member may ask it.", p.Member),
			"Every other node closes its query and mirror streams with it at once.",
			"Its seat keeps its vote and its node keeps replicating the ledger.",
			epochsTurn,
		}
	case entry.Reinstate:
		lines := []string{fmt.Sprintf("%s may ask and be asked again, as the policy has it.", p.Member)}
		if e, ok := s.Emergency(p.Member); ok {
			lines = append(lines, fmt.Sprintf("For 30 days %s call for no emergency suspension, and none is called against %s.",
				strings.Join(e.By, " and "), p.Member))
		}
		return lines
	case entry.SetPolicy:
		return s.describePolicy(p.Policy)
	}
	return s.describeBoard(p)
}

func (s *State) describeAdmit(p entry.Admit) []string {
	c := p.Card.Card
	lines := []string{
		fmt.Sprintf("%s (sector %s, jurisdiction %s) becomes a member.", c.Name, c.Sector, c.Jurisdiction),
		fmt.Sprintf("Its node %s replicates the ledger without a raft vote.", c.Keys.Node.PeerID()),
	}
	if p.Seat {
		lines = append(lines, "It gets a seat: "+s.seatsInstead(1))
	} else {
		lines = append(lines, "It gets no seat: it asks and is asked, but does not vote.")
	}
	return append(lines, "It takes part as soon as its node has acknowledged the ledger, which it does by itself.")
}

func (s *State) describePolicy(next policy.Policy) []string {
	lines := []string{fmt.Sprintf("Policy version %d takes the place of version %d.", next.Version, s.policy.Version)}
	for _, name := range lacking(s.policy.Purposes, next.Purposes) {
		lines = append(lines, "Purpose added: "+name+".")
	}
	for _, name := range lacking(next.Purposes, s.policy.Purposes) {
		lines = append(lines, "Purpose removed: "+name+".")
	}
	for _, r := range next.Rules {
		old, ok := s.policy.Rule(r.ID)
		switch {
		case !ok:
			lines = append(lines, "Added "+r.String()+".")
		case !policy.EqualRules(old, r):
			lines = append(lines, "Changed "+r.String()+".")
		}
	}
	for _, r := range s.policy.Rules {
		if _, ok := next.Rule(r.ID); !ok {
			lines = append(lines, "Removed "+r.String()+".")
		}
	}
	lines = append(lines, policy.DescribeCeilings(s.policy, next)...)
	if s.policy.EpochDays != next.EpochDays {
		lines = append(lines, policy.EpochWords(next.EpochDays))
	}
	return lines
}

// lacking returns what is in list but not in from.
func lacking(from, list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(from, s) })
}

// DescribeEmergency says in words, a line each, what a call by that member's seat would change now.
func (s *State) DescribeEmergency(caller, name string) []string {
	if !s.WouldSuspend(caller, name) {
		return []string{
			"Nothing is suspended yet: the call waits for a seat of another sector, for at most 24 hours of ledger time.",
			"If the other seat calls: " + name + " is suspended at once.",
		}
	}
	return []string{
		fmt.Sprintf("%s is suspended at once: it may no longer ask any member, and no member may ask it.", name),
		fmt.Sprintf("The suspension lapses at %s (ledger time) unless the board ratifies it.", entry.Instant(s.time+EmergencyLife)),
		"Its seat keeps its vote and its node its part in the ledger.",
		"If it lapses, neither seat calls again for 30 days.",
		epochsTurn,
	}
}
