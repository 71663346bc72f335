package policy

import (
	"fmt"
	"slices"
)

// Ask is a question about a question: may From ask To about Type for Purpose?
type Ask struct {
	From, FromSector string
	To, ToSector     string
	Type             string
	Purpose          string
	HasCase          bool // a case reference is committed to
}

// Decision is the answer. Rule is the rule that allows, or the one that came nearest; Reason says in
// words why nothing allows. The figures are the rule's, but for the ceiling, which is the policy's.
type Decision struct {
	Allowed           bool
	Rule              string
	Reveal            Reveal
	EvaluationsPerDay uint64
	CeilingPerDay     uint64 // for all queriers of a type together; 0 is none
	RetentionDays     uint64
	WatchSize         uint64 // 0 forbids
	BulkSetSize       uint64 // 0 forbids
	BulkLearn         Learn
	CountAllowed      bool
	Reason            string
}

// Within returns d with nothing that exceeds what other allows, for a policy that has been decided on and is
// not final yet. What two sets share is learnt by nobody where the two differ on who does.
func (d Decision) Within(other Decision) Decision {
	if other.Reveal == RevealMatch {
		d.Reveal = RevealMatch
	}
	if d.BulkLearn != other.BulkLearn {
		d.BulkLearn = LearnNobody
	}
	if d.CeilingPerDay == 0 || other.CeilingPerDay != 0 && other.CeilingPerDay < d.CeilingPerDay {
		d.CeilingPerDay = other.CeilingPerDay
	}
	d.EvaluationsPerDay = min(d.EvaluationsPerDay, other.EvaluationsPerDay)
	d.WatchSize, d.BulkSetSize = min(d.WatchSize, other.WatchSize), min(d.BulkSetSize, other.BulkSetSize)
	d.CountAllowed = d.CountAllowed && other.CountAllowed
	return d
}

// Most returns how many evaluations a day some rule grants From of To's index of a type, whatever the
// purpose: what remains of a budget is shown against it.
func Most(p Policy, a Ask) (evaluations uint64) {
	for _, r := range p.Rules {
		if a.From != a.To && r.parties(a) && matches(r.Types, a.Type) {
			evaluations = max(evaluations, r.EvaluationsPerDay)
		}
	}
	return evaluations
}

// Check tries the rules in order; the first that allows decides. A rule that wants a case reference
// where there is none does not allow, and later rules are tried.
func Check(p Policy, a Ask) Decision {
	if a.From == a.To {
		return Decision{Reason: "a member does not ask itself"}
	}
	if checkPurpose(a.Purpose) != nil || CheckType(a.Type) != nil {
		return Decision{Reason: "no such purpose or indicator type"} // not quoted: a peer may have sent it
	}
	if !slices.Contains(p.Purposes, a.Purpose) {
		return Decision{Reason: fmt.Sprintf("%q is no purpose of policy version %d: use one of %v", a.Purpose, p.Version, p.Purposes)}
	}
	var nearest Decision
	for _, r := range p.Rules {
		if !r.covers(a) {
			continue
		}
		if r.CaseRequired && !a.HasCase {
			if nearest.Rule == "" {
				nearest = Decision{Rule: r.ID, Reason: fmt.Sprintf("rule %s needs a case reference: give one", r.ID)}
			}
			continue
		}
		ceiling, _ := p.Ceiling(a.Type)
		return Decision{
			Allowed: true, Rule: r.ID, Reveal: r.Reveal,
			EvaluationsPerDay: r.EvaluationsPerDay, CeilingPerDay: ceiling, RetentionDays: r.RetentionDays,
			WatchSize: r.WatchSize, BulkSetSize: r.BulkSetSize, BulkLearn: r.BulkLearn, CountAllowed: r.CountAllowed,
		}
	}
	if nearest.Rule != "" {
		return nearest
	}
	return Decision{Reason: fmt.Sprintf(
		"no rule of policy version %d lets %s (%s) ask %s (%s) about %s for %s: the board can change it (proposal create policy)",
		p.Version, a.From, a.FromSector, a.To, a.ToSector, a.Type, a.Purpose)}
}

// Entitlement says which files of a holder's index a member may be served.
type Entitlement struct {
	Tags   bool // some rule lets the member ask
	Labels bool // some rule lets it see labels
}

// Entitled sums up what From may ever learn from To's index of a type, for any purpose and with a case
// reference: a mirror serves no more than that.
func Entitled(p Policy, a Ask) Entitlement {
	var e Entitlement
	if a.From == a.To || CheckType(a.Type) != nil {
		return e
	}
	for _, r := range p.Rules {
		if r.parties(a) && matches(r.Types, a.Type) {
			e.Tags = true
			e.Labels = e.Labels || r.Reveal == RevealLabel
		}
	}
	return e
}

func (r Rule) covers(a Ask) bool {
	return r.parties(a) && matches(r.Types, a.Type) && matches(r.Purposes, a.Purpose)
}

func (r Rule) parties(a Ask) bool {
	return (matches(r.FromSectors, a.FromSector) || matches(r.FromMembers, a.From)) &&
		(matches(r.ToSectors, a.ToSector) || matches(r.ToMembers, a.To))
}

func matches(list []string, item string) bool {
	return slices.Contains(list, item) || slices.Equal(list, []string{All})
}
