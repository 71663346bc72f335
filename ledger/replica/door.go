package replica

import (
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/raft"
)

// door judges what a leader wants done to the log before raft sees it: the sender is known there, and
// a message that is refused moves neither the term nor anything else.
type door struct {
	r         *Replica
	snapshots *snapGuard
}

// digestLimit is how long a request waits for the entries before one of its configurations to be
// executed.
const digestLimit = 2 * time.Second

func (d *door) judge(command any) verdict {
	if q, ok := command.(*raft.InstallSnapshotRequest); ok {
		if q.Term < d.r.term() {
			return verdict{}
		}
		return verdict{err: d.snapshots.judge(q)}
	}
	a, ok := command.(*raft.AppendEntriesRequest)
	if !ok || a.Term < d.r.term() {
		return verdict{} // raft refuses a term that is past: a message that came late is no offence
	}
	v := d.r.guard.judge(a)
	if !errors.Is(v.err, errConfig) || v.at >= len(a.Entries) {
		return v
	}
	if !d.digest(a, v.at) {
		return v
	}
	return d.r.guard.judge(a)
}

// confirmed is how far a message confirms the log: not beyond what it shows to be the leader's own. The
// paper says so, hashicorp/raft does not, and would confirm this node's own leftovers.
func confirmed(a *raft.AppendEntriesRequest) uint64 {
	return min(a.LeaderCommitIndex, a.PrevLogEntry+uint64(len(a.Entries)))
}

// digest has raft take the entries before position at and waits until they are executed. A replica
// that catches up gets a configuration in one message with the admission that calls for it; the leader
// changes the configuration only after the admission is confirmed, so its message confirms it too.
func (d *door) digest(a *raft.AppendEntriesRequest, at int) bool {
	head := *a
	head.Entries = slices.Clone(a.Entries[:at])
	head.LeaderCommitIndex = confirmed(&head)
	if isHeartbeat(&head) {
		return false
	}
	resp, err := d.r.transport.dispatch(raft.RPC{Command: &head})
	if err != nil || resp.Error != nil {
		return false
	}
	if answer, ok := resp.Response.(*raft.AppendEntriesResponse); !ok || !answer.Success {
		return false
	}
	want := d.r.lastCommand(head.LeaderCommitIndex)
	for end := time.Now().Add(digestLimit); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if d.r.history.executed.Load() >= want {
			return true
		}
		if d.r.usable() != nil {
			return false
		}
	}
	return false
}
