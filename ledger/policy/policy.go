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
}

// Policy is the rules in force. Rules are tried in order; the first that allows decides.
type Policy struct {
	Version  uint64   `cbor:"1,keyasint"` // 1 in the genesis, then one more each time
	Purposes []string `cbor:"2,keyasint"` // all purposes there are, in ascending order
	Rules    []Rule   `cbor:"3,keyasint"`
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
// other about every type, for the four purposes, with a case reference, 100,000 elements a day.
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
		}},
	})
}

// Normalise returns p with every list sorted, free of duplicates and never nil, as Validate wants it.
// The order of rules stays: it decides.
func Normalise(p Policy) Policy {
	out := Policy{Version: p.Version, Purposes: sorted(p.Purposes), Rules: []Rule{}}
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
		a.EvaluationsPerDay != b.EvaluationsPerDay || a.RetentionDays != b.RetentionDays {
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
