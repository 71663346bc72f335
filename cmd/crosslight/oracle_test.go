package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"github.com/crosslight/crosslight/examples"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// held is an indicator as its owner's file has it first.
type held struct {
	typ      indicator.Type
	digest   indicator.Digest
	label    indicator.Label
	existing bool
}

// sheet is what a member's file comes to when one simply reads it in the clear.
type sheet struct {
	name  string
	rows  map[indicator.Digest]held
	lines int64
	done  memberDone
}

// readSheet reads a file without any of the program's machinery behind the feed reader.
func readSheet(ts *testscript.TestScript, m demoMember) sheet {
	raw, err := examples.Files.ReadFile("three-members/" + m.Indicators)
	ts.Check(err)
	r, err := feed.NewReader(bytes.NewReader(raw), feed.Options{Region: m.Region, Now: time.Now()})
	ts.Check(err)
	s := sheet{name: m.Name, rows: map[indicator.Digest]held{}, done: memberDone{Name: m.Name, Sector: m.Sector}}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return s
		}
		ts.Check(err)
		s.take(row)
	}
}

func (s *sheet) take(row feed.Row) {
	s.lines++
	switch {
	case row.Refusal != "":
		s.done.Refused++
		return
	case row.Suppressed:
		s.done.Suppressed++
		return
	case s.rows[row.Digest].existing:
		s.done.Duplicates++
	default:
		s.done.Imported++
		s.rows[row.Digest] = held{row.Type, row.Digest, row.Label, true}
	}
	for _, d := range row.Derived {
		if !s.rows[d.Digest].existing {
			s.rows[d.Digest] = held{d.Type, d.Digest, d.Label, true}
		}
	}
}

// expected is every match that the members' files contain, in the clear.
func expected(sheets []sheet) []demoMatch {
	var out []demoMatch
	for _, querier := range sheets {
		for _, holder := range sheets {
			if querier.name == holder.name {
				continue
			}
			for digest, mine := range querier.rows {
				if theirs, ok := holder.rows[digest]; ok {
					category := string(theirs.label.Category)
					out = append(out, demoMatch{
						querier.name, holder.name, string(mine.typ),
						mine.label.Reference, theirs.label.Reference, &category,
					})
				}
			}
		}
	}
	return out
}

func orderMatches(a, b demoMatch) int {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	return cmp.Or(cmp.Compare(a.Querier, b.Querier), cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Type, b.Type),
		cmp.Compare(text(a.QuerierReference), text(b.QuerierReference)),
		cmp.Compare(text(a.HolderReference), text(b.HolderReference)), cmp.Compare(text(a.Category), text(b.Category)))
}

// oracle compares what the demo printed with what the shipped files say in the clear: oracle FILE
func oracle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oracle FILE")
	}
	var got demoResult
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &got))
	raw, err := examples.Files.ReadFile("three-members/consortium.yaml")
	ts.Check(err)
	var c consortium
	ts.Check(yaml.Unmarshal(raw, &c))
	var sheets []sheet
	for i, m := range c.Members {
		s := readSheet(ts, m)
		sheets = append(sheets, s)
		checkMember(ts, got.Members[i], s)
	}
	checkMatches(ts, got.Matches, expected(sheets))
	if got.Evaluations != got.ProofsVerified || got.Evaluations < 12_000 || !got.Ledger.Verified {
		ts.Fatalf("%d evaluations, %d proved, ledger verified: %t", got.Evaluations, got.ProofsVerified, got.Ledger.Verified)
	}
}

func checkMember(ts *testscript.TestScript, got memberDone, want sheet) {
	got.PeerID = ""
	if got != want.done {
		ts.Fatalf("import at %s: %+v, the file says %+v", want.name, got, want.done)
	}
	if sum := got.Imported + got.Refused + got.Duplicates + got.Suppressed; sum != want.lines {
		ts.Fatalf("import at %s accounts for %d of %d lines", want.name, sum, want.lines)
	}
	if got.Imported < 2000 {
		ts.Fatalf("%s has %d distinct indicators, 2,000 are promised", want.name, got.Imported)
	}
}

func checkMatches(ts *testscript.TestScript, got, want []demoMatch) {
	slices.SortFunc(got, orderMatches)
	slices.SortFunc(want, orderMatches)
	if len(got) != len(want) {
		ts.Fatalf("%d matches, the files hold %d", len(got), len(want))
	}
	for i := range want {
		if orderMatches(got[i], want[i]) != 0 {
			ts.Fatalf("match %d: %s asks %s about %s, but the files say %s asks %s about %s",
				i, got[i].Querier, got[i].Holder, got[i].Type, want[i].Querier, want[i].Holder, want[i].Type)
		}
	}
}
