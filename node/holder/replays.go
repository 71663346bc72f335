package holder

import (
	"sync"
	"time"
)

// replayEvery is how often one querier may have a request that it has paid for evaluated again. A lost
// answer is rare; without a bound a replay would be work for nothing.
const replayEvery = 10 * time.Second

// replays remembers when each querier last replayed. It holds one entry a member.
type replays struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (r *replays) allow(querier string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.last[querier]; ok && now.Sub(last) < replayEvery && !now.Before(last) {
		return false
	}
	if r.last == nil {
		r.last = map[string]time.Time{}
	}
	r.last[querier] = now
	return true
}
