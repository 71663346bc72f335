package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

func printed(t *testing.T, format string, data any) string {
	t.Helper()
	var b bytes.Buffer
	a := newApp(nil, &b, nil)
	a.cfg.Output = format
	if err := a.print(data, func(*table) {}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestQueryContract holds `query run -o json` to cli.md: keys, nulls, order.
func TestQueryContract(t *testing.T) {
	x, y := "A-1", "A-2"
	got := printed(t, "json", answerOf(hub.QueryReport{
		Asked: []hub.Asked{{Member: "C", Status: "ok", Detail: "d"}, {Member: "B", Status: "timeout"}},
		Matches: []hub.Match{
			{Type: "phone", Reference: &x, Holder: "B"},
			{Type: "email", Reference: &y, Holder: "C"},
			{Type: "email", Reference: &y, Holder: "B"},
			{Type: "email", Holder: "C"},
		},
	}))
	var out struct {
		Queried *int64
		Asked   []map[string]any
		Matches []map[string]any
		Partial *bool
	}
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	if out.Queried == nil || out.Partial == nil || len(out.Matches) != 4 {
		t.Fatalf("%s", got)
	}
	if want := []map[string]any{{"member": "B", "status": "timeout"}, {"member": "C", "status": "ok"}}; !reflect.DeepEqual(out.Asked, want) {
		t.Errorf("asked: %v", out.Asked)
	}
	order := []string{}
	for _, m := range out.Matches {
		order = append(order, fmt.Sprint(m["type"], m["reference"], m["holder"]))
		for _, key := range strings.Fields("category severity confidence holder_reference contact first_seen") {
			if v, ok := m[key]; !ok || v != nil {
				t.Errorf("%s is %v, not null", key, v)
			}
		}
	}
	if want := "[email<nil>C emailA-2B emailA-2C phoneA-1B]"; fmt.Sprint(order) != want {
		t.Errorf("order %v, want %v", order, want)
	}
	if empty := printed(t, "json", answerOf(hub.QueryReport{})); strings.Contains(empty, "null") {
		t.Errorf("null in %s", empty)
	}
}

func TestYAMLIsTheSameDocument(t *testing.T) {
	got := printed(t, "yaml", hashed{"email", "no", "123"})
	if want := "type: email\ncanonical: \"no\"\ndigest: \"123\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := printed(t, "yaml", memberPage{Members: []hub.Member{}}); got != "members: []\n" {
		t.Errorf("got %q", got)
	}
}

// TestForeignWords shows that another member's words cannot steer a terminal.
func TestForeignWords(t *testing.T) {
	if got := text("a\x1b[31mb\u202ec\n"); strings.ContainsAny(got, "\x1b\u202e\n") {
		t.Errorf("%q", got)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
	}{
		{nil, exitOK},
		{errors.New("x"), exitError},
		{fmt.Errorf("x: %w", hub.ErrInvalid), exitError},
		{fmt.Errorf("x: %w", hub.ErrStorage), exitError},
		{fmt.Errorf("x: %w", hub.ErrDenied), exitDenied},
		{fmt.Errorf("x: %w", hub.ErrUnavailable), exitUnavailable},
		{usageText("x"), exitUsage},
		{exitWith(exitNoMatch), exitNoMatch},
		{errors.Join(exitWith(exitDenied), hub.ErrUnavailable), exitDenied},
	} {
		if got := exitCode(tt.err); got != tt.code {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.code)
		}
	}
}

func TestOutcome(t *testing.T) {
	ok, denied, down := hub.Asked{Member: "B", Status: "ok"}, hub.Asked{Member: "C", Status: "suspended"}, hub.Asked{Member: "D", Status: "unreachable"}
	match := []hub.Match{{Holder: "B"}}
	for name, tt := range map[string]struct {
		report hub.QueryReport
		flag   bool
		code   int
	}{
		"match":               {hub.QueryReport{Queried: 1, Asked: []hub.Asked{ok}, Matches: match}, true, exitOK},
		"no match":            {hub.QueryReport{Queried: 1, Asked: []hub.Asked{ok}}, false, exitOK},
		"no match, flag":      {hub.QueryReport{Queried: 1, Asked: []hub.Asked{ok}}, true, exitNoMatch},
		"all denied":          {hub.QueryReport{Queried: 1, Asked: []hub.Asked{denied, denied}}, false, exitDenied},
		"some denied":         {hub.QueryReport{Queried: 1, Asked: []hub.Asked{ok, denied}, Matches: match}, false, exitOK},
		"partial":             {hub.QueryReport{Queried: 1, Asked: []hub.Asked{ok, down}, Partial: true, Matches: match}, false, exitUnavailable},
		"partial, no match":   {hub.QueryReport{Queried: 1, Asked: []hub.Asked{down}, Partial: true}, true, exitUnavailable},
		"every value refused": {hub.QueryReport{Refused: 1, Refusals: []hub.Refusal{{Reason: "r"}}}, false, exitError},
		"suppressed":          {hub.QueryReport{Suppressed: 1}, false, exitError},
	} {
		var messages bytes.Buffer
		a := newApp(nil, nil, &messages)
		if got := exitCode(a.outcome(tt.report, queryFlags{exitCode: tt.flag})); got != tt.code {
			t.Errorf("%s: exit %d, want %d", name, got, tt.code)
		}
	}
}

// TestRemovalTable: a mirror that has not acknowledged has no time.
func TestRemovalTable(t *testing.T) {
	var b bytes.Buffer
	a := newApp(nil, &b, nil)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := hub.Removal{ID: 7, Cause: "withdrawn", At: at, Mirrors: []hub.RemovalMirror{
		{Member: "Bank B", Status: "acknowledged", At: &at}, {Member: "Police C", Status: "waiting"},
	}}
	a.cfg.Output = "table"
	if err := a.print(r, func(t *table) { removalTable(t, r) }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 2 mirrors", "Police C  waiting       -\n", "indicator removals 7"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
