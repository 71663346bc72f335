package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/specs"
)

// showFirst shows the first entry of a `ledger log` by its hash: show-first HOME LOG
func showFirst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: show-first HOME LOG")
	}
	var page hub.LedgerPage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &page))
	ts.Check(ts.Exec("crosslight", "--home", args[0], "-o", "json", "ledger", "show", page.Entries[0].Hash))
}

// equivocation writes evidence of a voter that signed twice, from the vectors: equivocation FILE
func equivocation(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: equivocation FILE")
	}
	raw, err := specs.Vectors.ReadFile("vectors/finality.json")
	ts.Check(err)
	var v struct {
		Ledger string
		Voters []struct{ Log string }
		Cases  []struct{ Type, Bytes, Error string }
	}
	ts.Check(json.Unmarshal(raw, &v))
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		ts.Check(err)
		return b
	}
	for _, c := range v.Cases {
		for _, voter := range v.Voters {
			r := evidence.Record{
				Kind: "finality-equivocation", Accused: "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
				Ledger: unhex(v.Ledger), Key: unhex(voter.Log), Response: unhex(c.Bytes),
			}
			if f, err := r.Examine(); c.Type != "evidence" || err != nil || !f.Proved {
				continue
			}
			dir := ts.MkAbs("saved")
			path, err := evidence.Save(dir, r, time.Unix(1700000000, 0))
			ts.Check(err)
			ts.Check(os.Rename(path, filepath.Clean(ts.MkAbs(args[0]))))
			return
		}
	}
	ts.Fatalf("no vector proves anything")
}

// pages is a ledger of 2,500 entries, every third a vote, in pages of 1,000.
type pages struct{ hub.Hub }

func (pages) LedgerLog(_ context.Context, from uint64, _ int) (hub.LedgerPage, error) {
	out := hub.LedgerPage{}
	for i := from; i < min(from+1000, 2500); i++ {
		e := hub.LedgerEntry{Index: i, Kind: "clock-attest", Member: "A"}
		if i%3 == 0 {
			e = hub.LedgerEntry{Index: i, Kind: "vote", Member: []string{"A", "B"}[i%2]}
		}
		out.Entries = append(out.Entries, e)
	}
	if from+1000 < 2500 {
		out.Next = from + 1000
	}
	return out, nil
}

// TestLogPages goes through a filtered list page by page: each entry comes once.
func TestLogPages(t *testing.T) {
	for _, f := range []logFilter{
		{limit: 70}, {limit: 100, kind: "vote"}, {limit: 1000, member: "B"}, {limit: 30, kind: "vote", member: "B"}, {limit: 5, kind: "seal"},
	} {
		var want, got []uint64
		all, _ := logFilter{limit: 1 << 30}.list(t.Context(), pages{})
		for _, e := range all.Entries {
			if (f.kind == "" || e.Kind == f.kind) && (f.member == "" || e.Member == f.member) {
				want = append(want, e.Index)
			}
		}
		for next := uint64(1); next != 0; {
			page, err := f.list(t.Context(), pages{})
			if err != nil || len(page.Entries) > f.limit {
				t.Fatalf("%+v: %d entries, %v", f, len(page.Entries), err)
			}
			for _, e := range page.Entries {
				got = append(got, e.Index)
			}
			next, f.from = page.Next, page.Next
		}
		if len(all.Entries) != 2500 || !slices.Equal(got, want) {
			t.Errorf("%+v: %d entries, want %d", f, len(got), len(want))
		}
	}
}

// keyOf sets KEY to the id of a key: key-of HOME ROLE STATUS
func keyOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: key-of HOME ROLE STATUS")
	}
	var k hub.Keys
	if !asks(ts, &k, args[0], "key", "show") {
		ts.Fatalf("no keys")
	}
	for _, key := range k.Keys {
		if key.Role == args[1] && key.Status == args[2] {
			ts.Setenv("KEY", key.ID)
			return
		}
	}
	ts.Fatalf("no %s key that is %s", args[1], args[2])
}

// notReady waits until a node gives a reason why it is not ready: not-ready HOME REASON
func notReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: not-ready HOME REASON")
	}
	poll(ts, "node that is not ready", func() bool {
		err := ts.Exec("crosslight", "--home", args[0], "node", "status")
		return err != nil && strings.Contains(ts.ReadFile("stderr"), args[1])
	})
}
