package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crosslight/crosslight/protocol/indicator"
)

func TestWithdraw(t *testing.T) {
	s := openTest(t, t.TempDir())
	shared := func(typ string, n int) Row { r := row(typ, n); r.Reference = "CASE-X"; return r }
	importRows(t, s, row("email", 1), row("email", 2), shared("email", 3), shared("phone", 4), row("phone", 5))
	if err := s.PutOutputs(t.Context(), 1, []Output{{Digest: digest(1)}, {Digest: digest(99)}}); err != nil {
		t.Fatal(err)
	}
	dry, unknown, id, err := s.Withdraw(t.Context(), Withdrawal{Digests: []indicator.Digest{digest(1), digest(9)}, DryRun: true})
	if err != nil || len(dry) != 1 || unknown != 1 || id != 0 || held(t, s)["email"] != 3 {
		t.Fatalf("dry run: %v %d %v", dry, unknown, err)
	}
	got, unknown, id, err := s.Withdraw(t.Context(), Withdrawal{
		Digests: []indicator.Digest{digest(1), digest(1), digest(9), digest(3)}, Reference: "CASE-X",
	})
	want := []Withdrawn{{"email", digest(1)}, {"email", digest(3)}, {"phone", digest(4)}}
	if diff := cmp.Diff(want, got); diff != "" || unknown != 2 || err != nil {
		t.Error(diff, unknown, err)
	}
	if diff := cmp.Diff(map[string]int64{"email": 1, "phone": 1}, held(t, s)); diff != "" {
		t.Error(diff)
	}
	var outputs int
	if err := s.main.read.QueryRow("SELECT count(*) FROM output").Scan(&outputs); err != nil || outputs != 0 {
		t.Errorf("%d outputs left, %v", outputs, err)
	}
	journal, err := s.Withdrawals(t.Context(), "email", 0, 0)
	wantJournal := []Journal{
		{Type: "email", Digest: digest(1), Cause: "withdrawn", At: testTime},
		{Type: "email", Digest: digest(3), Cause: "withdrawn", At: testTime},
	}
	if diff := cmp.Diff(wantJournal, journal, cmpopts.IgnoreFields(Journal{}, "ID", "Was")); diff != "" || err != nil {
		t.Error(diff, err)
	}
	removals, next, err := s.Removals(t.Context(), "", 10)
	if err != nil || next != "" || len(removals) != 1 || removals[0].ID != id {
		t.Fatalf("removals %+v, %v", removals, err)
	}
	last := journal[1].ID
	wantTypes := []RemovedType{{"email", 2, last}, {"phone", 1, last + 1}}
	if one, err := s.Removal(t.Context(), id); err != nil || cmp.Diff(wantTypes, one.Types) != "" || one.Cause != "withdrawn" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := s.Removal(t.Context(), id+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("a removal that is none: %v", err)
	}
	if c := importRows(t, s, row("email", 1)); c.Imported != 1 {
		t.Errorf("import after withdrawal: %+v", c)
	}
}

func TestExpire(t *testing.T) {
	s := openTest(t, t.TempDir())
	dated := func(n int, date string) Row { r := row("ip", n); r.Expires = date; return r }
	importRows(t, s, dated(1, "2026-02-28"), dated(2, "2026-03-01"), dated(3, "2027-01-01"), row("ip", 4))
	for day, want := range []int64{3, 2, 2} { // the last day still counts
		_, err := s.Expire(t.Context(), testTime.AddDate(0, 0, day))
		if got := held(t, s)["ip"]; err != nil || got != want {
			t.Errorf("day %d: %d held, %v", day, got, err)
		}
	}
	journal, err := s.Withdrawals(t.Context(), "ip", 0, 10)
	if err != nil || len(journal) != 2 || journal[0].Cause != "expired" {
		t.Errorf("%+v %v", journal, err)
	}
}

func TestRevisionNeverRepeats(t *testing.T) {
	s := openTest(t, t.TempDir())
	var last int64
	changed := func(want bool) {
		t.Helper()
		tallies, err := s.Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now := int64(0)
		for _, c := range tallies {
			now = c.Revision
		}
		if (now > last) != want {
			t.Fatalf("revision %d after %d", now, last)
		}
		last = now
	}
	importRows(t, s, row("email", 1))
	changed(true)
	importRows(t, s, row("email", 1)) // a duplicate changes nothing
	changed(false)
	for range 2 {
		if _, _, _, err := s.Withdraw(t.Context(), Withdrawal{Digests: []indicator.Digest{digest(1)}}); err != nil {
			t.Fatal(err)
		}
	}
	changed(true)
	importRows(t, s, row("email", 1)) // the same set again, another revision
	changed(true)
}

