package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// prepareAffiliate: a declaration takes the place of the member's last one.
func (s *State) prepareAffiliate(by *memberRecord, b entry.Affiliate) (change, error) {
	for _, name := range b.Members {
		switch {
		case name == by.Name:
			return nil, fmt.Errorf("%w: %s names itself", entry.ErrField, name)
		case s.record(name) == nil:
			return nil, fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
		}
	}
	if slices.Equal(b.Members, by.affiliates) {
		return nil, fmt.Errorf("%w: %s has declared these", entry.ErrNoChange, by.Name)
	}
	return func(index uint64) []Event {
		by.affiliates = slices.Clone(b.Members)
		return []Event{{Kind: AffiliatesDeclared, Index: index, Member: by.Name}}
	}, nil
}

// Declared lists the members that a member has declared as its affiliates, in ascending order.
func (s *State) Declared(name string) []string {
	if m := s.record(name); m != nil {
		return slices.Clone(m.affiliates)
	}
	return nil
}

// Affiliates lists the members that count as one with a member, itself included, in ascending order: those
// it reaches over declarations that both sides have made. One side's word alone would let a member spend
// another's budget.
func (s *State) Affiliates(name string) []string { return s.AffiliatesBut(name, "") }

// AffiliatesBut is Affiliates as it would be without one member: what others bring that declare it anew.
func (s *State) AffiliatesBut(name, without string) []string {
	start := s.record(name)
	if start == nil {
		return nil
	}
	found, names := []*memberRecord{start}, []string{name}
	for i := 0; i < len(found); i++ {
		for _, other := range found[i].affiliates {
			m := s.record(other)
			if m == nil || other == without || slices.Contains(names, other) {
				continue
			}
			if slices.Contains(m.affiliates, found[i].Name) {
				found, names = append(found, m), append(names, other)
			}
		}
	}
	slices.Sort(names)
	return names
}
