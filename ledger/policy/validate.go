package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
)

// Validate refuses a policy that says nothing, contradicts itself, or is not in the one form in which
// a policy is written (see [Normalise]). Whether the members that it names exist is for the ledger's
// state. Errors wrap [ErrInvalid].
func (p Policy) Validate() error {
	if p.Version == 0 {
		return fmt.Errorf("%w: versions start at 1", ErrInvalid)
	}
	if len(p.Purposes) == 0 || len(p.Purposes) > MaxPurposes {
		return fmt.Errorf("%w: %d purposes, 1 to %d", ErrInvalid, len(p.Purposes), MaxPurposes)
	}
	if err := checkList(p.Purposes, false, checkPurpose); err != nil {
		return fmt.Errorf("%w: purposes: %w", ErrInvalid, err)
	}
	if len(p.Rules) > MaxRules {
		return fmt.Errorf("%w: %d rules, at most %d", ErrInvalid, len(p.Rules), MaxRules)
	}
	seen := map[string]bool{}
	for _, r := range p.Rules {
		if err := r.validate(p.Purposes); err != nil {
			return fmt.Errorf("%w: rule %q: %w", ErrInvalid, r.ID, err)
		}
		if seen[r.ID] {
			return fmt.Errorf("%w: two rules are called %q", ErrInvalid, r.ID)
		}
		seen[r.ID] = true
	}
	if p.EpochDays > MaxEpochDays {
		return fmt.Errorf("%w: epoch_days is at most %d", ErrInvalid, MaxEpochDays)
	}
	if err := checkCeilings(p.Ceilings); err != nil {
		return fmt.Errorf("%w: ceilings: %w", ErrInvalid, err)
	}
	return nil
}

// checkCeilings accepts a list in ascending order of type. It is as long as there are types at most,
// since each is there once.
func checkCeilings(ceilings []Ceiling) error {
	for i, c := range ceilings {
		if err := CheckType(c.Type); err != nil {
			return err
		}
		if i > 0 && ceilings[i-1].Type >= c.Type {
			return errors.New("types are not in ascending order without duplicates")
		}
		if c.EvaluationsPerDay == 0 || c.EvaluationsPerDay > MaxEvaluations {
			return fmt.Errorf("%s: evaluations_per_day is 1 to %d", c.Type, uint64(MaxEvaluations))
		}
	}
	return nil
}

func (r Rule) validate(purposes []string) error {
	if len(r.ID) > 32 || !idPattern.MatchString(r.ID) {
		return errors.New("an id is 1 to 32 of a-z, 0-9 and inner dashes")
	}
	known := func(p string) error {
		if !slices.Contains(purposes, p) {
			return fmt.Errorf("purpose %q is not one of the policy", p)
		}
		return nil
	}
	for _, l := range []struct {
		name  string
		items []string
		check func(string) error
	}{
		{"from_sectors", r.FromSectors, checkSector},
		{"from_members", r.FromMembers, member.CheckName},
		{"to_sectors", r.ToSectors, checkSector},
		{"to_members", r.ToMembers, member.CheckName},
		{"types", r.Types, CheckType},
		{"purposes", r.Purposes, known},
	} {
		if err := checkList(l.items, true, l.check); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return r.validateScope()
}

func (r Rule) validateScope() error {
	switch {
	case len(r.FromSectors)+len(r.FromMembers) == 0:
		return errors.New("nobody may ask: from_sectors and from_members are empty")
	case len(r.ToSectors)+len(r.ToMembers) == 0:
		return errors.New("nobody may be asked: to_sectors and to_members are empty")
	case len(r.Types) == 0:
		return errors.New("types is empty")
	case len(r.Purposes) == 0:
		return errors.New("purposes is empty")
	case r.Reveal != RevealMatch && r.Reveal != RevealLabel:
		return errors.New("reveal is match or label")
	case r.EvaluationsPerDay == 0 || r.EvaluationsPerDay > MaxEvaluations:
		return fmt.Errorf("evaluations_per_day is 1 to %d", uint64(MaxEvaluations))
	case r.RetentionDays > MaxRetentionDays:
		return fmt.Errorf("retention_days is at most %d", MaxRetentionDays)
	case r.WatchSize > MaxWatch:
		return fmt.Errorf("watch_size is at most %d", uint64(MaxWatch))
	}
	return r.validateBulk()
}

// validateBulk: a rule without sets says nothing about them, and one with sets says what they are for.
func (r Rule) validateBulk() error {
	switch {
	case r.BulkSetSize > MaxBulkSet:
		return fmt.Errorf("bulk_set_size is at most %d", uint64(MaxBulkSet))
	case !slices.Contains([]Learn{LearnNobody, LearnInitiator, LearnOther, LearnBoth}, r.BulkLearn):
		return errors.New("bulk_learn is initiator, other or both, or empty where sets are only counted")
	case r.BulkSetSize == 0 && (r.BulkLearn != LearnNobody || r.CountAllowed):
		return errors.New("bulk_set_size is 0, so bulk_learn is empty and count_allowed false")
	case r.BulkSetSize > 0 && r.BulkLearn == LearnNobody && !r.CountAllowed:
		return errors.New("bulk_set_size allows sets of which nobody would learn anything: set bulk_learn or count_allowed")
	}
	return nil
}

func checkList(items []string, all bool, check func(string) error) error {
	if len(items) > MaxList {
		return fmt.Errorf("%d items, at most %d", len(items), MaxList)
	}
	if all && slices.Equal(items, []string{All}) {
		return nil
	}
	for i, item := range items {
		if item == All {
			return errors.New("* stands alone")
		}
		if err := check(item); err != nil {
			return err
		}
		if i > 0 && items[i-1] >= item {
			return errors.New("not in ascending order without duplicates")
		}
	}
	return nil
}
