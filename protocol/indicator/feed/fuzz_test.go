package feed_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// FuzzReader requires of any bytes in any format: no panic, at most one row a line, rising line
// numbers within the feed, and a label that encodes on every accepted row.
func FuzzReader(f *testing.F) {
	for _, name := range vectorFiles {
		for _, v := range readVectors(f, name) {
			if text := v.text(f); len(text) < feed.MaxLine {
				f.Add(v.Format, v.Region, []byte(text))
			}
		}
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, format, region string, b []byte) {
		rows, err := readAll(bytes.NewReader(b), feed.Options{Format: feed.Format(format), Region: region, Now: now})
		if err != nil {
			return
		}
		checkLines(t, rows, int64(bytes.Count(b, []byte{'\n'})+1))
		for _, r := range rows {
			checkRow(t, r)
		}
	})
}

func checkLines(t *testing.T, rows []feed.Row, lines int64) {
	last := int64(0)
	for _, r := range rows {
		if r.Line <= last || r.Line > lines {
			t.Fatalf("line %d after %d, of %d", r.Line, last, lines)
		}
		last = r.Line
	}
}

func checkRow(t *testing.T, r feed.Row) {
	switch {
	case r.Refusal != "" && r.Suppressed:
		t.Fatal("refused and suppressed")
	case r.Refusal != "" || r.Suppressed:
		return
	}
	if _, err := r.Label.Encode(); err != nil {
		t.Fatalf("line %d: %v", r.Line, err)
	}
	for _, d := range r.Derived {
		if _, err := d.Label.Encode(); err != nil {
			t.Fatalf("line %d, derived: %v", r.Line, err)
		}
	}
}

// FuzzSingleLines requires that exactly one row comes of every line that is not blank, where no line
// holds a quote and so no record spans two.
func FuzzSingleLines(f *testing.F) {
	f.Add("email,a@example.com\n\nphone,1\r\n ,\n")
	f.Fuzz(func(t *testing.T, body string) {
		body = strings.ReplaceAll(body, `"`, "")
		want := 0
		for _, l := range strings.Split(body, "\n") {
			if strings.TrimSpace(l) != "" {
				want++
			}
		}
		rows, err := readAll(strings.NewReader("type,value\n"+body), feed.Options{Format: feed.CSV})
		if err != nil || len(rows) != want {
			t.Fatalf("%d rows of %d lines, %v", len(rows), want, err)
		}
	})
}
