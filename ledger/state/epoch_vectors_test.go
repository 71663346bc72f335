package state_test

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
)

// epochRefusals are what a new ledger refuses about the ends of epochs, affiliates, and what a policy says of
// watches, sets, ceilings and epochs.
func epochRefusals() []refusal {
	affiliate := func(names ...string) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Operator), entry.KindAffiliate, entry.Affiliate{Members: names}, nil)
		}
	}
	end := func(name string) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Seat), entry.KindPropose, propose(entry.ProposeEpochEnd, entry.EpochEnd{Member: name}), nil)
		}
	}
	rules := func(change func(*policy.Policy)) func(*ledgertest.Ledger) []byte {
		p := policy.Default()
		p.Version = 2
		change(&p)
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Seat), entry.KindPropose, propose(entry.ProposePolicy, entry.SetPolicy{Policy: p}), nil)
		}
	}
	var many []string
	for i := range entry.MaxAffiliates + 1 {
		many = append(many, fmt.Sprintf("Member %02d", i))
	}
	return []refusal{
		{"affiliates out of order", entry.ErrField, affiliate(police.Name, bank.Name)},
		{"an affiliate twice", entry.ErrField, affiliate(bank.Name, bank.Name)},
		{"too many affiliates", entry.ErrField, affiliate(many...)},
		{"an affiliate whose name is none", entry.ErrField, affiliate(" x")},
		{"an affiliate that is not on the ledger", entry.ErrUnknownMember, affiliate("Nobody")},
		{"itself as an affiliate", entry.ErrField, affiliate(platform.Name)},
		{"no affiliates, as before", entry.ErrNoChange, affiliate()},
		{"affiliates by a seat key", entry.ErrWrongRole, func(l *ledgertest.Ledger) []byte {
			return l.Forge(platform.Private(member.Seat), entry.KindAffiliate, entry.Affiliate{Members: []string{bank.Name}}, nil)
		}},
		{"the end of an epoch of a name that is none", entry.ErrField, end(" x")},
		{"the end of an epoch of a stranger", entry.ErrUnknownMember, end("Nobody")},
		{"the end of an epoch where there is none", entry.ErrNoChange, end(bank.Name)},
		{"the end of all epochs where there is none", entry.ErrNoChange, end("")},
		{"a ceiling of nothing", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Ceilings[0].EvaluationsPerDay = 0 })},
		{"two ceilings of one type", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Ceilings[1].Type = p.Ceilings[0].Type })},
		{"a ceiling of all types", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Ceilings[0].Type = "*" })},
		{"ceilings out of order", entry.ErrPolicy, rules(func(p *policy.Policy) { slices.Reverse(p.Ceilings) })},
		{"a ceiling without end", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Ceilings[0].EvaluationsPerDay = policy.MaxEvaluations + 1 })},
		{"a watch without end", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Rules[0].WatchSize = policy.MaxWatch + 1 })},
		{"a set without end", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Rules[0].BulkSetSize = policy.MaxBulkSet + 1 })},
		{"epochs of more than ten years", entry.ErrPolicy, rules(func(p *policy.Policy) { p.EpochDays = policy.MaxEpochDays + 1 })},
		{"counts without sets", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Rules[0].BulkSetSize, p.Rules[0].BulkLearn = 0, "" })},
		{"sets of which nobody learns anything", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Rules[0].BulkLearn, p.Rules[0].CountAllowed = "", false })},
		{"a learner that is none", entry.ErrPolicy, rules(func(p *policy.Policy) { p.Rules[0].BulkLearn = "everybody" })},
	}
}
