package replica

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"
)

// logOf is a guarded log of n entries in term 1: the founding configuration of a and b, then commands.
func logOf(t *testing.T, n uint64, executed *uint64) *logGuard {
	t.Helper()
	db, err := openDatabase(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	g := reopened(t, &records{inner: db, halt: newHalt(nil)}, executed)
	for i := uint64(1); i <= n; i++ {
		l := command(i, 1, byte(i))
		if i == 1 {
			l = configuration(1, 1, g.founders)
		}
		if err := g.StoreLog(l); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	return g
}

func reopened(t *testing.T, s *records, executed *uint64) *logGuard {
	t.Helper()
	g := newLogGuard(s, false)
	g.founders = map[string]bool{"a": true, "b": true}
	g.members = func() map[string]bool { return map[string]bool{"a": true, "b": true, "c": false, "d": true} }
	g.executed = func() uint64 { return *executed }
	if err := g.load(0, placedConfig{}); err != nil {
		t.Fatal(err)
	}
	return g
}

func command(index, term uint64, data byte) *raft.Log {
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: []byte{data}}
}

func configuration(index, term uint64, servers map[string]bool) *raft.Log {
	var list []server
	for id, votes := range servers {
		list = append(list, server{ID: id, Voter: votes})
	}
	return &raft.Log{Index: index, Term: term, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(fromServers(list))}
}

func at(t *testing.T, g *logGuard, index uint64) raft.Log {
	t.Helper()
	var l raft.Log
	if err := g.GetLog(index, &l); err != nil {
		t.Fatalf("entry %d: %v", index, err)
	}
	return l
}

// P3 in the log store itself, whatever path leads there.
func TestExecutedEntriesAreNotRewritten(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 10, &executed)
	executed = 7
	g.SetFinal(4)
	for low, want := range map[uint64]error{1: errFinal, 4: errFinal, 5: errRewrite, 7: errRewrite, 8: nil} {
		if err := g.DeleteRange(low, 10); !errors.Is(err, want) {
			t.Errorf("cut from %d: %v, want %v", low, err, want)
		}
	}
	if last, err := g.LastIndex(); last != 10 || err != nil {
		t.Fatalf("the log was cut at %d before anything was stored: %v", last, err)
	}
	if err := g.StoreLog(command(8, 2, 80)); err != nil {
		t.Fatal(err)
	}
	if last, err := g.LastIndex(); last != 8 || err != nil || at(t, g, 8).Term != 2 {
		t.Errorf("the log ends at %d: %v", last, err)
	}
	for _, l := range []*raft.Log{command(7, 2, 0), command(8, 2, 0), command(10, 2, 0)} {
		if err := g.StoreLog(l); !errors.Is(err, ErrRefused) {
			t.Errorf("stored %d over or beyond the end: %v", l.Index, err)
		}
	}
}

// A restart forgets how far the log was confirmed; the guard does not.
func TestProtectionOutlivesARestart(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 10, &executed)
	executed = 9
	if err := g.persist(); err != nil {
		t.Fatal(err)
	}
	executed = 0
	if err := newLogGuard(g.records, false).load(0, placedConfig{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("entries of a term that was never written down: %v", err)
	}
	if err := g.SetUint64(keyTerm, 1); err != nil {
		t.Fatal(err)
	}
	g = reopened(t, g.records, &executed)
	if err := g.DeleteRange(9, 10); !errors.Is(err, errRewrite) {
		t.Errorf("cut from 9: %v", err)
	}
	v := g.judge(&raft.AppendEntriesRequest{PrevLogEntry: 8, PrevLogTerm: 1, Entries: []*raft.Log{command(9, 3, 90)}})
	if !errors.Is(v.err, errRewrite) || len(v.held) != 1 || v.held[0] != 9 {
		t.Errorf("%+v", v)
	}
}

func TestWhatIsRefusedLeavesTheLog(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 10, &executed)
	if err := g.DeleteRange(5, 10); err != nil {
		t.Fatal(err)
	}
	if err := g.StoreLog(configuration(5, 2, map[string]bool{"x": true})); !errors.Is(err, errConfig) {
		t.Fatal(err)
	}
	if at(t, g, 10).Term != 1 {
		t.Error("a refused message cut the log")
	}
}

