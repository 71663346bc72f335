package ledger

import (
	"slices"

	"github.com/crosslight/crosslight/ledger/state"
)

// Budget is what a holder grants a querier of a type in a day: one meter for everything that takes
// evaluations or says as much (questions, enrolments of watches, counts, sets).
type Budget struct {
	Day     Day
	Members []string // the querier and its affiliates, who count as one, in ascending order
	Limit   uint64   // elements for these together
	Ceiling uint64   // elements for all members together; 0 is no bound
}

// BudgetOf returns the budget that a permit comes with. The day is that of what is final, which every member
// agrees on; affiliates restrict, so they count as soon as they are declared.
func BudgetOf(final, tip *state.State, p Permit) Budget {
	members := append(final.Affiliates(p.querier.Name), tip.Affiliates(p.querier.Name)...)
	slices.Sort(members)
	return Budget{
		Day: Today(final), Members: slices.Compact(members),
		Limit: p.decision.EvaluationsPerDay, Ceiling: p.decision.CeilingPerDay,
	}
}
