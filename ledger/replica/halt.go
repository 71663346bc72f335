package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// The errors that end a replica. What raft holds in memory may then differ from what is on disk, so
// it does not go on: the node says why, stops, and starts again from the disk.
var (
	// ErrDiskFull reports that the ledger's disk has no room. Nothing was half-written: free space
	// and start the node again.
	ErrDiskFull = errors.New("the ledger's disk is full")
	// ErrDisk reports that the ledger's files could not be read or written.
	ErrDisk = errors.New("the ledger's disk failed")
	// ErrCorrupt reports ledger files that are not what this node wrote: a flipped byte, a missing
	// record, a snapshot that does not re-execute. Move the folder away; the node then fetches the
	// ledger from the others and re-executes all of it.
	ErrCorrupt = errors.New("the ledger's files are damaged")
)

// halt is where a replica stops for good. hashicorp/raft panics when its stable store or log fails;
// we end the goroutine that met the failure instead, before it can act on it, and leave the process
// alive to close its files and to say what happened.
type halt struct {
	log   *slog.Logger
	once  sync.Once
	done  chan struct{}
	err   error // read after done
	armed atomic.Bool
	early atomic.Pointer[error] // the first failure before it was armed
}

func newHalt(log *slog.Logger) *halt { return &halt{log: log, done: make(chan struct{})} }

// arm says that from now on only raft's own goroutines use the stores. Before, errors are returned.
func (h *halt) arm() { h.armed.Store(true) }

// stop records the first failure.
func (h *halt) stop(err error) {
	h.once.Do(func() {
		h.err = err
		h.log.Error("the ledger has stopped", "reason", err)
		close(h.done)
	})
}

// fail classifies a failure of a store, stops the replica and does not return to raft. Deferred
// functions of the goroutine run, so raft's shutdown finds nothing to wait for.
func (h *halt) fail(err error) error {
	err = classify(err)
	if !h.armed.Load() {
		h.early.CompareAndSwap(nil, &err)
		return err
	}
	h.leave(err)
	return err
}

// leave stops the replica and ends the goroutine.
func (h *halt) leave(err error) {
	h.stop(err)
	runtime.Goexit()
}

// named gives an error of a start the name of what failed on disk: raft wraps some without a chain.
func (h *halt) named(err error) error {
	for _, name := range []error{ErrCorrupt, ErrDisk, ErrDiskFull} {
		if errors.Is(err, name) {
			return err
		}
	}
	if early := h.early.Load(); err != nil && early != nil {
		return fmt.Errorf("%w: %w", *early, err)
	}
	return err
}

// failed returns the failure, or nil.
func (h *halt) failed() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

func classify(err error) error {
	switch {
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrDisk), errors.Is(err, ErrDiskFull):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return fmt.Errorf("%w: %w", ErrDisk, err)
}
