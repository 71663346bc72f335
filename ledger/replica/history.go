package replica

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
	decides   bool                      // finality runs: places are noted until it takes them away
	memo      memo                      // of entries that were submitted here

	mu      sync.RWMutex
	state   *state.State
	leaves  [][]byte
	marks   marks
	placed  []place       // of leaves that are not final, ascending
	fetched uint64        // where in raft's log the peer that this history was fetched from had it; 0: raft gave it
	epoch   uint64        // grows when another execution takes this one's place
	changed chan struct{} // closed and replaced when leaves grow
}

// place says that raft's log up to index gives the first size leaves.
type place struct{ size, index uint64 }

func newHistory(g entry.SignedGenesis, notify func([]state.Event)) (*history, error) {
	s, err := state.New(g)
	if err != nil {
		return nil, err
	}
	return &history{genesis: g, notify: notify, state: s, leaves: [][]byte{g.Raw()}, changed: make(chan struct{})}, nil
}

// apply executes one committed entry, which stands at the index at of raft's log. It returns the index
// of its leaf, or the state's rejection; for an entry that stands already that is entry.ErrDuplicate
// with the index at which it stands.
func (h *history) apply(raw []byte, at uint64) (uint64, error) {
	return h.applyPrefetched(raw, h.prefetch([][]byte{raw})[0], at)
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

func (h *history) applyPrefetched(raw []byte, p state.Prefetched, at uint64) (uint64, error) {
	h.mu.Lock()
	h.executed.Store(at) // with the leaf, so that no other execution comes between the two
	out, err := h.state.ApplyPrefetched(p)
	if err != nil {
		h.mu.Unlock()
		return out.Index, err
	}
	h.leaves = append(h.leaves, raw)
	h.marks.note(out)
	if h.decides {
		h.placed = append(h.placed, place{out.Index + 1, at})
	}
	h.announce()
	h.mu.Unlock()
	if len(out.Events) > 0 {
		h.notify(out.Events)
	}
	return out.Index, nil
}

// begin notes that the snapshot which raft began with ends at index, unless more is executed already.
func (h *history) begin(index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if index <= h.executed.Load() {
		return
	}
	h.executed.Store(index)
	h.placed = []place{{uint64(len(h.leaves)), index}}
}

// marks are the leaves that matter to checkpoints, ascending.
type marks struct {
	turns  []uint64 // those that changed the voters
	bridge []uint64 // those that show that the voters of before had made a turn final
}

func (m *marks) note(out state.Outcome) {
	if turned(out.Events) {
		m.turns = append(m.turns, out.Index)
	}
	if slices.ContainsFunc(out.Events, func(e state.Event) bool { return e.Kind == state.HandedOver }) {
		m.bridge = append(m.bridge, out.Index)
	}
}

// turned says whether an entry changed the voters of checkpoints.
func turned(events []state.Event) bool {
	return slices.ContainsFunc(events, func(e state.Event) bool { return e.Kind == state.VotersChanged })
}

// settled forgets the places of the first size leaves, which are final, and returns the index up to
// which raft's log gives no other leaves than those; 0 if it is not known.
func (h *history) settled(size uint64) (index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for ; n < len(h.placed) && h.placed[n].size <= size; n++ {
		index = h.placed[n].index
	}
	h.placed = slices.Delete(h.placed, 0, n)
	return index
}

// reach returns how far a checkpoint above size may go: to the newest leaf, or to the first one after
// size that changes the voters.
func (h *history) reach(size uint64) (to uint64, turns bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	i, _ := slices.BinarySearch(h.marks.turns, size)
	if i < len(h.marks.turns) {
		return h.marks.turns[i] + 1, true
	}
	return uint64(len(h.leaves)), false
}

// crossing returns the leaf that shows that the first turn after size is final, if it stands here.
func (h *history) crossing(size uint64) []byte {
	h.mu.RLock()
	defer h.mu.RUnlock()
	i, _ := slices.BinarySearch(h.marks.turns, size)
	if i == len(h.marks.turns) {
		return nil
	}
	j, _ := slices.BinarySearch(h.marks.bridge, h.marks.turns[i]+1)
	if j == len(h.marks.bridge) {
		return nil
	}
	return h.leaves[h.marks.bridge[j]]
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

// replace puts another execution in the place of this one. at is the index of raft's log at which it
// stands, 0 if that is not known.
func (h *history) replace(e execution, at uint64) {
	h.mu.Lock()
	h.put(e, at)
	h.mu.Unlock()
	h.notify(nil)
}

// put is replace under the lock.
func (h *history) put(e execution, at uint64) {
	h.state, h.leaves, h.marks, h.placed, h.fetched = e.state, e.leaves, e.marks, nil, 0
	if at > 0 {
		h.placed = []place{{uint64(len(e.leaves)), at}}
	}
	h.epoch++
	h.announce()
}

// next is closed when the leaves have changed.
func (h *history) next() <-chan struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.changed
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

// all returns every leaf, and in which execution they stand.
func (h *history) all() (leaves [][]byte, epoch uint64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n := len(h.leaves)
	return h.leaves[:n:n], h.epoch
}
