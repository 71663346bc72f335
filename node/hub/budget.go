package hub

import "context"

// Budgets is what may still be asked, on both sides, and by whom it is asked as one.
type Budgets interface {
	// Budget says what other members have used here today, and what this member has left elsewhere.
	Budget(ctx context.Context) (Budget, error)
	// DeclareAffiliates says on the ledger which members belong to one undertaking with this one, in place
	// of what was declared before; with DryRun it only looks.
	DeclareAffiliates(ctx context.Context, req AffiliatesRequest) (Affiliates, error)
}

// Budget is a day's evaluations. Its day is one of ledger time.
type Budget struct {
	Day       string          `json:"day"`       // YYYY-MM-DD
	ResetsAt  string          `json:"resets_at"` // ledger time, RFC 3339
	Here      []BudgetUsed    `json:"here"`      // by member, then type
	Ceilings  []BudgetCeiling `json:"ceilings"`  // by type
	Elsewhere []BudgetLeft    `json:"elsewhere"` // by holder, then type
	Group     []string        `json:"counts_as"` // members that count as one with this one, itself included
}

// BudgetUsed is what a member has used of this one's evaluations of a type.
type BudgetUsed struct {
	Member string   `json:"member"`
	Type   string   `json:"type"`
	Used   uint64   `json:"used"`  // by the member itself
	Limit  uint64   `json:"limit"` // the most that a rule grants it and its affiliates
	Left   uint64   `json:"left"`  // for it and its affiliates
	With   []string `json:"with"`  // these
}

// BudgetCeiling is what all members together have used here of a type.
type BudgetCeiling struct {
	Type  string `json:"type"`
	Used  uint64 `json:"used"`
	Limit uint64 `json:"limit"`
	Left  uint64 `json:"left"`
}

// BudgetLeft is what a holder last said is left to this member.
type BudgetLeft struct {
	Holder   string  `json:"holder"`
	Type     string  `json:"type"`
	Left     *uint64 `json:"left"`  // null once the day that it was said for is over
	Limit    uint64  `json:"limit"` // the most that a rule grants today
	AsOf     string  `json:"as_of"` // RFC 3339
	ResetsAt string  `json:"resets_at"`
}

// AffiliatesRequest declares affiliates. Empty Members withdraw the declaration.
type AffiliatesRequest struct {
	Members []string `json:"members"`
	DryRun  bool     `json:"dry_run" required:"false"`
}

// Affiliates is what a member has declared, and what follows from it.
type Affiliates struct {
	Member   string   `json:"member"`
	Declared []string `json:"declared"`
	Waiting  []string `json:"waiting"`   // declared, and have not declared this member in turn
	Group    []string `json:"counts_as"` // members that count as one, this one included
	Index    *uint64  `json:"index"`     // on the ledger; null under DryRun
	Effect   []string `json:"effect"`    // in words
	DryRun   bool     `json:"dry_run"`
}
