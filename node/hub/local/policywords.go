package local

import (
	"strings"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// PolicyBounds says in words, a line each, what a policy bounds beside its rules: how old an epoch may
// grow, the ceilings, and the types that could be gone through and have none.
func PolicyBounds(p hub.Policy) []string {
	pol := PolicyOf(p)
	lines := []string{policy.EpochWords(pol.EpochDays)}
	for _, c := range pol.Ceilings {
		lines = append(lines, "C"+strings.TrimPrefix(c.String(), "c")+".")
	}
	var without []string
	for _, typ := range indicator.Types() {
		_, enumerable := policy.Space(string(typ))
		if _, bounded := pol.Ceiling(string(typ)); enumerable && !bounded {
			without = append(without, string(typ))
		}
	}
	if len(without) > 0 {
		lines = append(lines, "No ceiling, though their values can be gone through: "+strings.Join(without, ", ")+".")
	}
	return lines
}
