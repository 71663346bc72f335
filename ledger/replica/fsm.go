package replica

import (
	"io"

	"github.com/hashicorp/raft"
)

// fsm is raft's side of history.
type fsm struct{ history *history }

// applied is what Submit gets back from the entry that it submitted.
type applied struct {
	index uint64
	err   error
}

// Apply implements raft.FSM.
func (f fsm) Apply(l *raft.Log) any {
	index, err := f.history.apply(l.Data)
	f.history.executed.Store(l.Index)
	return applied{index, err}
}

// Snapshot implements raft.FSM.
func (f fsm) Snapshot() (raft.FSMSnapshot, error) { return f.history.snapshot(), nil }

// Restore implements raft.FSM.
func (f fsm) Restore(r io.ReadCloser) error {
	defer r.Close()
	return f.history.restore(r)
}
