package replica

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// errSnapshot reports a snapshot that was refused before it was on disk.
var errSnapshot = fmt.Errorf("%w: a snapshot that is not this ledger's history, continued", ErrRefused)

// errBehind reports a snapshot that ends before what this node holds. It is refused and held against
// nobody: an honest leader's may come late, after another that it sent when that one seemed lost.
var errBehind = fmt.Errorf("%w: a snapshot that ends before what this node holds", ErrRefused)

// snapGuard is raft's snapshot store, with snapshots from peers that prove themselves before they
// exist. Restore is too late for that: raft has the snapshot on disk by then and loads it at the next
// start (P4).
//
//	Create ─▶ Write … ──▶ temporary file
//	             └──────▶ execution from the genesis ─▶ verdict ─▶ Close: final, or gone
//
// What passes holds at least what this node has executed, the same leaf for leaf, only signed and
// accepted entries beyond it, a configuration of members of the state that it ends in, and ends at an
// index and a term not before this node's own. That an index is not too large, nothing here can tell:
// it takes the word of q voters (a StateAnchor).
type snapGuard struct {
	raft.SnapshotStore
	off     bool // by the test constructor alone
	log     *logGuard
	history *history
	drain   func() // waits until what raft has handed to the state machine is executed
}

// check judges what a snapshot says of itself.
func (g *snapGuard) check(index, term, configIndex uint64, servers int) error {
	if index == 0 || term == 0 || index > maxTerm || term > maxTerm || configIndex > index || servers == 0 {
		return errSnapshot
	}
	return nil
}

// checkPlace judges where a peer's snapshot ends: not before what this node holds for good, and not in
// an earlier term than that.
func (g *snapGuard) checkPlace(index, term uint64) error {
	line := g.log.protected()
	var mine raft.Log
	if index < line {
		if g.log.read(index, &mine) == nil && mine.Term != term {
			return fmt.Errorf("%w: it ends in term %d, and entry %d is of %d", errSnapshot, term, index, mine.Term)
		}
		return fmt.Errorf("%w: it ends at %d, before %d", errBehind, index, line)
	}
	if err := g.log.read(line, &mine); err != nil {
		return nil // compacted
	}
	if term < mine.Term || index == line && term != mine.Term {
		return fmt.Errorf("%w: it ends in term %d, and entry %d is of %d", errSnapshot, term, line, mine.Term)
	}
	return nil
}

// judge is check and checkPlace at the door, for a peer's request.
func (g *snapGuard) judge(q *raft.InstallSnapshotRequest) error {
	if g.off {
		return nil
	}
	servers, err := configOf(q.Configuration)
	if err != nil {
		return errSnapshot
	}
	if err := g.check(q.LastLogIndex, q.LastLogTerm, q.ConfigurationIndex, len(servers)); err != nil {
		return err
	}
	return g.checkPlace(q.LastLogIndex, q.LastLogTerm)
}

// Create implements raft.SnapshotStore.
func (g *snapGuard) Create(v raft.SnapshotVersion, index, term uint64, c raft.Configuration, configIndex uint64, t raft.Transport) (raft.SnapshotSink, error) {
	if !g.off {
		if err := g.check(index, term, configIndex, len(c.Servers)); err != nil {
			return nil, err
		}
	}
	inner, err := g.SnapshotStore.Create(v, index, term, c, configIndex, t)
	if err != nil {
		return nil, err
	}
	return &guardedSink{SnapshotSink: inner, guard: g, index: index, term: term, config: placed(configIndex, c)}, nil
}

// guardedSink is a snapshot on its way to disk. One of this replica's own history needs no proof; what
// does not say that it is one (see snapshot.Persist) came from a peer.
type guardedSink struct {
	raft.SnapshotSink
	guard  *snapGuard
	index  uint64
	term   uint64
	config placedConfig
	own    bool

	feed    *io.PipeWriter
	verdict chan error
	result  execution
}

// execution is a history that was executed beside this replica's own.
type execution struct {
	header snapshotHeader
	state  *state.State
	leaves [][]byte
	marks  marks
}

func (s *guardedSink) trusted() bool { return s.own || s.guard.off }

// begin starts the execution beside the writing.
func (s *guardedSink) begin() error {
	if s.feed != nil {
		return nil
	}
	if err := s.guard.checkPlace(s.index, s.term); err != nil {
		return err
	}
	var from *io.PipeReader
	from, s.feed = io.Pipe()
	s.verdict = make(chan error, 1)
	go func() {
		var err error
		s.result, err = s.guard.history.rehearse(from)
		if err != nil {
			err = fmt.Errorf("%w: %w", errSnapshot, err)
		}
		_ = from.CloseWithError(err) // nothing waits for bytes after the last entry
		s.verdict <- err
	}()
	return nil
}

// Write implements raft.SnapshotSink.
func (s *guardedSink) Write(b []byte) (int, error) {
	if s.trusted() {
		return s.SnapshotSink.Write(b)
	}
	if err := s.begin(); err != nil {
		return 0, err
	}
	if n, err := s.feed.Write(b); err != nil {
		return n, err
	}
	return s.SnapshotSink.Write(b)
}

// Close implements raft.SnapshotSink: the snapshot becomes one that raft loads, or goes.
func (s *guardedSink) Close() error {
	if s.trusted() {
		if s.guard.off {
			s.guard.log.reset(s.index, s.config)
			return s.SnapshotSink.Close()
		}
		return s.finish()
	}
	if err := s.prove(); err != nil {
		return errors.Join(err, s.SnapshotSink.Cancel())
	}
	s.guard.history.expect(s.result)
	s.guard.log.reset(s.index, s.config)
	return s.finish()
}

// finish lets the snapshot be there, written down before.
func (s *guardedSink) finish() error {
	if err := s.guard.remember(s.index, s.result.header); err != nil {
		return errors.Join(err, s.SnapshotSink.Cancel())
	}
	return s.SnapshotSink.Close()
}

func (s *guardedSink) prove() error {
	if err := s.begin(); err != nil {
		return err
	}
	_ = s.feed.Close()
	if err := <-s.verdict; err != nil {
		return err
	}
	s.guard.drain()
	if err := s.guard.history.continues(s.result.leaves, s.index); err != nil {
		return err
	}
	members := membersOf(s.result.state)
	for id, votes := range s.config.servers {
		if mayVote, member := members[id]; !member || votes && !mayVote {
			return fmt.Errorf("%w: its configuration has a server that its ledger has not", errSnapshot)
		}
	}
	for id, votes := range members {
		if votes && !s.config.servers[id] && s.config.servers != nil {
			return fmt.Errorf("%w: its configuration lacks a voter of its ledger", errSnapshot)
		}
	}
	return nil
}

// Cancel implements raft.SnapshotSink.
func (s *guardedSink) Cancel() error {
	if s.feed != nil {
		_ = s.feed.CloseWithError(io.ErrUnexpectedEOF)
	}
	return s.SnapshotSink.Cancel()
}

// drainLimit bounds how long a snapshot waits for the state machine.
const drainLimit = 10 * time.Second

// drain waits until the state machine has executed what raft has handed to it.
func (r *Replica) drain() {
	want := r.lastCommand(r.guard.executed())
	for end := time.Now().Add(drainLimit); time.Now().Before(end) && r.usable() == nil; time.Sleep(time.Millisecond) {
		if r.history.executed.Load() >= want {
			return
		}
	}
}
