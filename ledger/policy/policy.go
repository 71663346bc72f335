// Package policy says who may ask whom about what. It implements "Policy" of crosslight/ledger/v1
// (specs/ledger.md): plain rules, no language, everything denied that no rule allows.
//
//	Ask{from, to, type, purpose, case?} ──► Check(rules in force) ──► Decision{allowed, rule, reveal | reason}
//
// The board puts a policy in force whole, by a vote on the ledger, so that every member decides by
// the same rules. Check is pure; ledger.Authorised joins it with membership.
//
// What leaks: a policy is read by every member. It names no indicator.
package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
)

// All in a list of a rule stands for everything, alone.
const All = "*"

// Reveal is what the querier learns of a match.
type Reveal string

// The reveals. Under Match the querier is served the tags without the labels.
const (
	RevealMatch Reveal = "match"
	RevealLabel Reveal = "label"
)

// Limits of a policy.
const (
	MaxRules         = 64
	MaxPurposes      = 32
	MaxList          = 128     // items in a list of a rule
	MaxRetentionDays = 36_500  // a century
	MaxEvaluations   = 1 << 40 // a day
	MaxWatch         = 1 << 40 // elements
	MaxBulkSet       = 1 << 40 // elements
	MaxEpochDays     = 3_650   // ten years
)

// Learn is who learns which elements of two sets are the same, in a reconciliation.
type Learn string

// Who learns. Under LearnNobody a rule's sets are there to be counted.
const (
	LearnNobody    Learn = ""
	LearnInitiator Learn = "initiator"
	LearnOther     Learn = "other"
	LearnBoth      Learn = "both"
)

// Rule allows something. A request passes a rule when all of its lists match; an empty list matches
// nothing, All alone matches everything. Lists are in ascending order without duplicates.
type Rule struct {
	ID                string   `cbor:"1,keyasint"` // 1 to 32 of a-z, 0-9 and dash
	FromSectors       []string `cbor:"2,keyasint"` // who asks: of these sectors
	FromMembers       []string `cbor:"3,keyasint"` // or called so
	ToSectors         []string `cbor:"4,keyasint"` // who is asked: of these sectors
	ToMembers         []string `cbor:"5,keyasint"` // or called so
	Types             []string `cbor:"6,keyasint"` // indicator types
	Purposes          []string `cbor:"7,keyasint"`
	Reveal            Reveal   `cbor:"8,keyasint"`
	CaseRequired      bool     `cbor:"9,keyasint"`  // a case reference must be committed to
	EvaluationsPerDay uint64   `cbor:"10,keyasint"` // elements a (querier, holder, type), at least 1
	RetentionDays     uint64   `cbor:"11,keyasint"` // how long the querier keeps what audit needs
	WatchSize         uint64   `cbor:"12,keyasint"` // elements of one type that a querier may watch at a holder; 0 forbids
	BulkSetSize       uint64   `cbor:"13,keyasint"` // elements that either side of a reconciliation may bring; 0 forbids
	BulkLearn         Learn    `cbor:"14,keyasint"` // who learns what the two sets share
	CountAllowed      bool     `cbor:"15,keyasint"` // the two may learn how many, and no more
}

// Ceiling bounds what a holder evaluates of one type in a day, for all queriers together. It is set
// against the size of the type's value space ([Space]): queriers who pool what each may ask must not
// get through the telephone numbers of a country.
type Ceiling struct {
	Type              string `cbor:"1,keyasint"`
	EvaluationsPerDay uint64 `cbor:"2,keyasint"` // at least 1
}

// Policy is the rules in force. Rules are tried in order; the first that allows decides.
type Policy struct {
	Version   uint64    `cbor:"1,keyasint"` // 1 in the genesis, then one more each time
	Purposes  []string  `cbor:"2,keyasint"` // all purposes there are, in ascending order
	Rules     []Rule    `cbor:"3,keyasint"`
	Ceilings  []Ceiling `cbor:"4,keyasint"` // in ascending order of type, each type once
	EpochDays uint64    `cbor:"5,keyasint"` // how old an epoch may grow, in days of ledger time; 0 is no bound
}

// Ceiling returns how many elements of a type a holder evaluates a day for all queriers together, and
// whether the policy bounds that.
func (p Policy) Ceiling(typ string) (evaluations uint64, bounded bool) {
	for _, c := range p.Ceilings {
		if c.Type == typ {
			return c.EvaluationsPerDay, true
		}
	}
	return 0, false
}

// ErrInvalid reports a policy that breaks a rule about rules; the text says where.
var ErrInvalid = errors.New("policy is not valid")

// ErrType reports a string that is no indicator type.
var ErrType = errors.New("not an indicator type")

var idPattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)

