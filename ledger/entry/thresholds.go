package entry

import (
	"errors"
	"fmt"
)

// Thresholds say how many seats a decision takes. All of them also need yes from Sectors sectors, so
// that no sector governs alone.
type Thresholds struct {
	Ordinary       Fraction `cbor:"1,keyasint"` // policy, admission without a seat, suspension, reinstatement
	Grave          Fraction `cbor:"2,keyasint"` // a seat, expulsion, the voter set, a revocation, an upgrade
	Constitutional Fraction `cbor:"3,keyasint"` // a sector, these thresholds, recovery
	Sectors        uint64   `cbor:"4,keyasint"` // at least 2
}

// Class is how much a decision takes.
type Class uint8

// The classes, from the least to the most.
const (
	Ordinary       Class = 1
	Grave          Class = 2
	Constitutional Class = 3
)

// ClassOf is what a proposal takes. A new seat is grave: admissions by a bare majority would otherwise
// grow into any larger one.
func ClassOf(p Proposal) Class {
	switch p := p.(type) {
	case Admit:
		if p.Seat {
			return Grave
		}
	case Expel, SetSeat, SetVoter, RevokeKey, SetUpgrade:
		return Grave
	case SetSector, SetThresholds:
		return Constitutional
	}
	return Ordinary
}

// Of is the fraction of a class.
func (t Thresholds) Of(c Class) Fraction {
	switch c {
	case Constitutional:
		return t.Constitutional
	case Grave:
		return t.Grave
	}
	return t.Ordinary
}

// DefaultThresholds are more than 1/2, at least 2/3, at least 3/4, and two sectors.
func DefaultThresholds() Thresholds {
	return Thresholds{
		Ordinary:       Fraction{Num: 1, Den: 2, More: true},
		Grave:          Fraction{Num: 2, Den: 3},
		Constitutional: Fraction{Num: 3, Den: 4},
		Sectors:        2,
	}
}

func (t Thresholds) String() string {
	return fmt.Sprintf("ordinary %s, grave %s, constitutional %s, yes from %d sectors", t.Ordinary, t.Grave, t.Constitutional, t.Sectors)
}

// Validate refuses thresholds under which a minority could decide, that nobody could reach, or that
// fall from one class to the next.
func (t Thresholds) Validate() error {
	for _, f := range []Fraction{t.Ordinary, t.Grave, t.Constitutional} {
		if err := f.validate(); err != nil {
			return err
		}
	}
	if t.Grave.below(t.Ordinary) || t.Constitutional.below(t.Grave) {
		return errors.New("thresholds fall from ordinary to constitutional")
	}
	if t.Sectors < 2 || t.Sectors > 6 {
		return fmt.Errorf("yes from %d sectors: 2 to 6", t.Sectors)
	}
	return nil
}

// Fraction is a share of the seats in integers: Den*yes >= Num*seats, or > with More.
type Fraction struct {
	Num  uint64 `cbor:"1,keyasint"`
	Den  uint64 `cbor:"2,keyasint"` // at most 100
	More bool   `cbor:"3,keyasint"`
}

// Met reports whether yes of seats reaches the fraction.
func (f Fraction) Met(yes, seats int) bool {
	l, r := f.Den*uint64(yes), f.Num*uint64(seats)
	return l > r || !f.More && l == r
}

// Least is the smallest number of yes votes that reaches the fraction of seats.
func (f Fraction) Least(seats int) int {
	for yes := 0; yes <= seats; yes++ {
		if f.Met(yes, seats) {
			return yes
		}
	}
	return seats + 1
}

func (f Fraction) String() string {
	if f.More {
		return fmt.Sprintf("more than %d/%d", f.Num, f.Den)
	}
	return fmt.Sprintf("at least %d/%d", f.Num, f.Den)
}

func (f Fraction) validate() error {
	switch {
	case f.Den == 0 || f.Den > 100 || f.Num > f.Den || f.Num == f.Den && f.More:
		return fmt.Errorf("threshold %s cannot be reached", f)
	case 2*f.Num < f.Den || 2*f.Num == f.Den && !f.More:
		return fmt.Errorf("threshold %s is no majority", f)
	}
	return nil
}

func (f Fraction) below(g Fraction) bool {
	l, r := f.Num*g.Den, g.Num*f.Den
	return l < r || l == r && g.More && !f.More
}
