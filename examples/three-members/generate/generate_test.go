package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
	"go.yaml.in/yaml/v3"
)

// TestCommitted requires that the committed files are what the seed gives.
func TestCommitted(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what the seed gives: run go run ./examples/three-members/generate examples/three-members", name)
		}
	}
}

type consortium struct {
	Members []struct{ Name, Sector, Jurisdiction, Region, Indicators string }
}

// key is an indicator as the store knows it.
type key struct {
	typ    indicator.Type
	digest indicator.Digest
}

// tally is what a file comes to.
type tally struct {
	lines, imported, refused, duplicates, suppressed int
	held                                             map[key]string // to its reference
	references                                       map[string]bool
}

func read(t *testing.T, file, region string) tally {
	t.Helper()
	f, err := os.Open(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := feed.NewReader(f, feed.Options{Region: region, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	out := tally{held: map[key]string{}, references: map[string]bool{}}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out.add(row)
	}
}

func (x *tally) add(row feed.Row) {
	x.lines++
	k := key{row.Type, row.Digest}
	_, known := x.held[k]
	switch {
	case row.Refusal != "":
		x.refused++
		return
	case row.Suppressed:
		x.suppressed++
		return
	case known:
		x.duplicates++
	default:
		x.imported++
		x.held[k] = *row.Label.Reference
	}
	x.references[*row.Label.Reference] = true
	for _, d := range row.Derived {
		if k := (key{d.Type, d.Digest}); x.held[k] == "" {
			x.held[k] = *d.Label.Reference
		}
	}
}

// TestExample requires of the example what the demo needs of it.
func TestExample(t *testing.T) {
	b, err := os.ReadFile("../consortium.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c consortium
	if err := yaml.Unmarshal(b, &c); err != nil || len(c.Members) != 3 {
		t.Fatalf("%d members, %v", len(c.Members), err)
	}
	var all []tally
	for _, m := range c.Members {
		x := read(t, m.Indicators, m.Region)
		t.Logf("%s: %d lines = %d imported + %d refused + %d duplicates + %d suppressed; %d held", m.Name, x.lines, x.imported, x.refused, x.duplicates, x.suppressed, len(x.held))
		x.check(t, m.Name)
		all = append(all, x)
	}
	for i, a := range all {
		for j, b := range all {
			if i != j {
				checkShared(t, c.Members[i].Name+" and "+c.Members[j].Name, a, b)
			}
		}
	}
}

func (x tally) check(t *testing.T, name string) {
	if x.lines != x.imported+x.refused+x.duplicates+x.suppressed {
		t.Errorf("%s: the counts do not add up", name)
	}
	if x.imported < 2000 || len(x.held) > 2300 || x.refused < 20 || x.duplicates < 20 || x.suppressed < 5 {
		t.Errorf("%s: %d imported, %d held, %d refused, %d duplicates, %d suppressed", name, x.imported, len(x.held), x.refused, x.duplicates, x.suppressed)
	}
	if len(x.references) != x.imported+x.duplicates {
		t.Errorf("%s: %d references of %d rows", name, len(x.references), x.imported+x.duplicates)
	}
	types := map[indicator.Type]bool{}
	for k := range x.held {
		types[k.typ] = true
	}
	if len(types) != len(indicator.Types()) {
		t.Errorf("%s: %d types", name, len(types))
	}
}

// checkShared requires matches of every type, but not so many that nothing is private.
func checkShared(t *testing.T, pair string, a, b tally) {
	types, shared := map[indicator.Type]bool{}, 0
	for k := range a.held {
		if b.held[k] != "" {
			types[k.typ] = true
			shared++
		}
	}
	t.Logf("%s share %d", pair, shared)
	if shared < 200 || shared > 400 || len(types) != len(indicator.Types()) {
		t.Errorf("%s share %d of %d types", pair, shared, len(types))
	}
}
