package replica

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

func (c *consortium) folder(o *org) string { return filepath.Join(c.dir, o.name) }

func (c *consortium) stopped(o *org) Stopped {
	c.t.Helper()
	s, err := ReadStopped(c.folder(o), c.genesis, o.card.Card.Keys.Log.ID())
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// recovery is the entry with which the first seats go on from leaves, with two voters.
func (c *consortium) recovery(leaves [][]byte, seats ...*org) []byte {
	c.t.Helper()
	f := tlog.NewFrontier()
	for _, leaf := range leaves {
		f.Append(tlog.LeafHash(leaf))
	}
	d, err := entry.NewRecovery(c.genesis.ID(), 2, f, nil, []string{c.orgs[0].name, c.orgs[1].name})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range seats {
		d = d.Sign(o.keys[member.Seat])
	}
	raw, err := entry.NewRecoveryEntry(c.signer(seats[0], member.Seat), 1, d)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// Two of four voters are lost for good. The others begin anew with the same history, a new incarnation and
// finality of their own; what the lost ones still hold is older and brings nothing back.
func TestRecovered(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	if _, err := ReadStopped(c.folder(c.orgs[0]), c.genesis, c.orgs[0].card.Card.Keys.Log.ID()); !errors.Is(err, ErrInUse) {
		t.Fatalf("a running node was read: %v", err)
	}
	for _, o := range c.orgs {
		c.kill(o)
	}
	a, b := c.stopped(c.orgs[0]), c.stopped(c.orgs[1])
	if len(a.Leaves) != 2 || a.Final.Size != 2 || a.LogIndex == 0 || a.Term == 0 {
		t.Fatalf("%d leaves, final %d, index %d, term %d", len(a.Leaves), a.Final.Size, a.LogIndex, a.Term)
	}
	base := Base{
		Leaves: append(a.Leaves[:2:2], c.recovery(a.Leaves, c.orgs[:3]...)),
		Index:  max(a.LogIndex, b.LogIndex) + 1, Term: max(a.Term, b.Term) + 1,
	}
	for _, o := range c.orgs[:2] {
		old, err := Rebase(c.folder(o), c.genesis, base)
		if err != nil || !strings.HasSuffix(old, ".before-recovery-1") {
			t.Fatalf("%s, %v", old, err)
		}
		if _, err := os.Stat(logPath(old)); err != nil {
			t.Error(err)
		}
	}
	c.start(c.orgs[:2]...)
	c.eventually("the new voters have cosigned the recovery", func() bool {
		p := c.node(c.orgs[0]).Final()
		return p.Height == 1 && p.Size == 3 && !p.At.IsZero()
	})
	second, err := entry.NewNodeInfo(entry.Signer{Key: c.orgs[0].keys[member.Operator], LedgerID: c.genesis.ID(), Incarnation: 2}, 2, []string{"/ip4/127.0.0.1/tcp/3"}, "v2")
	if err != nil {
		t.Fatal(err)
	}
	c.final(c.must(second) + 1)
	c.start(c.orgs[2]) // a voter of before, with its old disk, that was not recovered
	c.eventually("it follows, for the history extends its own", func() bool { return c.node(c.orgs[2]).Final().Size == 4 })
	for _, o := range c.orgs[:3] {
		c.kill(o)
		s := c.stopped(o)
		if len(s.Leaves) != 4 || s.Final.Size != 4 {
			t.Errorf("%s: %d leaves, final %d", o.name, len(s.Leaves), s.Final.Size)
		}
	}
	c.start(c.orgs[:2]...) // and once more from the disk
	c.eventually("finality goes on", func() bool { return c.node(c.orgs[1]).Final().Height >= 2 })
}

// What does not execute, has no place or is in use changes nothing.
func TestRebaseRefuses(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	running := Base{Leaves: [][]byte{c.genesis.Raw()}, Index: 9, Term: 9}
	if _, err := Rebase(c.folder(c.orgs[0]), c.genesis, running); !errors.Is(err, ErrInUse) {
		t.Errorf("a running node: %v", err)
	}
	for _, o := range c.orgs {
		c.kill(o)
	}
	leaves := c.stopped(c.orgs[0]).Leaves
	good := c.recovery(leaves, c.orgs[:3]...)
	for name, b := range map[string]struct {
		Base
		want error
	}{
		"two seats":        {Base{append(leaves[:2:2], c.recovery(leaves, c.orgs[:2]...)), 99, 9}, ErrCorrupt},
		"a shorter base":   {Base{append(leaves[:1:1], good), 99, 9}, ErrCorrupt},
		"no genesis":       {Base{leaves[1:], 99, 9}, ErrCorrupt},
		"nothing":          {Base{nil, 99, 9}, ErrCorrupt},
		"no place":         {Base{append(leaves[:2:2], good), 0, 9}, ErrBase},
		"a term too large": {Base{append(leaves[:2:2], good), 99, maxTerm + 1}, ErrBase},
	} {
		if _, err := Rebase(c.folder(c.orgs[0]), c.genesis, b.Base); !errors.Is(err, b.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := c.stopped(c.orgs[0]); len(s.Leaves) != 2 || s.Final.Size != 2 {
		t.Errorf("%d leaves, final %d", len(s.Leaves), s.Final.Size)
	}
}

// A crash between the two renames leaves the old folder under its later name; the next attempt takes the
// final points from there.
func TestRebaseAfterACrash(t *testing.T) {
	c := deciding(t, 4)
	c.start(c.orgs...)
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
	for _, o := range c.orgs {
		c.kill(o)
	}
	o := c.orgs[0]
	s := c.stopped(o)
	if err := os.Rename(c.folder(o), c.folder(o)+".before-recovery-1"); err != nil {
		t.Fatal(err)
	}
	b := Base{append(s.Leaves[:2:2], c.recovery(s.Leaves, c.orgs[:3]...)), s.LogIndex + 1, s.Term + 1}
	if old, err := Rebase(c.folder(o), c.genesis, b); err != nil || old != "" {
		t.Fatalf("%q, %v", old, err)
	}
	if again := c.stopped(o); len(again.Leaves) != 3 || again.Final.Size != 2 {
		t.Errorf("%d leaves, final %d", len(again.Leaves), again.Final.Size)
	}
}

// An entry that the board has let in and this program does not know ends the replica: others may have
// accepted it.
func TestUnknownProgramHalts(t *testing.T) {
	c := newConsortium(t, 3)
	h, err := newHistory(c.genesis, func([]state.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	f := fsm{h, newHalt(c.log)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.know(nil)
		f.know(entry.ErrVersion)
		if f.halt.failed() != nil {
			t.Error("a rejection ended the replica")
		}
		f.know(errors.Join(state.ErrProgram))
		t.Error("it went on")
	}()
	<-ended
	if !errors.Is(f.halt.failed(), state.ErrProgram) {
		t.Error(f.halt.failed())
	}
	if _, ok := f.Apply(&raft.Log{Index: 1, Data: []byte("junk")}).(applied); !ok {
		t.Error("junk is no reason to stop")
	}
}
