package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// model is what the store should hold: the label of each digest.
type model map[indicator.Digest]string

// What imports, withdrawals and reopenings in any order leave is what a plain map would.
func TestStoreIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		s := openUnsynced(rt, dir)
		defer func() { _ = s.Close() }()
		want := model{}
		rt.Repeat(map[string]func(*rapid.T){
			"import":   func(rt *rapid.T) { want.importInto(rt, s) },
			"withdraw": func(rt *rapid.T) { want.withdrawFrom(rt, s) },
			"reopen": func(rt *rapid.T) {
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				s = openUnsynced(rt, dir)
			},
			"": func(rt *rapid.T) { want.compare(rt, s) },
		})
	})
}

// openUnsynced opens a store that does not wait for the disk: no power is cut in this test.
func openUnsynced(t rapid.TB, dir string) *Store {
	s, err := open(filepath.Join(dir, "store.db"), unsynced)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// typed keeps type and digest together, as digests do.
func typed(n int) indicator.Type { return []indicator.Type{"email", "phone", "e-wallet"}[n%3] }

func (m model) importInto(rt *rapid.T, s *Store) {
	im, err := s.Begin(rt.Context())
	if err != nil {
		rt.Fatal(err)
	}
	keep := rapid.Bool().Draw(rt, "keep")
	lines, fresh, derived := int64(0), int64(0), int64(0)
	next := model{}
	for d, l := range m {
		next[d] = l
	}
	for range rapid.IntRange(0, 30).Draw(rt, "rows") {
		n := rapid.IntRange(0, 40).Draw(rt, "n")
		r := Row{
			Type: typed(n), Digest: digest(n), Derived: rapid.Bool().Draw(rt, "derived"),
			Label: rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(rt, "label"), Reference: rapid.SampledFrom([]string{"", "A", "B"}).Draw(rt, "reference"),
		}
		if err := im.Add(r); err != nil {
			rt.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(rt, "flush") == 0 {
			if err := im.stage.flush(); err != nil {
				rt.Fatal(err)
			}
		}
		_, have := next[r.Digest]
		switch {
		case !r.Derived && !have:
			lines++
			fresh++
		case !r.Derived:
			lines++
		case !have:
			derived++
		}
		if !have {
			next[r.Digest] = r.Reference + "|" + string(r.Label)
		}
	}
	finish := im.Preview
	if keep {
		finish = im.Commit
	}
	got, err := finish(rt.Context())
	if want := (Counts{fresh, lines - fresh, derived}); err != nil || got != want {
		rt.Fatalf("counts %+v, want %+v, %v", got, want, err)
	}
	if keep {
		for d, l := range next {
			m[d] = l
		}
	}
}

func (m model) withdrawFrom(rt *rapid.T, s *Store) {
	w := Withdrawal{Reference: rapid.SampledFrom([]string{"", "A", "B"}).Draw(rt, "reference")}
	for range rapid.IntRange(0, 5).Draw(rt, "digests") {
		w.Digests = append(w.Digests, digest(rapid.IntRange(0, 45).Draw(rt, "n")))
	}
	var gone, unknown int64
	for _, d := range w.Digests {
		if _, ok := m[d]; !ok {
			unknown++
			continue
		}
		gone++
		delete(m, d)
	}
	for d, l := range m {
		if w.Reference != "" && strings.HasPrefix(l, w.Reference+"|") {
			gone++
			delete(m, d)
		}
	}
	out, gotUnknown, _, err := s.Withdraw(rt.Context(), w)
	if err != nil || int64(len(out)) != gone || gotUnknown != unknown {
		rt.Fatalf("%d withdrawn, %d unknown, want %d, %d: %v", len(out), gotUnknown, gone, unknown, err)
	}
}

func (m model) compare(rt *rapid.T, s *Store) {
	seen := 0
	for n := range 3 {
		err := s.Each(rt.Context(), 1, typed(n), func(d indicator.Digest, label, _ []byte) error {
			seen++
			l, ok := m[d]
			if _, want, _ := strings.Cut(l, "|"); !ok || !bytes.Equal(label, []byte(want)) {
				rt.Errorf("label %q, want %q", label, want)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	}
	tallies, err := s.Count(rt.Context())
	if err != nil {
		rt.Fatal(err)
	}
	sum := int64(0)
	for _, t := range tallies {
		sum += t.Held
	}
	if seen != len(m) || sum != int64(len(m)) {
		rt.Fatalf("%d seen, %d tallied, want %d", seen, sum, len(m))
	}
}

// At ten million rows a statement that scans or sorts is a fault.
func TestStatementsUseTheirIndexes(t *testing.T) {
	s := openTest(t, t.TempDir())
	for statement, index := range map[string]string{
		"SELECT id FROM indicator WHERE id < 9 ORDER BY id DESC LIMIT 5":                                                                                         "INTEGER PRIMARY KEY",
		"SELECT id FROM indicator WHERE id < 9 AND type = 'x' ORDER BY id DESC LIMIT 5":                                                                          "indicator_type",
		"SELECT id FROM indicator WHERE id < 9 AND reference = 'x' ORDER BY id DESC LIMIT 5":                                                                     "indicator_reference",
		"SELECT id FROM indicator WHERE digest = x'00'":                                                                                                          "indicator_digest",
		"DELETE FROM indicator WHERE reference = 'x' RETURNING type":                                                                                             "indicator_reference",
		"DELETE FROM indicator WHERE expires < '2026-01-01' RETURNING type":                                                                                      "indicator_expires",
		"SELECT i.id, o.f FROM indicator AS i LEFT JOIN output AS o ON o.indicator = i.id AND o.epoch = 1 WHERE i.type = 'x' AND i.id > 7 ORDER BY i.id LIMIT 5": "indicator_type",
		"DELETE FROM output WHERE indicator >= 1 AND indicator < 9 AND epoch = 1":                                                                                "PRIMARY KEY",
	} {
		rows, err := s.main.read.Query("EXPLAIN QUERY PLAN " + statement)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(detail + "\n")
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), index) || strings.Contains(plan.String(), "SCAN") || strings.Contains(plan.String(), "TEMP") {
			t.Errorf("%s:\n%s", statement, plan.String())
		}
	}
}
