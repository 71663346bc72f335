package replica

import (
	"fmt"
	"io"

	"github.com/hashicorp/raft"
)

// Op is an operation of a replica on its disk.
type Op string

// The operations. Each is one transaction of the database, one call of the operating system's for a
// snapshot, or a file that is replaced as a whole.
const (
	OpLogRead        Op = "log-read"
	OpLogStore       Op = "log-store"
	OpLogDelete      Op = "log-delete"
	OpStableGet      Op = "stable-get"
	OpStableSet      Op = "stable-set"
	OpSnapshotCreate Op = "snapshot-create"
	OpSnapshotWrite  Op = "snapshot-write"
	OpSnapshotClose  Op = "snapshot-close"
	OpSnapshotOpen   Op = "snapshot-open"
	OpFinalWrite     Op = "final-write" // of a file in the folder of what is final
)

// Ops lists the operations.
func Ops() []Op {
	return []Op{
		OpLogRead, OpLogStore, OpLogDelete, OpStableGet, OpStableSet,
		OpSnapshotCreate, OpSnapshotWrite, OpSnapshotClose, OpSnapshotOpen, OpFinalWrite,
	}
}

// Faults is what a simulator does to the disk of one replica. The zero value does nothing.
type Faults struct {
	// Before is asked before each operation: an error is the operation's, which does not happen.
	Before func(Op) error
	// After is asked after each that succeeded: an error is the operation's, although it happened.
	After func(Op) error
	// Lie says of a write that it is to seem done and not happen, as a disk does that acknowledges
	// what it never writes.
	Lie func(Op) bool
	// Read returns what a read is to give in the place of the bytes on disk.
	Read func(Op, []byte) []byte
	// NoSync leaves the database's writes in the memory of the operating system, where they outlive
	// the process but not the machine.
	NoSync bool
	// SnapshotEvery and Trailing replace the numbers of entries between two snapshots and behind the
	// newest, where they are not zero.
	SnapshotEvery, Trailing uint64
}

// OpenFaulty opens a replica whose disk fails as f says, with its gate and its guards.
func OpenFaulty(t TB, cfg Config, f Faults) (*Replica, error) {
	t.Helper()
	return open(cfg, hooks{
		wrap:      func(b backend) backend { return &faultyDisk{b, f} },
		snapshots: func(s raft.SnapshotStore) raft.SnapshotStore { return &faultySnapshots{s, f} },
		files:     f.around, raft: f.tune, noSync: f.NoSync,
	})
}

// Abandon ends the replica as a crash of its process does, as far as that goes inside one process:
// leadership is not handed on, and nothing is written down that was not yet.
func (r *Replica) Abandon(t TB) error {
	t.Helper()
	r.once.Do(func() { r.closeErr = r.shutdown(false) })
	return r.closeErr
}

func (f *Faults) tune(c *raft.Config) {
	if f.SnapshotEvery > 0 {
		c.SnapshotThreshold, c.SnapshotInterval = f.SnapshotEvery, c.HeartbeatTimeout
	}
	if f.Trailing > 0 {
		c.TrailingLogs = f.Trailing
	}
}

// around runs one operation with what is to go wrong before, after and instead of it.
func (f *Faults) around(op Op, call func() error) error {
	if f.Before != nil {
		if err := f.Before(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	if f.Lie != nil && f.Lie(op) {
		return nil
	}
	if err := call(); err != nil {
		return err
	}
	if f.After != nil {
		if err := f.After(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	return nil
}

func (f *Faults) read(op Op, b []byte) []byte {
	if f.Read == nil {
		return b
	}
	return f.Read(op, b)
}

// faultyDisk is a backend under the records, so that their checksums see what it does.
type faultyDisk struct {
	backend
	f Faults
}

func (d *faultyDisk) GetLog(index uint64, l *raft.Log) error {
	err := d.f.around(OpLogRead, func() error { return d.backend.GetLog(index, l) })
	l.Data = d.f.read(OpLogRead, l.Data)
	return err
}

func (d *faultyDisk) StoreLogs(logs []*raft.Log) error {
	return d.f.around(OpLogStore, func() error { return d.backend.StoreLogs(logs) })
}

func (d *faultyDisk) DeleteRange(low, high uint64) error {
	return d.f.around(OpLogDelete, func() error { return d.backend.DeleteRange(low, high) })
}

func (d *faultyDisk) Set(key, value []byte) error {
	return d.f.around(OpStableSet, func() error { return d.backend.Set(key, value) })
}

func (d *faultyDisk) Get(key []byte) (value []byte, err error) {
	err = d.f.around(OpStableGet, func() (err error) { value, err = d.backend.Get(key); return err })
	return d.f.read(OpStableGet, value), err
}

// faultySnapshots is a snapshot store under the guard.
type faultySnapshots struct {
	raft.SnapshotStore
	f Faults
}

func (s *faultySnapshots) Create(v raft.SnapshotVersion, index, term uint64, c raft.Configuration, configIndex uint64, t raft.Transport) (sink raft.SnapshotSink, err error) {
	err = s.f.around(OpSnapshotCreate, func() (err error) {
		sink, err = s.SnapshotStore.Create(v, index, term, c, configIndex, t)
		return err
	})
	if err != nil {
		if sink != nil {
			_ = sink.Cancel()
		}
		return nil, err
	}
	return &faultySink{sink, s.f}, nil
}

func (s *faultySnapshots) Open(id string) (meta *raft.SnapshotMeta, from io.ReadCloser, err error) {
	err = s.f.around(OpSnapshotOpen, func() (err error) { meta, from, err = s.SnapshotStore.Open(id); return err })
	if err != nil && from != nil {
		_ = from.Close()
	}
	return meta, from, err
}

type faultySink struct {
	raft.SnapshotSink
	f Faults
}

func (s *faultySink) Write(b []byte) (n int, err error) {
	err = s.f.around(OpSnapshotWrite, func() (err error) { n, err = s.SnapshotSink.Write(b); return err })
	if err == nil {
		n = len(b)
	}
	return n, err
}

func (s *faultySink) Close() error {
	return s.f.around(OpSnapshotClose, s.SnapshotSink.Close)
}
