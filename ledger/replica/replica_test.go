package replica

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

func TestSubmitReachesEveryReplica(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	for seq := uint64(1); seq <= 3; seq++ {
		for i, o := range c.orgs {
			if got, want := c.must(c.nodeInfo(o, seq)), (seq-1)*3+uint64(i)+1; got != want {
				t.Errorf("index %d, want %d", got, want)
			}
		}
	}
	c.settle(10)
	leaves, err := c.node(c.follower()).Leaves(0, 10)
	if err != nil || len(leaves) != 10 || !bytes.Equal(leaves[0], c.genesis.Raw()) || !bytes.Equal(leaves[1], c.nodeInfo(c.orgs[0], 1)) {
		t.Errorf("leaves are not what was submitted: %d, %v", len(leaves), err)
	}
	if _, err := c.node(c.orgs[0]).Leaves(9, 11); !errors.Is(err, ErrRange) {
		t.Errorf("leaves beyond the end: %v", err)
	}
}

func TestNotLeaderNamesTheLeader(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	follower := c.node(c.follower())
	if _, err := follower.WaitLeader(within(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := follower.Submit(within(t, time.Second), c.nodeInfo(c.orgs[0], 1))
	var not *NotLeaderError
	if !errors.Is(err, ErrNotLeader) || !errors.As(err, &not) || not.Leader != c.leader().peer() {
		t.Errorf("a follower answered %v", err)
	}
}

func TestRejectionsComeBackAndLeaveNothing(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	c.must(c.nodeInfo(c.orgs[0], 1))
	stranger := newOrg(t, "Stranger", member.Tech)
	flipped := bytes.Clone(c.nodeInfo(c.orgs[1], 1))
	flipped[len(flipped)-1] ^= 1
	for name, tc := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":        {nil, wire.ErrTooLarge},
		"too large":    {make([]byte, MaxCommand+1), wire.ErrTooLarge},
		"noise":        {[]byte("noise"), entry.ErrMalformed},
		"stranger":     {c.nodeInfo(stranger, 1), entry.ErrUnknownKey},
		"signature":    {flipped, entry.ErrBadSignature},
		"sequence gap": {c.nodeInfo(c.orgs[1], 7), entry.ErrSequenceGap},
	} {
		if _, err := c.submit(tc.raw); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	c.settle(2)
}

// A leader that skips its own door puts a bad entry into the log: all execute alike, none keeps it.
func TestRejectedAtApply(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	f := c.node(c.leader()).raft.Apply([]byte("not an entry"), time.Second)
	if err := f.Error(); err != nil {
		t.Fatal(err)
	}
	if a := f.Response().(applied); !errors.Is(a.err, entry.ErrMalformed) {
		t.Errorf("applied with %v", a.err)
	}
	c.must(c.nodeInfo(c.orgs[0], 1))
	c.settle(2)
}

func TestResubmissionIsTheSameEntry(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	raw := c.nodeInfo(c.orgs[0], 1)
	for range 3 {
		if got := c.must(raw); got != 1 {
			t.Errorf("index %d", got)
		}
	}
	c.settle(2)
}

func TestFailover(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	c.must(c.nodeInfo(c.orgs[0], 1))
	old := c.leader()
	c.kill(old)
	c.must(c.nodeInfo(c.orgs[0], 2))
	c.settle(3)
	c.start(old)
	c.must(c.nodeInfo(c.orgs[0], 3))
	c.settle(4)
}

func TestCloseHandsLeadershipOver(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	old := c.leader()
	c.settle(1)
	start := time.Now()
	if err := c.take(old).Close(); err != nil {
		t.Fatal(err)
	}
	if c.leader() == old || time.Since(start) > 10*time.Second {
		t.Errorf("no other leader after %v", time.Since(start))
	}
}

func TestIsolatedLeaderStepsDownAndHeals(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	c.must(c.nodeInfo(c.orgs[0], 1))
	old := c.leader()
	c.isolate(old)
	c.must(c.nodeInfo(c.orgs[0], 2))
	if _, err := c.node(old).Submit(within(t, 2*time.Second), c.nodeInfo(c.orgs[0], 2)); err == nil {
		t.Error("a leader without a quorum confirmed an entry")
	}
	c.heal(old)
	c.must(c.nodeInfo(c.orgs[0], 3))
	c.settle(4)
}

func TestRestartReplaysToTheSameState(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	for seq := uint64(1); seq <= 20; seq++ {
		c.must(c.nodeInfo(c.orgs[seq%3], (seq-1)/3+1))
	}
	before := c.settle(21)
	for _, o := range c.orgs {
		c.kill(o)
	}
	c.start(c.orgs...)
	if after := c.settle(21); after != before {
		t.Error("another state after the restart")
	}
}

func TestLaggardCatchesUp(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	behind := c.follower()
	c.kill(behind)
	for seq := uint64(1); seq <= 100; seq++ {
		c.must(c.nodeInfo(c.orgs[0], seq))
	}
	c.start(behind)
	c.settle(101)
}

// Snapshots: taken, restarted from, and sent to a replica that is too far behind for the log.
func TestSnapshots(t *testing.T) {
	c := newConsortium(t, 3)
	c.hooks.raft = func(r *raft.Config) {
		r.SnapshotThreshold, r.TrailingLogs, r.SnapshotInterval = 10, 5, 10*time.Millisecond
	}
	c.start(c.orgs...)
	behind := c.follower()
	c.kill(behind)
	for seq := uint64(1); seq <= 40; seq++ {
		c.must(c.nodeInfo(c.orgs[0], seq))
	}
	c.eventually("the log is compacted", func() bool {
		first, err := c.node(c.leader()).store.FirstIndex()
		return err == nil && first > 10
	})
	c.start(behind)
	before := c.settle(41)
	for _, o := range c.orgs {
		c.kill(o)
	}
	c.start(c.orgs...)
	if c.settle(41) != before {
		t.Error("another state after the restart from snapshots")
	}
	c.must(c.nodeInfo(c.orgs[0], 41))
	c.settle(42)
}

func TestEmptyFolderIsResynced(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	for seq := uint64(1); seq <= 5; seq++ {
		c.must(c.nodeInfo(c.orgs[0], seq))
	}
	before := c.settle(6)
	lost := c.follower()
	c.kill(lost)
	if err := os.RemoveAll(c.config(lost).Dir); err != nil {
		t.Fatal(err)
	}
	c.start(lost)
	if c.settle(6) != before {
		t.Error("another state after the folder was lost")
	}
}

// Two of three lose their folders: the third alone holds what was confirmed. The two must not elect
// one of themselves with a candidate that holds it in sight, nor the third without its majority.
func TestEmptyFolderDoesNotVoteAwayTheLog(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	c.must(c.nodeInfo(c.orgs[0], 1))
	c.settle(2)
	keeper, lost := c.orgs[0], c.orgs[1]
	for _, o := range c.orgs {
		c.kill(o)
	}
	if err := os.RemoveAll(c.config(lost).Dir); err != nil {
		t.Fatal(err)
	}
	c.start(keeper, lost)
	c.eventually("a refused vote", func() bool { return c.node(lost).Status().Refused[errUnsynced.Error()] > 0 })
	if got := c.node(keeper).Status().Role; got == "leader" {
		t.Error("elected by a replica that had lost its folder")
	}
	c.start(c.orgs[2]) // a majority that holds the log
	c.must(c.nodeInfo(c.orgs[0], 2))
	c.settle(3)
}

func TestSecondProcessIsRefused(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs[0])
	if _, err := Open(c.config(c.orgs[0])); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestClosedReplica(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs[0])
	r := c.take(c.orgs[0])
	waiting := make(chan error, 1)
	go func() { waiting <- r.WaitSize(context.Background(), 2) }()
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("WaitSize: %v", err)
	}
	if _, err := r.Submit(within(t, time.Second), c.nodeInfo(c.orgs[0], 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Submit: %v", err)
	}
	if err := r.WaitSize(within(t, 10*time.Millisecond), 1); err != nil {
		t.Errorf("what is there can still be read: %v", err)
	}
}

// A fourth member is admitted by vote; the leader adds it to raft, it catches up, and cannot vote.
func TestAdmittedMemberReplicates(t *testing.T) {
	c := newConsortium(t, 3)
	seen := make(chan string, 64)
	c.events = func(peer string, events []state.Event) {
		for _, e := range events {
			if e.Kind == state.MemberAdmitted {
				seen <- peer + " " + e.Member
			}
		}
	}
	c.start(c.orgs...)
	fourth := c.admit("Member 4")
	var size uint64
	c.node(c.leader()).View(func(s *state.State) { size = s.Size() })
	c.orgs = append(c.orgs, fourth)
	c.start(fourth)
	c.settle(size)
	c.eventually("the fourth is a non-voter", func() bool {
		s := c.node(fourth).Status()
		return len(s.Voters) == 3 && len(s.NonVoters) == 1 && s.NonVoters[0] == fourth.peer()
	})
	if want := fourth.name; (<-seen)[len(c.orgs[0].peer())+1:] != want {
		t.Errorf("no event for %s", want)
	}
	c.must(c.nodeInfo(fourth, 1))
	c.settle(size + 1)
}

// A replica alone has no say in what is confirmed: it executes nothing and says so.
func TestCaughtUp(t *testing.T) {
	c := newConsortium(t, 3)
	c.start(c.orgs...)
	for seq := uint64(1); seq <= 100; seq++ {
		c.must(c.nodeInfo(c.orgs[0], seq))
	}
	c.settle(101)
	for _, o := range c.orgs {
		if err := c.node(o).WaitCaughtUp(within(t, 5*time.Second)); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
		c.kill(o)
	}
	c.start(c.orgs[0])
	if err := c.node(c.orgs[0]).WaitCaughtUp(within(t, 600*time.Millisecond)); err == nil {
		t.Error("caught up alone")
	}
	if err := os.RemoveAll(c.config(c.orgs[1]).Dir); err != nil {
		t.Fatal(err)
	}
	c.start(c.orgs[1:]...)
	for _, o := range c.orgs {
		r := c.node(o)
		if err := r.WaitCaughtUp(within(t, 10*time.Second)); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		r.View(func(s *state.State) {
			if s.Size() != 101 {
				t.Errorf("%s says that it has caught up at %d entries", o.name, s.Size())
			}
		})
	}
}
