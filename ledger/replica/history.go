package replica

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// history is what this replica has executed: the state and the leaves that brought it there. An entry
// that the state rejects leaves no trace in either.
type history struct {
	genesis entry.SignedGenesis
	notify  func([]state.Event) // outside the lock, in order; nil events: everything may have changed

	executed  atomic.Uint64             // raft index of the newest command executed, accepted or not
	rehearsed atomic.Pointer[execution] // of the snapshot that raft is about to restore
	unguarded bool                      // by the test constructor alone: a snapshot may cut history
	memo      memo                      // of entries that were submitted here

	mu      sync.RWMutex
	state   *state.State
	leaves  [][]byte
	changed chan struct{} // closed and replaced when leaves grow
}

func newHistory(g entry.SignedGenesis, notify func([]state.Event)) (*history, error) {
	s, err := state.New(g)
	if err != nil {
		return nil, err
	}
	return &history{genesis: g, notify: notify, state: s, leaves: [][]byte{g.Raw()}, changed: make(chan struct{})}, nil
}

// apply executes one committed entry. It returns the index of its leaf, or the state's rejection; for
// an entry that stands already that is entry.ErrDuplicate with the index at which it stands.
func (h *history) apply(raw []byte) (uint64, error) {
	return h.applyPrefetched(raw, h.prefetch([][]byte{raw})[0])
}

// prefetch checks entries ahead of their turn, on all cores. Only the goroutine that applies calls it.
func (h *history) prefetch(raws [][]byte) []state.Prefetched {
	out := make([]state.Prefetched, len(raws))
	var places []int
	var missing [][]byte
	for i, raw := range raws {
		var ok bool
		if out[i], ok = h.memo.take(raw); !ok {
			places, missing = append(places, i), append(missing, raw)
		}
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i, p := range h.state.Prefetch(missing) {
		out[places[i]] = p
	}
	return out
}

func (h *history) applyPrefetched(raw []byte, p state.Prefetched) (uint64, error) {
	h.mu.Lock()
	out, err := h.state.ApplyPrefetched(p)
	if err != nil {
		h.mu.Unlock()
		return out.Index, err
	}
	h.leaves = append(h.leaves, raw)
	h.announce()
	h.mu.Unlock()
	if len(out.Events) > 0 {
		h.notify(out.Events)
	}
	return out.Index, nil
}

// check says what apply would say, for an entry submitted now, and remembers what it found out.
func (h *history) check(raw []byte) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.state.Prefetch([][]byte{raw})[0]
	if err := h.state.CheckPrefetched(p); err != nil {
		return err
	}
	h.memo.keep(raw, p)
	return nil
}

// find returns the index at which raw stands.
func (h *history) find(raw []byte) (uint64, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i := len(h.leaves) - 1; i > 0; i-- {
		if bytes.Equal(h.leaves[i], raw) {
			return uint64(i), true
		}
	}
	return 0, false
}

// replace puts another execution in the place of this one.
func (h *history) replace(s *state.State, leaves [][]byte) {
	h.mu.Lock()
	h.state, h.leaves = s, leaves
	h.announce()
	h.mu.Unlock()
	h.notify(nil)
}

func (h *history) announce() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *history) view(f func(*state.State)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	f(h.state)
}

// await returns once there are at least size leaves.
func (h *history) await(ctx context.Context, size uint64, stopped <-chan struct{}) error {
	for {
		h.mu.RLock()
		have, changed := uint64(len(h.leaves)), h.changed
		h.mu.RUnlock()
		if have >= size {
			return nil
		}
		select {
		case <-changed:
		case <-stopped:
			return ErrClosed
		case <-ctx.Done():
			return fmt.Errorf("ledger has %d of %d entries: %w", have, size, ctx.Err())
		}
	}
}

// between returns the leaves from, from+1, …, to-1. They are never written to.
func (h *history) between(from, to uint64) ([][]byte, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if from > to || to > uint64(len(h.leaves)) {
		return nil, fmt.Errorf("%w: entries %d to %d of %d", ErrRange, from, to, len(h.leaves))
	}
	return h.leaves[from:to:to], nil
}
