package replica

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// guardedFiles is a snapshot store whose node has executed mine leaves, up to index 8 in term 2.
func guardedFiles(t *testing.T, c *consortium, mine *history) *snapGuard {
	t.Helper()
	files, err := raft.NewFileSnapshotStore(t.TempDir(), 2, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	executed := uint64(8)
	log := logOf(t, 0, &executed)
	mine.view(func(s *state.State) { log.founders = membersOf(s) })
	return &snapGuard{SnapshotStore: files, log: log, history: mine, drain: func() {}}
}

func (c *consortium) founding() raft.Configuration {
	var servers []server
	for _, o := range c.orgs {
		servers = append(servers, server{ID: o.peer(), Voter: true})
	}
	return fromServers(servers)
}

func onDisk(t *testing.T, g *snapGuard) int {
	t.Helper()
	list, err := g.List()
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// install does what raft does with a peer's snapshot.
func install(g *snapGuard, index uint64, conf raft.Configuration, content []byte) error {
	_, transport := raft.NewInmemTransport("")
	sink, err := g.Create(1, index, 2, conf, 1, transport)
	if err != nil {
		return err
	}
	if _, err := io.Copy(sink, bytes.NewReader(content)); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// P4: a snapshot that is refused is never one that the next start would load.
func TestRefusedSnapshotIsNeverOnDisk(t *testing.T) {
	c := newConsortium(t, 3)
	good := written(t, executed(t, c, 6).snapshot())
	stranger := append(c.founding().Servers, raft.Server{ID: "x", Address: "x", Suffrage: raft.Voter})
	theirs := executed(t, c, 0)
	for seq := uint64(1); seq <= 9; seq++ {
		if _, err := theirs.apply(c.nodeInfo(c.orgs[1], seq), 1); err != nil {
			t.Fatal(err)
		}
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, forged := range map[string]struct {
		index   uint64
		conf    raft.Configuration
		content []byte
	}{
		"100 to 0 entries":                 {9, c.founding(), written(t, executed(t, c, 0).snapshot())},
		"one entry fewer":                  {9, c.founding(), written(t, executed(t, c, 3).snapshot())},
		"another past, longer":             {9, c.founding(), written(t, theirs.snapshot())},
		"a flipped signature":              {9, c.founding(), flipped},
		"cut off":                          {9, c.founding(), good[:len(good)-1]},
		"a byte more":                      {9, c.founding(), append(bytes.Clone(good), 0)},
		"nothing":                          {9, c.founding(), nil},
		"an index before what is executed": {7, c.founding(), good},
		"index 0":                          {0, c.founding(), good},
		"a stranger votes":                 {9, raft.Configuration{Servers: stranger}, good},
		"a voter is missing":               {9, raft.Configuration{Servers: c.founding().Servers[:2]}, good},
		"nobody votes":                     {9, raft.Configuration{}, good},
	} {
		mine := executed(t, c, 4)
		g := guardedFiles(t, c, mine)
		if err := install(g, forged.index, forged.conf, forged.content); !errors.Is(err, errSnapshot) && !errors.Is(err, errBehind) {
			t.Errorf("%s: %v", name, err)
		}
		if n := onDisk(t, g); n != 0 || mine.state.Size() != 5 {
			t.Errorf("%s: %d snapshots on disk, %d leaves", name, n, mine.state.Size())
		}
		if err := install(g, 9, c.founding(), good); err != nil || onDisk(t, g) != 1 {
			t.Errorf("%s: the good one after it: %v", name, err)
		}
	}
}

// What was executed on the way to disk is not executed again.
func TestAcceptedSnapshotIsExecutedOnce(t *testing.T) {
	c := newConsortium(t, 3)
	mine := executed(t, c, 4)
	g := guardedFiles(t, c, mine)
	good := executed(t, c, 6)
	if err := install(g, 9, c.founding(), written(t, good.snapshot())); err != nil {
		t.Fatal(err)
	}
	list, err := g.List()
	if err != nil {
		t.Fatal(err)
	}
	_, r, err := g.Open(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ready := mine.rehearsed.Load().state
	if err := mine.restore(r); err != nil || mine.state != ready || mine.state.Hash() != good.state.Hash() {
		t.Errorf("restored: %v", err)
	}
}

// A node that fetched its history is ahead of its raft log, and may be ahead of the snapshot that the leader
// has at hand. Such a snapshot is refused and nobody accused; one that was taken later and lacks what was
// fetched, or that says something else, is an offence as ever.
func TestSnapshotBehindWhatWasFetched(t *testing.T) {
	c := newConsortium(t, 3)
	fetched := executed(t, c, 6)
	mine := executed(t, c, 4)
	leaves, _ := fetched.all()
	mine.swap(execution{state: fetched.state, leaves: leaves, marks: fetched.marks}, 20, false, nil)
	g := guardedFiles(t, c, mine)
	for _, tc := range []struct {
		name    string
		index   uint64
		entries uint64
		want    error
	}{
		{"before what was fetched", 19, 5, errBehind},
		{"where it was fetched", 20, 5, errSnapshot},
		{"later", 21, 5, errSnapshot},
		{"before, and complete", 19, 6, nil},
	} {
		err := install(g, tc.index, c.founding(), written(t, executed(t, c, tc.entries).snapshot()))
		if !errors.Is(err, tc.want) || errors.Is(err, errSnapshot) != (tc.want == errSnapshot) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	other := executed(t, c, 0)
	if _, err := other.apply(c.nodeInfo(c.orgs[1], 1), 1); err != nil {
		t.Fatal(err)
	}
	if err := install(g, 19, c.founding(), written(t, other.snapshot())); !errors.Is(err, errSnapshot) {
		t.Errorf("another past: %v", err)
	}
}
