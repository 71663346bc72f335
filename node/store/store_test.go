package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/protocol/indicator"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.SetClock(func() time.Time { return testTime })
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func digest(n int) indicator.Digest {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func row(typ string, n int) Row {
	return Row{
		Type: indicator.Type(typ), Digest: digest(n), Label: []byte(fmt.Sprintf("label %d", n)),
		Reference: fmt.Sprintf("CASE-%d", n),
	}
}

func importRows(t testing.TB, s *Store, rows ...Row) Counts {
	t.Helper()
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := im.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	c, err := im.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func held(t testing.TB, s *Store) map[string]int64 {
	t.Helper()
	tallies, err := s.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, c := range tallies {
		out[string(c.Type)] = c.Held
		var real int64
		err := s.main.read.QueryRowContext(t.Context(), "SELECT count(*) FROM indicator WHERE type = ?", string(c.Type)).Scan(&real)
		if err != nil || real != c.Held {
			t.Fatalf("tally of %s says %d, the table has %d (%v)", c.Type, c.Held, real, err)
		}
	}
	return out
}

func noStaging(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, stagePrefix+"*"))
	if err != nil || len(left) != 0 {
		t.Fatalf("staging files left: %v (%v)", left, err)
	}
}

func TestImport(t *testing.T) {
	derived := func(r Row) Row { r.Derived = true; return r }
	other := func(r Row) Row { r.Label = []byte("other"); return r }
	for _, c := range []struct {
		name   string
		before []Row
		rows   []Row
		want   Counts
		held   map[string]int64
	}{
		{name: "nothing", want: Counts{}, held: map[string]int64{}},
		{
			name: "several types", rows: []Row{row("email", 1), row("phone", 2), row("email", 3)},
			want: Counts{Imported: 3}, held: map[string]int64{"email": 2, "phone": 1},
		},
		{
			name: "twice in the feed", rows: []Row{row("email", 1), row("email", 2), other(row("email", 1)), other(row("email", 1))},
			want: Counts{Imported: 2, Duplicates: 2}, held: map[string]int64{"email": 2},
		},
		{
			name: "held already", before: []Row{row("email", 1)}, rows: []Row{other(row("email", 1)), row("email", 2)},
			want: Counts{Imported: 1, Duplicates: 1}, held: map[string]int64{"email": 2},
		},
		{
			name: "derived", rows: []Row{row("e-wallet", 1), derived(row("phone", 2)), row("e-wallet", 3), derived(row("phone", 2))},
			want: Counts{Imported: 2, Derived: 1}, held: map[string]int64{"e-wallet": 2, "phone": 1},
		},
		{
			name: "derived, then given", rows: []Row{derived(row("phone", 2)), row("phone", 2)},
			want: Counts{Derived: 1, Duplicates: 1}, held: map[string]int64{"phone": 1},
		},
		{
			name: "derived of one held", before: []Row{row("phone", 2)}, rows: []Row{row("e-wallet", 1), derived(row("phone", 2))},
			want: Counts{Imported: 1}, held: map[string]int64{"phone": 1, "e-wallet": 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			importRows(t, s, c.before...)
			if got := importRows(t, s, c.rows...); got != c.want {
				t.Errorf("counts %+v, want %+v", got, c.want)
			}
			if diff := cmp.Diff(c.held, held(t, s)); diff != "" {
				t.Error(diff)
			}
			noStaging(t, dir)
		})
	}
}

