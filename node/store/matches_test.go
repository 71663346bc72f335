package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/protocol/indicator"
)

func foundItem(n int, holder string) Found {
	return Found{Item: [32]byte{byte(n), byte(n >> 8)}, Type: "email", Holder: holder}
}

func add(t *testing.T, s *Store, by Sighting, found ...Found) []Added {
	t.Helper()
	added, err := s.AddMatches(t.Context(), by, found)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func TestAddMatchesKnowsWhatIsNew(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	first := Sighting{Source: FromWatch, Origin: "w1", At: testTime}
	again := Sighting{Source: FromQuery, Origin: "q1", At: testTime.Add(time.Hour), Case: "K-1"}
	a := add(t, s, first, foundItem(1, "bank"), foundItem(2, "bank"), foundItem(1, "police"))
	if !a[0].New || !a[1].New || !a[2].New || a[0].ID == a[2].ID {
		t.Fatalf("%+v", a)
	}
	if err := s.Decide(t.Context(), Change{MatchID: a[0].ID, State: MatchClosed, Note: "nothing in it"}); err != nil {
		t.Fatal(err)
	}
	later := foundItem(1, "bank")
	later.Label, later.Place = []byte{7}, &Place{Epoch: 3, Tag: [8]byte{1}, Proof: [32]byte{2}}
	b := add(t, s, again, later, foundItem(3, "bank"), foundItem(3, "bank"))
	if b[0].New || b[0].ID != a[0].ID || !b[1].New || b[2].New || b[2].ID != b[1].ID {
		t.Fatalf("%+v", b)
	}
	want := Match{
		ID: a[0].ID, Source: FromWatch, Type: "email", Holder: "bank", Label: []byte{7}, State: MatchClosed, Place: later.Place,
		FirstSeen: testTime, LastSeen: testTime.Add(time.Hour),
	}
	got, err := s.Match(t.Context(), a[0].ID[:12])
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	seen, err := s.Sightings(t.Context(), a[0].ID)
	if diff := cmp.Diff([]Sighting{again, first}, seen); diff != "" || err != nil {
		t.Error(diff, err)
	}
	notes, err := s.Notes(t.Context(), a[0].ID)
	if diff := cmp.Diff([]Note{{testTime, "nothing in it"}}, notes); diff != "" || err != nil {
		t.Error(diff, err)
	}
	// A label that is not revealed any more does not take back what was told before.
	add(t, s, again, foundItem(1, "bank"))
	if got, err := s.Match(t.Context(), a[0].ID); err != nil || got.Label == nil || got.Place == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMatchFilters(t *testing.T) {
	s := openTest(t, t.TempDir())
	phone := foundItem(9, "police")
	phone.Type = "phone"
	add(t, s, Sighting{Source: FromQuery, Origin: "q1", At: testTime, Case: "K-1"}, foundItem(1, "bank"), foundItem(2, "police"))
	added := add(t, s, Sighting{Source: FromWatch, Origin: "w1", At: testTime.Add(time.Hour), Case: "K-2"}, phone, foundItem(1, "bank"))
	if err := s.Decide(t.Context(), Change{MatchID: added[0].ID, State: MatchDisputed}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		filter MatchFilter
		want   string
	}{
		{"all", MatchFilter{}, "phone/police email/police email/bank "},
		{"type", MatchFilter{Type: "phone"}, "phone/police "},
		{"holder", MatchFilter{Holder: "police"}, "phone/police email/police "},
		{"source", MatchFilter{Source: FromWatch}, "phone/police email/bank "},
		{"state", MatchFilter{State: MatchDisputed}, "phone/police "},
		{"since", MatchFilter{Since: testTime.Add(time.Minute)}, "phone/police "},
		{"until", MatchFilter{Until: testTime.Add(time.Minute)}, "email/police email/bank "},
		{"query", MatchFilter{Origin: "q1"}, "email/police email/bank "},
		{"case", MatchFilter{Case: "K-2"}, "phone/police email/bank "},
		{"two", MatchFilter{Case: "K-2", Holder: "bank"}, "email/bank "},
		{"none", MatchFilter{Case: "K-3"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, cursor := "", ""
			for {
				page, next, err := s.Matches(t.Context(), c.filter, cursor, 1)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range page {
					got += fmt.Sprintf("%s/%s ", m.Type, m.Holder)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, _, err := s.Matches(t.Context(), MatchFilter{}, "nonsense", 1); !errors.Is(err, ErrCursor) {
		t.Errorf("cursor: %v", err)
	}
}

func TestMatchIsFoundByItsBeginning(t *testing.T) {
	s := openTest(t, t.TempDir())
	var found []Found
	for n := range 600 {
		found = append(found, foundItem(n, "bank"))
	}
	var ids []string
	for _, a := range add(t, s, Sighting{Source: FromQuery, Origin: "q", At: testTime}, found...) {
		ids = append(ids, a.ID)
	}
	begins := map[string]int{}
	for _, id := range ids {
		begins[id[:4]]++
	}
	for _, id := range ids {
		_, err := s.Match(t.Context(), id[:4])
		if want := map[bool]error{true: ErrAmbiguous}[begins[id[:4]] > 1]; !errors.Is(err, want) {
			t.Fatalf("%d begin like this: %v", begins[id[:4]], err)
		}
	}
	for _, id := range []string{"", "abc", "zzzz", "ABCD", ids[0] + "0", "%%%%"} {
		if _, err := s.Match(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := s.Decide(t.Context(), Change{MatchID: "0000", State: MatchClosed}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a beginning is not enough to change: %v", err)
	}
}

// TestMatchIDsAreStable: watches and queries, today's and next year's, must meet in one line.
func TestMatchIDsAreStable(t *testing.T) {
	item := MatchItem([32]byte{1}, indicator.Digest{2})
	if got := MatchID("bank", "email", item); got != "00acd30aceadf4bf715c34df7cdd2c0a" {
		t.Errorf("got %s", got)
	}
	if MatchID("bankemail", "", item) == MatchID("bank", "email", item) {
		t.Error("holder and type run into one another")
	}
}

// TestMatchesOfTheVersionBefore: a store of the first schema keeps its queries and every one of their
// matches.
func TestMatchesOfTheVersionBefore(t *testing.T) {
	dir := t.TempDir()
	old, err := openDB(filepath.Join(dir, "activity.db"), activitySchemas[:1], synced)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO query VALUES (4, 'q1', 1000, 'platform-safety', 'K-1', x'', 2, 0, 0, 2, 2, 0)`,
		`INSERT INTO query VALUES (7, 'q2', 2000, 'financial-crime-report', '', x'', 1, 0, 0, 1, 1, 0)`,
		`INSERT INTO match VALUES (4, 0, 'email', 'bank', 'ROW-1', x'01'), (4, 1, 'email', 'bank', 'ROW-1', x'01'),
			(7, 0, 'phone', 'police', NULL, NULL)`,
	} {
		if _, err := old.write.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.close(); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, dir)
	q, err := s.Query(t.Context(), "q1")
	if err != nil || len(q.Matches) != 2 || *q.Matches[1].Reference != "ROW-1" || q.Matches[0].ID == q.Matches[1].ID {
		t.Fatalf("%+v, %v", q.Matches, err)
	}
	all, _, err := s.Matches(t.Context(), MatchFilter{}, "", 10)
	if err != nil || len(all) != 3 || all[0].Type != "phone" || all[0].Label != nil || all[0].Reference != nil ||
		all[0].State != MatchNew || all[0].FirstSeen.UnixMilli() != 2000 || all[0].Place != nil || len(all[0].ID) != 32 {
		t.Fatalf("%+v, %v", all, err)
	}
	byCase, _, err := s.Matches(t.Context(), MatchFilter{Case: "K-1"}, "", 10)
	if err != nil || len(byCase) != 2 {
		t.Fatalf("%+v, %v", byCase, err)
	}
	if a := add(t, s, Sighting{Source: FromWatch, Origin: "w", At: testTime}, foundItem(1, "bank")); !a[0].New {
		t.Error("the first match after the change is not new")
	}
}
