package p2p

import (
	"sync"
	"time"
)

// Bucket bounds how often something happens: rate a second, after a burst. It is safe for concurrent use.
type Bucket struct {
	rate, burst float64

	mu   sync.Mutex
	left float64
	at   time.Time
}

// NewBucket returns a full bucket.
func NewBucket(rate, burst float64) *Bucket { return &Bucket{rate: rate, burst: burst, left: burst} }

// Take takes n out, or nothing and reports false where there is less. Time that goes back fills nothing.
func (b *Bucket) Take(now time.Time, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.at).Seconds(); !b.at.IsZero() && passed > 0 {
		b.left = min(b.burst, b.left+passed*b.rate)
	}
	b.at = now
	if b.left < float64(n) {
		return false
	}
	b.left -= float64(n)
	return true
}
