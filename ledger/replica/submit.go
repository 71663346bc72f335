package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/wire"
)

// The errors of Submit, beside the state machine's own rejections, which come back as they are.
var (
	// ErrNotLeader reports that another replica orders entries; errors.As with *NotLeaderError
	// gives its peer ID. Nothing was recorded.
	ErrNotLeader = errors.New("this node is not the ledger's leader")
	// ErrUnknownOutcome reports that leadership or the time was lost in the middle: the entry may be
	// recorded later. Submit the same bytes again: an entry is recorded once.
	ErrUnknownOutcome = errors.New("the ledger did not confirm the entry in time")
	// ErrClosed reports a replica that has been closed or has stopped.
	ErrClosed = errors.New("the ledger replica is closed")
	// ErrRange reports entries that the ledger does not have.
	ErrRange = errors.New("the ledger has no such entries")
)

// NotLeaderError is [ErrNotLeader] with the leader's peer ID, empty while there is none.
type NotLeaderError struct{ Leader string }

func (e *NotLeaderError) Error() string {
	if e.Leader == "" {
		return ErrNotLeader.Error() + "; there is none at the moment"
	}
	return ErrNotLeader.Error() + "; it is " + e.Leader
}

// Is makes errors.Is(err, ErrNotLeader) true.
func (e *NotLeaderError) Is(target error) bool { return target == ErrNotLeader }

// Result says where an accepted entry stands.
type Result struct {
	Index uint64 // of its leaf; genesis is 0
}

// enqueueLimit bounds the wait for a place in raft's queue when ctx does not.
const enqueueLimit = 10 * time.Second

// Submit orders an envelope and returns once a majority of voters has it on disk and this node has
// executed it. Only the leader can. An entry that the ledger rejects gives the state machine's error
// and leaves no leaf; the verdict is given on a state that holds all that was ordered before it. An
// entry that stands already is a success with its index. raw is copied.
func (r *Replica) Submit(ctx context.Context, raw []byte) (Result, error) {
	if len(raw) == 0 || len(raw) > MaxCommand {
		return Result{}, fmt.Errorf("%w: entry of %d bytes, at most %d", wire.ErrTooLarge, len(raw), MaxCommand)
	}
	if err := r.usable(); err != nil {
		return Result{}, err
	}
	if r.raft.State() != raft.Leader {
		return Result{}, r.notLeader()
	}
	if err := r.checkFirst(ctx, raw); err != nil {
		return r.known(raw, err)
	}
	f := r.raft.Apply(bytes.Clone(raw), r.patience(ctx))
	if err := r.finish(ctx, f); err != nil {
		return Result{}, err
	}
	a := f.Response().(applied) // fsm.Apply returns nothing else
	if a.err != nil {
		return r.known(raw, a.err)
	}
	return Result{Index: a.index}, nil
}

// known makes a success of the rejection of an entry that stands on the ledger already: its sender
// lost the first answer.
func (r *Replica) known(raw []byte, rejection error) (Result, error) {
	if errors.Is(rejection, entry.ErrDuplicate) {
		if index, ok := r.history.find(raw); ok {
			return Result{Index: index}, nil
		}
	}
	return Result{}, rejection
}

// checkFirst keeps an entry that is to be rejected out of the log. Only a state that holds all that
// was ordered may reject, so a first no is checked again behind a barrier.
func (r *Replica) checkFirst(ctx context.Context, raw []byte) error {
	if r.history.check(raw) == nil {
		return nil
	}
	if err := r.finish(ctx, r.raft.Barrier(r.patience(ctx))); err != nil {
		return err
	}
	return r.history.check(raw)
}

func (r *Replica) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(time.Until(deadline), time.Millisecond)
	}
	return enqueueLimit
}

// finish waits for a future of raft and names its failure.
func (r *Replica) finish(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }() // ends at the latest when raft shuts down
	select {
	case err := <-done:
		return r.outcome(err)
	case <-r.halt.done:
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, r.halt.failed())
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, ctx.Err())
	}
}

func (r *Replica) outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return r.notLeader()
	case errors.Is(err, raft.ErrEnqueueTimeout):
		return fmt.Errorf("the ledger is overloaded; try again: %w", context.DeadlineExceeded)
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

func (r *Replica) notLeader() error {
	leader, _ := r.Leader()
	if leader == r.self {
		leader = "" // it is just stepping down
	}
	return &NotLeaderError{Leader: leader}
}
