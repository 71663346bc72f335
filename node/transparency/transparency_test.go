package transparency

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var small = Grid{Kinds: []string{"q"}, Sectors: []string{"a", "b"}, Purposes: []string{"p", "r"}, Months: []string{"2026-01", "2026-02"}}

func shown(list []Figure) (out string) {
	for _, f := range list {
		n := Hidden
		if f.Count != nil {
			n = fmt.Sprint(*f.Count)
		}
		out += fmt.Sprintf("%s/%s=%s ", f.Sector, f.Purpose, n)
	}
	return out
}

func TestCountsUnderTenAndWhatWouldShowThem(t *testing.T) {
	one := small
	one.Months = small.Months[:1]
	atom := func(s, p string, n int64) Atom { return Atom{"q", s, p, "2026-01", n} }
	for _, c := range []struct {
		name            string
		grid            Grid
		atoms           []Atom
		figures, totals string
	}{
		{
			"all shown", one,
			[]Atom{atom("a", "p", 10), atom("a", "r", 11), atom("b", "p", 12), atom("b", "r", 7), atom("b", "r", 6)},
			"a/p=10 a/r=11 b/p=12 b/r=13 ", "a/=21 b/=25 /p=22 /r=24 /=46 ",
		},
		{
			"nine is hidden, and every total over it", one,
			[]Atom{atom("a", "p", 9), atom("a", "r", 11), atom("b", "p", 12), atom("b", "r", 13)},
			"a/p=<10 a/r=11 b/p=12 b/r=13 ", "a/=<10 b/=25 /p=<10 /r=24 /=<10 ",
		},
		{"nought is hidden like nine", one, nil, "a/p=<10 a/r=<10 b/p=<10 b/r=<10 ", "a/=<10 b/=<10 /p=<10 /r=<10 /=<10 "},
		{
			"a month that may not be shown hides the sum", small,
			[]Atom{atom("a", "p", 50), {"q", "a", "p", "2026-02", 9}, atom("b", "r", 10), {"q", "b", "r", "2026-02", 10}},
			"a/p=<10 a/r=<10 b/p=<10 b/r=20 ", "a/=<10 b/=<10 /p=<10 /r=<10 /=<10 ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			figures, totals := Report(c.grid, c.atoms)
			if shown(figures) != c.figures || shown(totals) != c.totals {
				t.Errorf("figures %s\ntotals %s", shown(figures), shown(totals))
			}
		})
	}
}

// TestHiddenAtomsShowNowhere: two worlds that differ only in atoms under ten give one report, whatever
// else is in them. So no arithmetic over the report can tell them apart.
func TestHiddenAtomsShowNowhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var first, second []Atom
		for _, s := range small.Sectors {
			for _, p := range small.Purposes {
				for _, m := range small.Months {
					n := rapid.Int64Range(0, 25).Draw(rt, "n")
					other := n
					if n < Threshold {
						other = rapid.Int64Range(0, Threshold-1).Draw(rt, "other")
					}
					first, second = append(first, Atom{"q", s, p, m, n}), append(second, Atom{"q", s, p, m, other})
				}
			}
		}
		f1, t1 := Report(small, first)
		f2, t2 := Report(small, second)
		// A figure over two months may hold a hidden atom beside a shown one: it is hidden in both.
		if shown(f1) != shown(f2) || shown(t1) != shown(t2) {
			rt.Fatalf("%s %s\n%s %s", shown(f1), shown(t1), shown(f2), shown(t2))
		}
	})
}

func TestMonths(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		from, to string
		months   string
		whole    bool
	}{
		{"2026-01-01", "2026-02-01", "[2026-01]", true},
		{"2026-01-31", "2026-02-02", "[2026-01 2026-02]", false},
		{"2025-12-01", "2026-03-01", "[2025-12 2026-01 2026-02]", true},
		{"2026-01-01", "2026-01-02", "[2026-01]", false},
		{"2026-01-02", "2026-01-02", "[2026-01]", false},
	} {
		if got := fmt.Sprint(Months(day(c.from), day(c.to))); got != c.months || Whole(day(c.from), day(c.to)) != c.whole {
			t.Errorf("%+v: %s %v", c, got, Whole(day(c.from), day(c.to)))
		}
	}
}

// TestSectorsWithoutPurposes: the same rule for kinds that know sectors alone; what is hidden cannot be had
// by taking what is shown from the total.
func TestSectorsWithoutPurposes(t *testing.T) {
	atom := func(s, month string, n int64) Atom { return Atom{Kind: "audits", Sector: s, Month: month, N: n} }
	for _, c := range []struct {
		atoms []Atom
		want  string
	}{
		{[]Atom{atom("a", "2026-01", 10), atom("b", "2026-01", 12)}, "a/=10 b/=12 /=22 "},
		{[]Atom{atom("a", "2026-01", 10), atom("b", "2026-01", 9)}, "a/=10 b/=<10 /=<10 "},
		{[]Atom{atom("a", "2026-01", 10)}, "a/=10 b/=<10 /=<10 "},
		{[]Atom{atom("a", "2026-02", 10), atom("b", "2026-01", 12)}, "a/=<10 b/=12 /=<10 "},
	} {
		if got := shown(BySector("audits", []string{"a", "b"}, []string{"2026-01"}, c.atoms)); got != c.want {
			t.Errorf("%v: %s", c.atoms, got)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var first, second []Atom
		for _, s := range small.Sectors {
			for _, m := range small.Months {
				n := rapid.Int64Range(0, 25).Draw(rt, "n")
				other := n
				if n < Threshold {
					other = rapid.Int64Range(0, Threshold-1).Draw(rt, "other")
				}
				first, second = append(first, atom(s, m, n)), append(second, atom(s, m, other))
			}
		}
		a, b := shown(BySector("audits", small.Sectors, small.Months, first)), shown(BySector("audits", small.Sectors, small.Months, second))
		if a != b {
			rt.Fatalf("%s\n%s", a, b)
		}
	})
}
