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
	index, err := f.history.apply(l.Data, l.Index)
	return applied{index, err}
}

// ApplyBatch implements raft.BatchingFSM: signatures are checked on all cores, the rest in order.
func (f fsm) ApplyBatch(logs []*raft.Log) []any {
	commands := make([][]byte, 0, len(logs))
	for _, l := range logs {
		if l.Type == raft.LogCommand {
			commands = append(commands, l.Data)
		}
	}
	checked := f.history.prefetch(commands)
	out := make([]any, len(logs))
	for i, l := range logs {
		if l.Type != raft.LogCommand {
			continue
		}
		index, err := f.history.applyPrefetched(l.Data, checked[0], l.Index)
		out[i], checked = applied{index, err}, checked[1:]
	}
	return out
}

// Snapshot implements raft.FSM.
func (f fsm) Snapshot() (raft.FSMSnapshot, error) { return f.history.snapshot(), nil }

// Restore implements raft.FSM.
func (f fsm) Restore(r io.ReadCloser) error {
	defer r.Close()
	return f.history.restore(r)
}
