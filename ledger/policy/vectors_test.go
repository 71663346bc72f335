package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/specs"
)

type rule struct {
	ID                string        `json:"id"`
	FromSectors       []string      `json:"from_sectors"`
	FromMembers       []string      `json:"from_members"`
	ToSectors         []string      `json:"to_sectors"`
	ToMembers         []string      `json:"to_members"`
	Types             []string      `json:"types"`
	Purposes          []string      `json:"purposes"`
	Reveal            policy.Reveal `json:"reveal"`
	CaseRequired      bool          `json:"case_required"`
	EvaluationsPerDay uint64        `json:"evaluations_per_day"`
	RetentionDays     uint64        `json:"retention_days"`
	WatchSize         uint64        `json:"watch_size"`
	BulkSetSize       uint64        `json:"bulk_set_size"`
	BulkLearn         policy.Learn  `json:"bulk_learn"`
	CountAllowed      bool          `json:"count_allowed"`
}

type ceiling struct {
	Type              string `json:"type"`
	EvaluationsPerDay uint64 `json:"evaluations_per_day"`
}

// figures is what an ask that is allowed is allowed.
type figures struct {
	EvaluationsPerDay uint64       `json:"evaluations_per_day"`
	CeilingPerDay     uint64       `json:"ceiling_per_day"` // 0 is none
	WatchSize         uint64       `json:"watch_size"`
	BulkSetSize       uint64       `json:"bulk_set_size"`
	BulkLearn         policy.Learn `json:"bulk_learn"`
	CountAllowed      bool         `json:"count_allowed"`
}

type vectors struct {
	Purposes []string  `json:"purposes"`
	Rules    []rule    `json:"rules"`
	Ceilings []ceiling `json:"ceilings"`
	Asks     []struct {
		Name       string `json:"name"`
		From       string `json:"from"`
		FromSector string `json:"from_sector"`
		To         string `json:"to"`
		ToSector   string `json:"to_sector"`
		Type       string `json:"type"`
		Purpose    string `json:"purpose"`
		Case       bool   `json:"case"`
		Allowed    bool   `json:"allowed"`
		Rule       string `json:"rule"`
		Reveal     string `json:"reveal"`
		Tags       bool   `json:"tags"`
		Labels     bool   `json:"labels"`

		Figures *figures `json:"figures"` // of some
	} `json:"asks"`
}

// TestVectors runs specs/vectors/policy.json.
func TestVectors(t *testing.T) {
	data, err := specs.Vectors.ReadFile("vectors/policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	p := policy.Policy{Version: 1, Purposes: v.Purposes}
	for _, r := range v.Rules {
		p.Rules = append(p.Rules, policy.Rule(r))
	}
	for _, c := range v.Ceilings {
		p.Ceilings = append(p.Ceilings, policy.Ceiling(c))
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Asks {
		t.Run(c.Name, func(t *testing.T) {
			ask := policy.Ask{
				From: c.From, FromSector: c.FromSector, To: c.To, ToSector: c.ToSector,
				Type: c.Type, Purpose: c.Purpose, HasCase: c.Case,
			}
			d := policy.Check(p, ask)
			if d.Allowed != c.Allowed || d.Rule != c.Rule || string(d.Reveal) != c.Reveal || d.Allowed == (d.Reason != "") {
				t.Errorf("decision %+v", d)
			}
			got := figures{d.EvaluationsPerDay, d.CeilingPerDay, d.WatchSize, d.BulkSetSize, d.BulkLearn, d.CountAllowed}
			if c.Figures != nil && got != *c.Figures {
				t.Errorf("figures %+v", got)
			}
			if e := policy.Entitled(p, ask); e.Tags != c.Tags || e.Labels != c.Labels {
				t.Errorf("entitlement %+v", e)
			}
		})
	}
}