func TestOutputs(t *testing.T) {
	s := openTest(t, t.TempDir())
	importRows(t, s, row("email", 1), row("email", 2), row("phone", 3))
	put := func(epoch uint64, n int, f byte) {
		t.Helper()
		if err := s.PutOutputs(t.Context(), epoch, []Output{{Digest: digest(n), F: [64]byte{f}}}); err != nil {
			t.Fatal(err)
		}
	}
	put(1, 1, 0x11)
	put(1, 1, 0x12) // again: replaced
	put(2, 1, 0x21)
	put(1, 3, 0x31)
	cached := func(epoch uint64, typ indicator.Type) map[string]byte {
		out := map[string]byte{}
		err := s.Each(t.Context(), epoch, typ, func(_ indicator.Digest, label, f []byte) error {
			if f != nil {
				out[string(label)] = f[0]
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff(map[string]byte{"label 1": 0x12}, cached(1, "email")); diff != "" {
		t.Error(diff)
	}
	if err := s.DropOutputs(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]byte{}, cached(1, "email")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]byte{"label 1": 0x21}, cached(2, "email")); diff != "" {
		t.Error(diff)
	}
	stop := errors.New("stop")
	if err := s.Each(t.Context(), 1, "email", func(indicator.Digest, []byte, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestQueries(t *testing.T) {
	s := openTest(t, t.TempDir())
	ref := "ROW-7"
	found := []Found{
		{Item: [32]byte{1}, Type: "email", Holder: "Bank B", Reference: &ref, Label: []byte{3}, Place: &Place{Epoch: 2, Tag: [8]byte{9}}},
		{Item: [32]byte{2}, Type: "phone", Holder: "Bank B"},
	}
	full := Query{
		ID: "q2", At: testTime, Purpose: "platform-safety", Case: "K-1", CaseSalt: []byte{1, 2}, Queried: 9, Refused: 1,
		Suppressed: 2, Evaluations: 8, Proofs: 7, Partial: true,
		Asked: []Asked{{"Bank B", "ok", ""}, {"Police C", "unreachable", "ask them"}},
		Found: found,
	}
	for _, q := range []Query{{ID: "q1", At: testTime}, full, {ID: "q3", At: testTime}} {
		if err := s.SaveQuery(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Query(t.Context(), "q2")
	want := full
	want.Found = nil
	for _, f := range found {
		want.Matches = append(want.Matches, Match{
			ID: MatchID(f.Holder, f.Type, f.Item), Source: FromQuery, Type: f.Type, Holder: f.Holder, Reference: f.Reference,
			Label: f.Label, FirstSeen: testTime, LastSeen: testTime, State: MatchNew, Place: f.Place,
		})
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := s.Query(t.Context(), "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if err := s.SaveQuery(t.Context(), full); err == nil {
		t.Error("one id twice")
	}
	var ids []string
	for cursor := ""; ; {
		page, next, err := s.Queries(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range page {
			ids = append(ids, fmt.Sprint(q.ID, len(q.Asked), len(q.Matches)))
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"q30 0", "q22 0", "q10 0"}, ids); diff != "" {
		t.Error(diff)
	}
}

func charge(id byte, count uint64) Charge {
	return Charge{
		RequestID: [16]byte{id}, HeaderHash: [32]byte{id}, Querier: "peer", Member: "Bank B", Type: "email", Day: "2026-03-01",
		Count: count, Limit: 100, Header: []byte("header"), Signature: make([]byte, 64),
	}
}

func TestCharge(t *testing.T) {
	other := func(c Charge, f func(*Charge)) Charge { f(&c); return c }
	s := openTest(t, t.TempDir())
	for i, c := range []struct {
		charge Charge
		left   uint64
		want   error
	}{
		{charge(1, 60), 40, nil},
		{charge(1, 60), 40, ErrReplay},
		{other(charge(1, 60), func(c *Charge) { c.HeaderHash[0] = 9 }), 0, ErrRequestID},
		{charge(2, 41), 40, ErrBudget},
		{charge(2, 40), 0, nil}, // what was refused was not logged
		{charge(3, 1), 0, ErrBudget},
		{charge(2, 40), 0, ErrReplay},
		{other(charge(3, 1), func(c *Charge) { c.Type = "phone" }), 99, nil},
		{other(charge(4, 1), func(c *Charge) { c.Querier, c.Member = "another", "Police C" }), 99, nil},
		{other(charge(1, 1), func(c *Charge) { c.Querier, c.Member = "another", "Police C" }), 98, nil}, // ids are the querier's own
		{other(charge(9, 1), func(c *Charge) { c.Querier = "after a rotation" }), 0, ErrBudget},         // a new key is no new budget
		{other(charge(5, 1), func(c *Charge) { c.Day = "2026-03-02" }), 99, nil},
		{other(charge(6, 0), func(c *Charge) { c.Limit = 10 }), 0, nil}, // the board lowered the limit
		{other(charge(7, 1), func(c *Charge) { c.Limit = 0 }), 0, ErrBudget},
		{other(charge(8, 1<<40), func(c *Charge) { c.Limit = 1 << 63 }), 1<<63 - 100, ErrBudget},
	} {
		left, err := s.Charge(t.Context(), c.charge)
		if left != c.left || !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%d: %d left, %v; want %d, %v", i, left, err, c.left, c.want)
		}
	}
}

func TestChargesDoNotRace(t *testing.T) {
	s := openTest(t, t.TempDir())
	var wg sync.WaitGroup
	var mu sync.Mutex
	var granted uint64
	for i := range 40 {
		wg.Go(func() {
			if _, err := s.Charge(t.Context(), charge(byte(i), 7)); err == nil {
				mu.Lock()
				defer mu.Unlock()
				granted += 7
			} else if !errors.Is(err, ErrBudget) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if granted != 98 {
		t.Errorf("%d granted of 100", granted)
	}
}

func TestPublished(t *testing.T) {
	s := openTest(t, t.TempDir())
	for _, want := range []Published{
		{},
		{3, 1, [32]byte{1}, Position{7, 0}, map[[32]byte]Position{{9}: {}}},
		{5, 2, [32]byte{2}, Position{8, 4}, map[[32]byte]Position{{9}: {}, {8}: {7, 0}}},
	} {
		if want.Version != 0 {
			if err := s.SetPublished(t.Context(), 1, "email", want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Published(t.Context(), 1, "email"); !cmp.Equal(got, want) || err != nil {
			t.Errorf("%+v, want %+v, %v", got, want, err)
		}
	}
	if got, err := s.Published(t.Context(), 2, "email"); !cmp.Equal(got, Published{}) || err != nil {
		t.Errorf("another epoch: %+v, %v", got, err)
	}
	if hash, ok, err := s.Shown(t.Context(), 1, "email", 1); hash != [32]byte{1} || !ok || err != nil {
		t.Errorf("version 1: %x, %v, %v", hash, ok, err)
	}
	if _, ok, err := s.Shown(t.Context(), 1, "email", 3); ok || err != nil {
		t.Errorf("version 3: %v, %v", ok, err)
	}
	for line, want := range map[int64]uint64{0: 1, 1: 2, 4: 2} {
		if got, ok, err := s.GoneWith(t.Context(), 1, "email", line); got != want || !ok || err != nil {
			t.Errorf("line %d is gone with %d, %v, %v", line, got, ok, err)
		}
	}
	if _, ok, err := s.GoneWith(t.Context(), 1, "email", 5); ok || err != nil {
		t.Errorf("a line that nothing shows yet: %v, %v", ok, err)
	}
}

// TestAcknowledgements: the newest word of each mirror is kept, whatever order they come in.
func TestAcknowledgements(t *testing.T) {
	s := openTest(t, t.TempDir())
	for _, version := range []uint64{3, 5, 4} {
		words := []Acknowledged{{Mirror: "b", Epoch: 1, Type: "email", Version: version, Word: []byte{byte(version)}}}
		if version == 4 {
			words = append(words, Acknowledged{Mirror: "a", Epoch: 1, Type: "email", Version: 1, Word: []byte{9}})
		}
		if err := s.Acknowledge(t.Context(), words); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Acknowledgements(t.Context(), 1, "email")
	want := []Acknowledged{
		{Mirror: "a", Epoch: 1, Type: "email", Version: 1, At: testTime, Word: []byte{9}},
		{Mirror: "b", Epoch: 1, Type: "email", Version: 5, At: testTime, Word: []byte{5}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := s.Acknowledgements(t.Context(), 2, "email"); len(got) != 0 || err != nil {
		t.Errorf("another epoch: %v, %v", got, err)
	}
}
