package replica

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

// CaughtUp says whether this replica has executed all that its leader had confirmed when they last
// spoke, and at least what was on its own disk when it started. Until then its state is of the past:
// raft executes nothing after a start before a leader has said how far the log is confirmed, so that
// a member that was suspended since would still look active.
func (r *Replica) CaughtUp() bool {
	if _, ok := r.Leader(); !ok || r.usable() != nil {
		return false
	}
	commit := r.raft.CommitIndex()
	if commit == 0 || commit < min(r.atStart, r.raft.LastIndex()) {
		return false
	}
	if r.raft.State() != raft.Leader && commit < r.transport.announced.Load() {
		return false
	}
	return r.history.executed.Load() >= r.lastCommand(commit)
}

// WaitCaughtUp returns once CaughtUp holds.
func (r *Replica) WaitCaughtUp(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !r.CaughtUp() {
		if err := r.usable(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// lastCommand returns the raft index of the newest command up to commit, or 0 if all of them are in a
// snapshot, which is executed before raft starts. raft's own applied index will not do: it counts what
// was handed to the state machine, not what it has executed.
func (r *Replica) lastCommand(commit uint64) uint64 {
	for i := commit; i > 0; i-- {
		var l raft.Log
		if r.store.read(i, &l) != nil {
			return 0
		}
		if l.Type == raft.LogCommand {
			return i
		}
	}
	return 0
}
