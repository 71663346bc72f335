package replica

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// Replica is one member's copy of the ledger. Its methods may be called from many goroutines.
type Replica struct {
	self    string
	log     *slog.Logger
	timing  Timing
	halt    *halt
	gate    *gate
	history *history
	roots   roots
	decider *decider // of what is final; nil where that is not decided here

	onEvents  func([]state.Event)
	transport *transport
	store     *records
	guard     *logGuard    // around store
	closer    func() error // of the database
	raft      *raft.Raft
	atStart   uint64 // last raft index on disk when it was opened

	running atomic.Pointer[raft.Raft] // raft, for what raft's own goroutines may call while it starts

	changed    chan struct{} // asks for a reconciliation
	stop       chan struct{}
	reconciled chan struct{} // closed when reconcile has ended
	compared   chan struct{} // closed when compare has ended
	once       sync.Once
	closeErr   error
}

// Accept serves one inbound stream of a peer until it ends; the caller has made sure that the stream
// belongs to that peer. The gate decides whether the peer may say anything, and refuses each request
// that it may not make. Streams of one peer beyond [MaxStreams] should not get here.
func (r *Replica) Accept(peer string, conn net.Conn) { r.transport.serve(peer, conn) }

// Leader returns the peer ID of the replica that orders entries, as far as this one knows.
func (r *Replica) Leader() (string, bool) {
	if r.halt.failed() != nil {
		return "", false
	}
	_, id := r.raft.LeaderWithID()
	return string(id), id != ""
}

// WaitLeader returns the leader's peer ID once there is one.
func (r *Replica) WaitLeader(ctx context.Context) (string, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := r.usable(); err != nil {
			return "", err
		}
		if id, ok := r.Leader(); ok {
			return id, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", &NotLeaderError{}
		}
	}
}

// View lets f read the state. f must be quick, must not keep the state, and must not call the replica.
func (r *Replica) View(f func(*state.State)) { r.history.view(f) }

// WaitSize returns once this node has executed size leaves, genesis included.
func (r *Replica) WaitSize(ctx context.Context, size uint64) error {
	return r.history.await(ctx, size, r.stop)
}

// Leaves returns the leaves from, from+1, …, to-1, verbatim; leaf 0 is the signed genesis. They must
// not be written to. The error is [ErrRange].
func (r *Replica) Leaves(from, to uint64) ([][]byte, error) { return r.history.between(from, to) }

// Failed is closed when the replica has stopped for good: [ErrDiskFull], [ErrDisk], [ErrCorrupt],
// [ErrFork], which Err then returns. The node is to close and say why.
func (r *Replica) Failed() <-chan struct{} { return r.halt.done }

// Err returns why the replica stopped, or nil.
func (r *Replica) Err() error { return r.halt.failed() }

// term is raft's current term, 0 until raft runs.
func (r *Replica) term() uint64 {
	if running := r.running.Load(); running != nil {
		return running.CurrentTerm()
	}
	return 0
}

func (r *Replica) usable() error {
	if err := r.halt.failed(); err != nil {
		return err
	}
	select {
	case <-r.stop:
		return ErrClosed
	default:
		return nil
	}
}

// Status is what an operator wants to see of a replica.
type Status struct {
	Role      string // leader, follower, candidate, or stopped
	Term      uint64
	Leader    string // peer ID, empty if none
	Size      uint64 // leaves executed
	Root      [32]byte
	LogIndex  uint64            // last raft entry on this disk
	Commit    uint64            // last raft entry known to be on a majority of disks
	Voters    []string          // raft's configuration, as peer IDs
	NonVoters []string          //
	Refused   map[string]uint64 // what the gate and the guards kept from raft, by reason
}

// Status reports on this replica.
func (r *Replica) Status() Status {
	s := Status{
		Role: r.role(), Term: r.raft.CurrentTerm(),
		LogIndex: r.raft.LastIndex(), Commit: r.raft.CommitIndex(), Refused: r.gate.counts(),
	}
	s.Leader, _ = r.Leader()
	r.View(func(l *state.State) { s.Size, s.Root = l.Size(), l.Root() })
	if f := r.raft.GetConfiguration(); f.Error() == nil {
		for _, server := range f.Configuration().Servers {
			if server.Suffrage == raft.Voter {
				s.Voters = append(s.Voters, string(server.ID))
			} else {
				s.NonVoters = append(s.NonVoters, string(server.ID))
			}
		}
	}
	return s
}

func (r *Replica) role() string {
	if r.halt.failed() != nil {
		return "stopped"
	}
	return [...]string{"follower", "candidate", "leader", "stopped"}[r.raft.State()]
}

// Close hands leadership on if this replica has it, stops and closes its files. Everything that was
// acknowledged is on disk already.
func (r *Replica) Close() error {
	r.once.Do(func() { r.closeErr = r.shutdown(true) })
	return r.closeErr
}

func (r *Replica) shutdown(handOver bool) error {
	if handOver && r.halt.failed() == nil && r.raft.State() == raft.Leader {
		_ = r.raft.LeadershipTransfer().Error() // at most one election timeout; otherwise they elect
	}
	close(r.stop)
	ended := r.raft.Shutdown()
	err := r.transport.Close() // frees raft's goroutines, which Error below waits for
	err = errors.Join(err, ended.Error())
	<-r.reconciled
	<-r.compared
	if r.decider != nil {
		err = errors.Join(err, r.decider.close())
	}
	if handOver && r.halt.failed() == nil {
		err = errors.Join(err, r.guard.persist())
	}
	return errors.Join(err, r.closer())
}
