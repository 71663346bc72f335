package ledger

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// ErrSetSize reports a set that is larger than the rule lets either side of a reconciliation bring.
var ErrSetSize = errors.New("the set is larger than policy allows")

// BulkAsk is a reconciliation as it stands in an offer. Initiator and Other are libp2p peer IDs. The rule
// that decides is the one by which the initiator may ask the other.
type BulkAsk struct {
	LedgerID         [32]byte
	Initiator, Other string
	Type             string // indicator type
	Purpose          string
	HasCase          bool         // a case reference is committed to
	Items            uint64       // the larger of the two sets, as far as it is known
	Learn            policy.Learn // who is to learn what the sets share; empty for whoever the rule says
}

// BulkPermit is a reconciliation that is allowed.
type BulkPermit struct {
	initiator, other state.Member
	decision         policy.Decision
	size             uint64
}

// Initiator is the member that asks for the reconciliation.
func (p BulkPermit) Initiator() state.Member { return p.initiator }

// Other is the member that it is asked of.
func (p BulkPermit) Other() state.Member { return p.other }

// Rule is the id of the rule that allows.
func (p BulkPermit) Rule() string { return p.decision.Rule }

// Learn is who may learn what the two sets share.
func (p BulkPermit) Learn() policy.Learn { return p.decision.BulkLearn }

// Reveal is what whoever learns sees of a match.
func (p BulkPermit) Reveal() policy.Reveal { return p.decision.Reveal }

// SetSize is how many elements either side may bring.
func (p BulkPermit) SetSize() uint64 { return p.decision.BulkSetSize }

// EvaluationsPerDay is how many evaluations a day the rule grants whoever learns, of the type, at the other one.
func (p BulkPermit) EvaluationsPerDay() uint64 { return p.decision.EvaluationsPerDay }

// Size is the size of the final ledger that decided.
func (p BulkPermit) Size() uint64 { return p.size }

// AuthorisedBulk decides a reconciliation: this ledger, two members, neither suspended, a rule that lets the
// initiator ask the other and allows sets of that size of which those learn who are to, by the state that is
// final and by tip, the newest. What no rule mentions is denied. It needs no epoch: no OPRF key of one is
// used. The error is a [Denial].
func AuthorisedBulk(final, tip *state.State, a BulkAsk) (BulkPermit, error) {
	ask := Ask{
		LedgerID: a.LedgerID, Querier: a.Initiator, Holder: a.Other, Type: a.Type, Purpose: a.Purpose, HasCase: a.HasCase,
	}
	sooner, err := allowed(tip, ask)
	if err != nil {
		return BulkPermit{}, err
	}
	p, err := allowed(final, ask)
	if err != nil {
		return BulkPermit{}, err
	}
	d := p.decision.Within(sooner.decision)
	if err := bulkWithin(d, a); err != nil {
		return BulkPermit{}, err
	}
	return BulkPermit{initiator: p.querier, other: p.holder, decision: d, size: p.size}, nil
}

// bulkWithin holds what is asked against what the rule that allows the question says of sets.
func bulkWithin(d policy.Decision, a BulkAsk) error {
	switch {
	case d.BulkSetSize == 0:
		return &Denial{Err: ErrNotPermitted, Rule: d.Rule, Reason: "rule " + d.Rule + " allows no sets to be compared"}
	case d.BulkLearn == policy.LearnNobody:
		return &Denial{Err: ErrNotPermitted, Rule: d.Rule, Reason: "rule " + d.Rule + " lets nobody learn what two sets share"}
	case a.Learn != policy.LearnNobody && d.BulkLearn != policy.LearnBoth && a.Learn != d.BulkLearn:
		return &Denial{Err: ErrNotPermitted, Rule: d.Rule, Reason: fmt.Sprintf("rule %s lets %s learn what two sets share, not %s", d.Rule, d.BulkLearn, a.Learn)}
	case a.Items > d.BulkSetSize:
		return &Denial{Err: ErrSetSize, Rule: d.Rule, Reason: fmt.Sprintf("%d elements, and rule %s allows %d", a.Items, d.Rule, d.BulkSetSize)}
	}
	return nil
}

// BulkBudgetOf returns the budget that is charged for what one of the two learns, with the other of them. It is
// the one of [BudgetOf]: to compare a set says as much as to ask about each element of it.
func BulkBudgetOf(final, tip *state.State, p BulkPermit, learner state.Member) Budget {
	return BudgetOf(final, tip, Permit{querier: learner, decision: p.decision})
}
