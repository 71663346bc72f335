package policy_test

import (
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/policy"
)

// TestFormsOfARule are the ways of saying what a rule allows beside queries: each is valid.
func TestFormsOfARule(t *testing.T) {
	for name, change := range map[string]func(*policy.Rule){
		"queries alone": func(r *policy.Rule) {
			r.WatchSize, r.BulkSetSize, r.BulkLearn, r.CountAllowed = 0, 0, policy.LearnNobody, false
		},
		"counts alone":        func(r *policy.Rule) { r.BulkLearn = policy.LearnNobody },
		"one learns":          func(r *policy.Rule) { r.BulkLearn, r.CountAllowed = policy.LearnInitiator, false },
		"the other one":       func(r *policy.Rule) { r.BulkLearn = policy.LearnOther },
		"watches of the most": func(r *policy.Rule) { r.WatchSize = policy.MaxWatch },
	} {
		p := policy.Default()
		change(&p.Rules[0])
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if policy.EqualRules(p.Rules[0], policy.Default().Rules[0]) {
			t.Errorf("%s: the change is not seen", name)
		}
	}
}

// TestCheckCarriesTheFigures: a decision has the rule's figures and the policy's ceiling.
func TestCheckCarriesTheFigures(t *testing.T) {
	p := policy.Default()
	p.Rules[0].WatchSize, p.Rules[0].BulkSetSize, p.Rules[0].BulkLearn = 5, 6, policy.LearnOther
	p.Ceilings = []policy.Ceiling{{Type: "phone", EvaluationsPerDay: 7}}
	ask := policy.Ask{From: "A", FromSector: "tech", To: "B", ToSector: "ngo", Type: "phone", Purpose: p.Purposes[0], HasCase: true}
	d := policy.Check(p, ask)
	if !d.Allowed || d.WatchSize != 5 || d.BulkSetSize != 6 || d.BulkLearn != policy.LearnOther || !d.CountAllowed || d.CeilingPerDay != 7 {
		t.Errorf("%+v", d)
	}
	ask.Type = "email"
	if d := policy.Check(p, ask); !d.Allowed || d.CeilingPerDay != 0 {
		t.Errorf("a type without a ceiling: %+v", d)
	}
}

// TestDefaultCeilings: every type that can be gone through has one, and none is above its value space.
func TestDefaultCeilings(t *testing.T) {
	p := policy.Default()
	for _, typ := range []string{"phone", "iban", "bank-account", "ip", "device", "e-wallet", "platform-id", "domain"} {
		c, bounded := p.Ceiling(typ)
		if days, enumerable := policy.DaysToEnumerate(policy.Ceiling{Type: typ, EvaluationsPerDay: c}); !bounded || !enumerable || days < 100 {
			t.Errorf("%s: ceiling %d, %v; gone through in %d days", typ, c, bounded, days)
		}
	}
	if _, bounded := p.Ceiling("sha256"); bounded {
		t.Error("a ceiling on hashes")
	}
	if _, enumerable := policy.DaysToEnumerate(policy.Ceiling{Type: "sha256", EvaluationsPerDay: 1}); enumerable {
		t.Error("hashes can be gone through")
	}
}

func TestDescribeCeilings(t *testing.T) {
	now, next := policy.Default(), policy.Default()
	if lines := policy.DescribeCeilings(now, next); len(lines) != 0 {
		t.Errorf("nothing changed: %q", lines)
	}
	next.Ceilings = []policy.Ceiling{{Type: "phone", EvaluationsPerDay: 50}, {Type: "sha256", EvaluationsPerDay: 9}}
	text := strings.Join(policy.DescribeCeilings(now, next), "\n")
	for _, want := range []string{
		"Changed ceiling of 50 phone a day", "it was 1000000", "all there are would take about 200000000 days",
		"Added ceiling of 9 sha256 a day", "Removed ceiling of 1000000 ip a day",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}
