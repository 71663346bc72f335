// Package transparency turns counts into figures that may be published (specs/transparency.md): what is
// below ten is not shown, and nothing is shown from which it could be computed.
//
//	atoms {kind, sector, purpose, month, n} ──► Grid(kinds, sectors, purposes) ──► figures, totals
//
// The rule is one. An atom is the count of one kind, sector and purpose in one calendar month. A figure is
// shown when every one of its atoms is at least ten, and a total when every figure under it is shown. So
// whatever is shown is a sum of atoms that might each be shown by itself, and no sum or difference of
// figures, of this report or of others over whole months, holds an atom that might not. The grid is always
// whole, since a line that is missing would tell nought from one to nine.
package transparency

import (
	"slices"
	"time"
)

// Threshold is the smallest count that is shown.
const Threshold = 10

// Hidden stands where a count is not shown.
const Hidden = "<10"

// Atom is a count of one kind, sector and purpose in one month, YYYY-MM.
type Atom struct {
	Kind, Sector, Purpose, Month string
	N                            int64
}

// Figure is a count that may be published. Count is nil where it is hidden. In a total Sector or Purpose,
// or both, are empty.
type Figure struct {
	Kind, Sector, Purpose string
	Count                 *int64
}

// Grid is what a report has lines for: everything that could have been counted, which is known without
// the counts. Months are those that the period touches.
type Grid struct {
	Kinds, Sectors, Purposes, Months []string
}

// Months lists the calendar months (UTC) that the time from from until before to touches.
func Months(from, to time.Time) (out []string) {
	from, to = from.UTC(), to.UTC()
	for m := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); m.Before(to); m = m.AddDate(0, 1, 0) {
		out = append(out, m.Format("2006-01"))
	}
	return out
}

// Whole says whether a period consists of whole calendar months (UTC). One that does not can be
// subtracted from one that ends on another day.
func Whole(from, to time.Time) bool {
	first := func(t time.Time) bool {
		return t.UTC().Equal(time.Date(t.UTC().Year(), t.UTC().Month(), 1, 0, 0, 0, 0, time.UTC))
	}
	return first(from) && first(to)
}

// cell is one figure while it is added up.
type cell struct {
	sum   int64
	shown bool
}

// Report returns a figure for every kind, sector and purpose of the grid, and the totals of each kind over
// sectors, over purposes, and over both, in the grid's order. Atoms outside the grid are counted nowhere.
func Report(g Grid, atoms []Atom) (figures, totals []Figure) {
	n := map[Atom]int64{} // by all but N
	for _, a := range atoms {
		key := a
		key.N = 0
		n[key] += a.N
	}
	for _, kind := range g.Kinds {
		table := map[[2]string]cell{}
		for _, sector := range g.Sectors {
			for _, purpose := range g.Purposes {
				c := cell{shown: true}
				for _, month := range g.Months {
					v := n[Atom{Kind: kind, Sector: sector, Purpose: purpose, Month: month}]
					c.sum += v
					c.shown = c.shown && v >= Threshold
				}
				table[[2]string{sector, purpose}] = c
				figures = append(figures, figure(kind, sector, purpose, c))
			}
		}
		totals = append(totals, kindTotals(g, kind, table)...)
	}
	return figures, totals
}

// kindTotals adds up a table. A total under which anything is hidden is hidden: less what is shown it
// would be what is not.
func kindTotals(g Grid, kind string, table map[[2]string]cell) (out []Figure) {
	add := func(sectors, purposes []string) cell {
		c := cell{shown: len(sectors)*len(purposes) > 0}
		for _, s := range sectors {
			for _, p := range purposes {
				one := table[[2]string{s, p}]
				c.sum += one.sum
				c.shown = c.shown && one.shown
			}
		}
		return c
	}
	for _, s := range g.Sectors {
		out = append(out, figure(kind, s, "", add([]string{s}, g.Purposes)))
	}
	for _, p := range g.Purposes {
		out = append(out, figure(kind, "", p, add(g.Sectors, []string{p})))
	}
	return append(out, figure(kind, "", "", add(g.Sectors, g.Purposes)))
}

func figure(kind, sector, purpose string, c cell) Figure {
	f := Figure{Kind: kind, Sector: sector, Purpose: purpose}
	if c.shown {
		sum := c.sum
		f.Count = &sum
	}
	return f
}

// BySector returns a figure for every sector, of a kind that has no purpose, and the total over them, under
// the same rule. Atoms of other kinds, sectors or months, or with a purpose, are counted nowhere.
func BySector(kind string, sectors, months []string, atoms []Atom) []Figure {
	g := Grid{Kinds: []string{kind}, Sectors: sectors, Purposes: []string{""}, Months: months}
	figures, totals := Report(g, atoms)
	return append(figures, totals[len(totals)-1])
}

// Single is a figure that stands alone, under the same rule.
func Single(kind string, months []string, byMonth map[string]int64) Figure {
	c := cell{shown: len(months) > 0}
	for _, m := range months {
		c.sum += byMonth[m]
		c.shown = c.shown && byMonth[m] >= Threshold
	}
	return figure(kind, "", "", c)
}

// Sorted returns the distinct words of a list in order.
func Sorted(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}
