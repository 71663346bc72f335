package replica

import (
	"sync"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// memo keeps what this node found when an entry was submitted to it, until the entry comes back from raft
// to be executed: the leader would otherwise verify each signature twice. It is this node's own finding
// about these very bytes, by hash, and the state takes it only for the key that stands when the entry's
// turn has come.
type memo struct {
	mu   sync.Mutex
	kept map[entry.Hash]state.Prefetched
	ring [memoSize]entry.Hash // in the order of arrival; the oldest goes first
	next int
}

// memoSize is how many entries are remembered: more than wait for raft at a time.
const memoSize = 256

// keep remembers an entry that may stand.
func (m *memo) keep(raw []byte, p state.Prefetched) {
	hash := entry.HashOf(raw)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = make(map[entry.Hash]state.Prefetched, memoSize)
	}
	if _, ok := m.kept[hash]; ok {
		return
	}
	delete(m.kept, m.ring[m.next])
	m.kept[hash], m.ring[m.next] = p, hash
	m.next = (m.next + 1) % memoSize
}

// take returns what is remembered of raw, and forgets it.
func (m *memo) take(raw []byte) (state.Prefetched, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) == 0 { // a follower: spare it the hash
		return state.Prefetched{}, false
	}
	hash := entry.HashOf(raw)
	p, ok := m.kept[hash]
	delete(m.kept, hash)
	return p, ok
}