// CheckType accepts the name of an indicator type.
func CheckType(typ string) error {
	if _, err := indicator.ParseType(typ); err != nil {
		return ErrType
	}
	return nil
}

// MemberNames returns every member that a rule names, in ascending order without duplicates.
func (p Policy) MemberNames() []string {
	var names []string
	for _, r := range p.Rules {
		names = append(names, r.FromMembers...)
		names = append(names, r.ToMembers...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == All })
}

// Names reports whether the rule names a member, as one who asks or who is asked.
func (r Rule) Names(name string) bool {
	return slices.Contains(r.FromMembers, name) || slices.Contains(r.ToMembers, name)
}

// Rule returns the rule called id, and whether there is one.
func (p Policy) Rule(id string) (Rule, bool) {
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return p.Rules[i], true
}

// Default is the policy of a genesis for which the founders wrote none: every member may ask every
// other about every type, for the four purposes, with a case reference, 100,000 elements a day, watch a
// million, and reconcile sets of a million of which both learn what they share. Types whose values can
// be gone through have a ceiling, and an epoch lasts 90 days.
func Default() Policy {
	return Normalise(Policy{
		Version: 1,
		Purposes: []string{
			"child-protection-investigation", "financial-crime-report", "platform-safety", "victim-identification",
		},
		Rules: []Rule{{
			ID: "founding", FromSectors: []string{All}, ToSectors: []string{All}, Types: []string{All},
			Purposes: []string{All}, Reveal: RevealLabel, CaseRequired: true,
			EvaluationsPerDay: 100_000, RetentionDays: 365,
			WatchSize: 1_000_000, BulkSetSize: 1_000_000, BulkLearn: LearnBoth, CountAllowed: true,
		}},
		Ceilings:  defaultCeilings(),
		EpochDays: 90,
	})
}

// Normalise returns p with every list sorted, free of duplicates and never nil, as Validate wants it.
// The order of rules stays: it decides. Two ceilings of one type stay, too, and are refused: which of
// them was meant is not for the program to guess.
func Normalise(p Policy) Policy {
	out := Policy{
		Version: p.Version, Purposes: sorted(p.Purposes), Rules: []Rule{},
		Ceilings: append([]Ceiling{}, p.Ceilings...), EpochDays: p.EpochDays,
	}
	slices.SortFunc(out.Ceilings, func(a, b Ceiling) int { return strings.Compare(a.Type, b.Type) })
	for _, r := range p.Rules {
		for _, list := range r.lists() {
			*list = sorted(*list)
		}
		out.Rules = append(out.Rules, r)
	}
	return out
}

func (r *Rule) lists() []*[]string {
	return []*[]string{&r.FromSectors, &r.FromMembers, &r.ToSectors, &r.ToMembers, &r.Types, &r.Purposes}
}

func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

func (r Rule) String() string {
	text := fmt.Sprintf("rule %s: from %s to %s, types %s, purposes %s, reveals %s, %d evaluations a day, kept %d days",
		r.ID, both(r.FromSectors, r.FromMembers), both(r.ToSectors, r.ToMembers), r.Types, r.Purposes, r.Reveal,
		r.EvaluationsPerDay, r.RetentionDays)
	if r.CaseRequired {
		text += ", case reference required"
	}
	if r.WatchSize > 0 {
		text += fmt.Sprintf(", watches of %d", r.WatchSize)
	}
	if r.BulkSetSize > 0 {
		text += fmt.Sprintf(", sets of %d", r.BulkSetSize)
	}
	if r.BulkLearn != LearnNobody {
		text += fmt.Sprintf(" of which what is shared is learnt by %s", r.BulkLearn)
	}
	if r.CountAllowed {
		text += ", counts allowed"
	}
	return text
}

func both(sectors, members []string) []string { return slices.Concat(sectors, members) }

// checkPurpose accepts the name of a purpose: 1 to 64 of a-z, 0-9 and inner dashes.
func checkPurpose(p string) error {
	if !idPattern.MatchString(p) {
		return errors.New("a purpose is 1 to 64 of a-z, 0-9 and inner dashes")
	}
	return nil
}

func checkSector(s string) error {
	_, err := member.ParseSector(s)
	return err
}

// EqualRules reports whether two rules say the same.
func EqualRules(a, b Rule) bool {
	if a.ID != b.ID || a.Reveal != b.Reveal || a.CaseRequired != b.CaseRequired ||
		a.EvaluationsPerDay != b.EvaluationsPerDay || a.RetentionDays != b.RetentionDays || a.WatchSize != b.WatchSize ||
		a.BulkSetSize != b.BulkSetSize || a.BulkLearn != b.BulkLearn || a.CountAllowed != b.CountAllowed {
		return false
	}
	theirs := b.lists()
	for i, list := range a.lists() {
		if !slices.Equal(*list, *theirs[i]) {
			return false
		}
	}
	return true
}