func TestCompactionStopsAtFinal(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 10, &executed)
	executed = 9
	first := func() uint64 {
		i, err := g.FirstIndex()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if err := g.DeleteRange(1, 2); err != nil || first() != 3 {
		t.Fatalf("before finality: %v, first %d", err, first())
	}
	g.SetFinal(5)
	if err := g.DeleteRange(3, 8); err != nil || first() != 6 {
		t.Errorf("past final: %v, first %d", err, first())
	}
	if err := g.DeleteRange(6, 10); !errors.Is(err, errRewrite) {
		t.Errorf("everything, without a snapshot: %v", err)
	}
	g.reset(12, placedConfig{1, g.founders})
	if err := g.DeleteRange(6, 10); err != nil || first() != 0 {
		t.Errorf("everything, after a verified snapshot: %v, first %d", err, first())
	}
	executed = 12
	if err := g.StoreLog(command(13, 2, 1)); err != nil {
		t.Errorf("the entry after the snapshot: %v", err)
	}
}

// raft compares terms alone; two entries of one index and term are a leader's equivocation.
func TestEquivocationIsSeenAtTheDoor(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 3, &executed)
	again := &raft.AppendEntriesRequest{PrevLogEntry: 1, PrevLogTerm: 1, Entries: []*raft.Log{command(2, 1, 2), command(3, 1, 3), command(4, 1, 4)}}
	if v := g.judge(again); v.err != nil {
		t.Errorf("the same again: %v", v.err)
	}
	again.Entries[1] = command(3, 1, 99)
	if v := g.judge(again); !errors.Is(v.err, errTwice) || v.at != 1 || v.held[0] != 3 {
		t.Errorf("%+v", v)
	}
	far := &raft.AppendEntriesRequest{PrevLogEntry: 50, PrevLogTerm: 1, Entries: []*raft.Log{configuration(51, 1, nil)}}
	if v := g.judge(far); v.err != nil {
		t.Errorf("entries that raft refuses by itself are nobody's fault: %v", v.err)
	}
}

// P6: the ledger has a and b as voters, d as a voter that is not in raft yet, c without a vote.
func TestConfigurationsFollowTheLedger(t *testing.T) {
	set := func(voters string, others string) map[string]bool {
		m := map[string]bool{}
		for _, r := range voters {
			m[string(r)] = true
		}
		for _, r := range others {
			m[string(r)] = false
		}
		return m
	}
	members := set("abd", "c")
	for _, c := range []struct {
		name         string
		before, next map[string]bool
		ok           bool
	}{
		{"no change", set("ab", ""), set("ab", ""), true},
		{"a member without a vote", set("ab", ""), set("ab", "c"), true},
		{"a voter, first without its vote", set("ab", ""), set("ab", "d"), true},
		{"a voter", set("ab", ""), set("abd", ""), true},
		{"a voter's vote", set("ab", "d"), set("abd", ""), true},
		{"an expelled server goes", set("abx", ""), set("ab", ""), true},
		{"an expelled server loses its vote", set("abx", ""), set("ab", "x"), false},
		{"a vote that the ledger does not give", set("ab", ""), set("abc", ""), false},
		{"a stranger", set("ab", ""), set("abx", ""), false},
		{"a stranger without a vote", set("ab", ""), set("ab", "x"), false},
		{"two at once", set("ab", ""), set("ab", "cd"), false},
		{"a voter goes", set("abd", ""), set("ab", ""), false},
		{"a voter loses its vote", set("abd", ""), set("ab", "d"), false},
		{"nobody is left", set("a", ""), set("", ""), false},
		{"out of nothing", nil, set("ab", ""), false},
	} {
		if got := isStep(c.before, c.next, members); got != c.ok {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestFoundingConfigurationIsTheFounders(t *testing.T) {
	executed := uint64(0)
	g := logOf(t, 0, &executed)
	for _, l := range []*raft.Log{
		configuration(1, 1, map[string]bool{"a": true}),
		configuration(1, 1, map[string]bool{"a": true, "b": true, "d": true}),
		command(1, 1, 1),
	} {
		if err := g.StoreLog(l); !errors.Is(err, errConfig) {
			t.Errorf("%v: %v", l.Type, err)
		}
	}
	if err := g.StoreLog(configuration(1, 1, g.founders)); err != nil {
		t.Error(err)
	}
}
