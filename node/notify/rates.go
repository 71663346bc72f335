package notify

import (
	"sync"
	"time"
)

// How many statements a peer may make: a burst, refilled one every rateEvery. Each costs a signature and
// a write to the disk.
const (
	rateBurst = 200
	rateEvery = 50 * time.Millisecond
	ratePause = 2 * time.Second // what it is told to wait beyond
)

// rates counts the statements of each peer. It holds one entry a member.
type rates struct {
	mu    sync.Mutex
	peers map[string]*bucket
}

type bucket struct {
	left int
	at   time.Time // when left was counted
}

func (r *rates) allow(peer string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.peers == nil {
		r.peers = map[string]*bucket{}
	}
	b, ok := r.peers[peer]
	if !ok || now.Before(b.at) { // new, or a clock that was set back
		b = &bucket{left: rateBurst, at: now}
		r.peers[peer] = b
	}
	if back := int(now.Sub(b.at) / rateEvery); back > 0 {
		b.left, b.at = min(rateBurst, b.left+back), b.at.Add(time.Duration(back)*rateEvery)
	}
	if b.left == 0 {
		return false
	}
	b.left--
	return true
}
