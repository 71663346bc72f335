package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/ledger/policy"
)

func TestDefaultIsValidAndNormal(t *testing.T) {
	p := policy.Default()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, policy.Normalise(p)); diff != "" {
		t.Error(diff)
	}
	if len(p.Purposes) != 4 || !p.Rules[0].CaseRequired {
		t.Errorf("%+v", p)
	}
}

func TestValidateRefuses(t *testing.T) {
	rule := func(change func(*policy.Rule)) func(*policy.Policy) {
		return func(p *policy.Policy) { change(&p.Rules[0]) }
	}
	many := make([]string, policy.MaxList+1)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for name, change := range map[string]func(*policy.Policy){
		"version 0":                  func(p *policy.Policy) { p.Version = 0 },
		"no purposes":                func(p *policy.Policy) { p.Purposes = nil },
		"a purpose in capitals":      func(p *policy.Policy) { p.Purposes[0] = "Child" },
		"a purpose called *":         func(p *policy.Policy) { p.Purposes = []string{"*"} },
		"purposes out of order":      func(p *policy.Policy) { slices.Reverse(p.Purposes) },
		"a purpose twice":            func(p *policy.Policy) { p.Purposes[1] = p.Purposes[0] },
		"too many purposes":          func(p *policy.Policy) { p.Purposes = many[:policy.MaxPurposes+1] },
		"two rules of one id":        func(p *policy.Policy) { p.Rules = append(p.Rules, p.Rules[0]) },
		"too many rules":             func(p *policy.Policy) { p.Rules = make([]policy.Rule, policy.MaxRules+1) },
		"no id":                      rule(func(r *policy.Rule) { r.ID = "" }),
		"an id with a space":         rule(func(r *policy.Rule) { r.ID = "a b" }),
		"a long id":                  rule(func(r *policy.Rule) { r.ID = strings.Repeat("a", 33) }),
		"nobody may ask":             rule(func(r *policy.Rule) { r.FromSectors = nil }),
		"nobody may be asked":        rule(func(r *policy.Rule) { r.ToSectors = nil }),
		"no types":                   rule(func(r *policy.Rule) { r.Types = nil }),
		"no purposes in a rule":      rule(func(r *policy.Rule) { r.Purposes = nil }),
		"a purpose of no policy":     rule(func(r *policy.Rule) { r.Purposes = []string{"curiosity"} }),
		"a sector that is none":      rule(func(r *policy.Rule) { r.FromSectors = []string{"press"} }),
		"a member that is no name":   rule(func(r *policy.Rule) { r.ToMembers = []string{" x"} }),
		"a type that is none":        rule(func(r *policy.Rule) { r.Types = []string{"shoe-size"} }),
		"* beside something":         rule(func(r *policy.Rule) { r.Types = []string{"*", "email"} }),
		"types out of order":         rule(func(r *policy.Rule) { r.Types = []string{"phone", "email"} }),
		"a type twice":               rule(func(r *policy.Rule) { r.Types = []string{"email", "email"} }),
		"a list that is too long":    rule(func(r *policy.Rule) { r.ToMembers = many }),
		"an unknown reveal":          rule(func(r *policy.Rule) { r.Reveal = "everything" }),
		"no reveal":                  rule(func(r *policy.Rule) { r.Reveal = "" }),
		"no evaluations":             rule(func(r *policy.Rule) { r.EvaluationsPerDay = 0 }),
		"evaluations without end":    rule(func(r *policy.Rule) { r.EvaluationsPerDay = policy.MaxEvaluations + 1 }),
		"a watch without end":        rule(func(r *policy.Rule) { r.WatchSize = policy.MaxWatch + 1 }),
		"a set without end":          rule(func(r *policy.Rule) { r.BulkSetSize = policy.MaxBulkSet + 1 }),
		"an unknown learner":         rule(func(r *policy.Rule) { r.BulkLearn = "everybody" }),
		"a learner without sets":     rule(func(r *policy.Rule) { r.BulkSetSize, r.CountAllowed = 0, false }),
		"counts without sets":        rule(func(r *policy.Rule) { r.BulkSetSize, r.BulkLearn = 0, policy.LearnNobody }),
		"sets for nothing":           rule(func(r *policy.Rule) { r.BulkLearn, r.CountAllowed = policy.LearnNobody, false }),
		"epochs without end":         func(p *policy.Policy) { p.EpochDays = policy.MaxEpochDays + 1 },
		"a ceiling of no type":       func(p *policy.Policy) { p.Ceilings[0].Type = "shoe-size" },
		"a ceiling of all types":     func(p *policy.Policy) { p.Ceilings[0].Type = policy.All },
		"two ceilings of one type":   func(p *policy.Policy) { p.Ceilings[1].Type = p.Ceilings[0].Type },
		"ceilings out of order":      func(p *policy.Policy) { slices.Reverse(p.Ceilings) },
		"a ceiling of nothing":       func(p *policy.Policy) { p.Ceilings[0].EvaluationsPerDay = 0 },
		"a ceiling without end":      func(p *policy.Policy) { p.Ceilings[0].EvaluationsPerDay = policy.MaxEvaluations + 1 },
		"retention beyond a century": rule(func(r *policy.Rule) { r.RetentionDays = policy.MaxRetentionDays + 1 }),
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Default()
			change(&p)
			if err := p.Validate(); !errors.Is(err, policy.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNothingWithoutARule: whatever is asked, an empty policy denies, and so does every rule that
// names something else.
func TestNothingWithoutARule(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.SampledFrom([]string{"", "*", "tech", "finance", "Bank B", "email", "phone", "platform-safety"})
		a := policy.Ask{
			From: word.Draw(rt, "from"), FromSector: word.Draw(rt, "from sector"), To: word.Draw(rt, "to"),
			ToSector: word.Draw(rt, "to sector"), Type: word.Draw(rt, "type"), Purpose: word.Draw(rt, "purpose"),
			HasCase: rapid.Bool().Draw(rt, "case"),
		}
		empty := policy.Policy{Version: 1, Purposes: []string{"platform-safety"}}
		if d := policy.Check(empty, a); d.Allowed || d.Reason == "" {
			rt.Fatalf("allowed by nothing: %+v", d)
		}
		p := empty
		p.Rules = []policy.Rule{{
			ID: "one", FromMembers: []string{"Bank B"}, ToSectors: []string{"tech"}, Types: []string{"email"},
			Purposes: []string{"platform-safety"}, Reveal: policy.RevealMatch, EvaluationsPerDay: 1,
		}}
		want := a.From == "Bank B" && a.ToSector == "tech" && a.To != "Bank B" && a.Type == "email" && a.Purpose == "platform-safety"
		if d := policy.Check(p, a); d.Allowed != want {
			rt.Fatalf("%+v: %+v", a, d)
		}
	})
}