func TestFirstLabelWins(t *testing.T) {
	s := openTest(t, t.TempDir())
	second := row("email", 1)
	second.Label, second.Reference, second.Expires = []byte("second"), "", "2027-01-01"
	importRows(t, s, row("email", 1), second)
	importRows(t, s, second)
	got, err := s.Indicator(t.Context(), digest(1))
	want := Indicator{Type: "email", Digest: digest(1), Label: []byte("label 1"), Reference: "CASE-1", Imported: testTime}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := s.Indicator(t.Context(), digest(2)); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// Several runs are needed to see the merge at work.
func TestImportOverManyRuns(t *testing.T) {
	s := openTest(t, t.TempDir())
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const distinct = 1500
	for i := range 3 * distinct {
		r := row([]string{"email", "phone", "iban"}[i%distinct%3], i%distinct)
		r.Label = []byte(fmt.Sprint("pass ", i/distinct))
		if err := im.Add(r); err != nil {
			t.Fatal(err)
		}
		if i%700 == 0 {
			if err := im.stage.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, err := im.Commit(t.Context())
	if want := (Counts{Imported: distinct, Duplicates: 2 * distinct}); err != nil || c != want {
		t.Fatalf("counts %+v, %v", c, err)
	}
	for _, typ := range []indicator.Type{"email", "phone", "iban"} {
		n := 0
		err := s.Each(t.Context(), 1, typ, func(_ indicator.Digest, label, f []byte) error {
			if string(label) != "pass 0" || f != nil {
				t.Fatalf("label %q, output %x", label, f)
			}
			n++
			return nil
		})
		if err != nil || n != distinct/3 {
			t.Errorf("%s: %d, %v", typ, n, err)
		}
	}
}

func TestPreviewKeepsNothing(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	importRows(t, s, row("email", 1))
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 2} {
		if err := im.Add(row("email", n)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := im.Preview(t.Context())
	if want := (Counts{Imported: 1, Duplicates: 2}); err != nil || c != want {
		t.Errorf("counts %+v, %v", c, err)
	}
	if _, err := im.Commit(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("commit after preview: %v", err)
	}
	if err := im.Add(row("email", 3)); !errors.Is(err, ErrClosed) {
		t.Errorf("add after preview: %v", err)
	}
	if got := held(t, s)["email"]; got != 1 {
		t.Errorf("%d held", got)
	}
	noStaging(t, dir)
}

func TestRowLimits(t *testing.T) {
	s := openTest(t, t.TempDir())
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer im.Abort()
	long := strings.Repeat("x", 256)
	for name, change := range map[string]func(*Row){
		"no type": func(r *Row) { r.Type = "" }, "long type": func(r *Row) { r.Type = indicator.Type(long) },
		"long label": func(r *Row) { r.Label = []byte(long) }, "long reference": func(r *Row) { r.Reference = long },
		"long date": func(r *Row) { r.Expires = long },
	} {
		r := row("email", 1)
		change(&r)
		if err := im.Add(r); !errors.Is(err, ErrRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestListWhileItChanges(t *testing.T) {
	s := openTest(t, t.TempDir())
	for batch := range 5 { // all at one timestamp
		var rows []Row
		for i := range 10 {
			rows = append(rows, row([]string{"email", "phone"}[i%2], 100*batch+i))
		}
		importRows(t, s, rows...)
	}
	seen := map[indicator.Digest]bool{}
	cursor := ""
	for n := 0; ; n++ {
		page, next, err := s.Indicators(t.Context(), Filter{Type: "phone"}, cursor, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page {
			if seen[i.Digest] || i.Type != "phone" {
				t.Fatalf("%s twice or of another type", i.Reference)
			}
			seen[i.Digest] = true
		}
		importRows(t, s, row("phone", 1000+n)) // newer than the cursor: not seen
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 seen", len(seen))
	}
	page, next, err := s.Indicators(t.Context(), Filter{Reference: "CASE-203"}, "", 0)
	if err != nil || len(page) != 1 || next != "" || page[0].Digest != digest(203) {
		t.Errorf("by reference: %v %q %v", page, next, err)
	}
	for _, bad := range []string{"x", "AAAA", "_________-8", "AAAAAAAAAAB", "%"} {
		if _, _, err := s.Indicators(t.Context(), Filter{}, bad, 1); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	change := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, string)
		want    error
	}{
		{"a newer schema", change("PRAGMA user_version = 99"), ErrSchema},
		{"a negative schema", change("PRAGMA user_version = -1"), ErrSchema},
		{"another program's database", change("PRAGMA application_id = 77"), ErrSchema},
		{"not a database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrDamaged},
		{"a folder", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "store.db")
			s, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, path)
			_, err = Open(path)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestForeignTablesAreNotTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE theirs (x)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrSchema) {
		t.Errorf("error %v", err)
	}
}

func TestBindLedger(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for i, c := range []struct {
		id   byte
		want error
	}{{1, nil}, {1, nil}, {2, ErrLedger}, {1, nil}} {
		if err := s.BindLedger(t.Context(), [32]byte{c.id}); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer im.Abort()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 3 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	im, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3000 {
		if err := im.Add(row("email", n)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.main.fault = func(point string) error {
		if point == "rows" {
			cancel()
		}
		return nil
	}
	if _, err := im.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	s.main.fault = nil
	if n := held(t, s)["email"]; n != 0 {
		t.Errorf("%d held", n)
	}
	importRows(t, s, row("email", 1)) // the connection is not stuck in a transaction
	noStaging(t, dir)
}
