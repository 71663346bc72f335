package baseline

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// fsm executes an entry by checking it, and keeps nothing.
type fsm struct{ check Check }

var _ raft.BatchingFSM = fsm{}

// Apply implements raft.FSM.
func (f fsm) Apply(l *raft.Log) any {
	if f.check == nil {
		return nil
	}
	if err := f.check(l.Data); err != nil {
		return err
	}
	return nil
}

// block is how many entries a worker takes at a time, as in ledger/state.
const block = 16

// ApplyBatch implements raft.BatchingFSM: the checks run on all cores, as the ledger's do.
func (f fsm) ApplyBatch(logs []*raft.Log) []any {
	out := make([]any, len(logs))
	workers := min(runtime.GOMAXPROCS(0), (len(logs)+block-1)/block)
	var next atomic.Int64
	work := func() {
		for {
			end := int(next.Add(block))
			if end-block >= len(logs) {
				return
			}
			for i := end - block; i < min(end, len(logs)); i++ {
				if logs[i].Type == raft.LogCommand {
					out[i] = f.Apply(logs[i])
				}
			}
		}
	}
	if workers <= 1 || f.check == nil {
		work()
		return out
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(work)
	}
	wg.Wait()
	return out
}

// Snapshot implements raft.FSM: there is nothing to keep.
func (f fsm) Snapshot() (raft.FSMSnapshot, error) { return nothing{}, nil }

// Restore implements raft.FSM.
func (f fsm) Restore(r io.ReadCloser) error { return r.Close() }

type nothing struct{}

func (nothing) Persist(s raft.SnapshotSink) error { return s.Close() }
func (nothing) Release()                          {}
