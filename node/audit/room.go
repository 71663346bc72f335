package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/session"
)

// dayRoom is how many requests of a pair and day are admitted. It is less than [session.MaxLog], for a
// request that acts on a size which this ledger has not reached may turn out to belong to the day after.
const dayRoom = session.MaxLog - session.MaxLog/8

// ErrDayFull reports a pair of members whose log of a day takes no further request. A log that grew beyond
// what can be compared and committed to would end its day's audits, and those of the days after it: many
// small requests would be a way not to be audited.
var ErrDayFull = fmt.Errorf("the log of a day takes %d requests between two members, and has them; ask about more elements at a time, or tomorrow", dayRoom)

// counterpart is another member and one side of its exchange: what it was answered here, or asked from here.
type counterpart struct {
	answered bool
	member   string
}

// room counts the requests of each pair and day. The counts of days begin with what is in the store, so
// that a restart changes nothing, and go up before a request is charged or kept, so that parallel ones
// cannot race past the limit.
type room struct {
	mu     sync.Mutex
	most   int
	counts map[uint64]map[counterpart]int
}

func newRoom() *room { return &room{most: dayRoom, counts: map[uint64]map[counterpart]int{}} }

// daysCounted is how many days have counts at a time: a request may belong to the day before.
const daysCounted = 3

// take makes room for one request of a day, and returns what gives it back. stored is asked once for each
// pair and day. The error is [ErrDayFull] or stored's.
func (r *room) take(day uint64, p counterpart, stored func() (int, error)) (back func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts[day] == nil {
		maps.DeleteFunc(r.counts, func(d uint64, _ map[counterpart]int) bool { return d+daysCounted <= day })
		r.counts[day] = map[counterpart]int{}
	}
	of := r.counts[day]
	if _, ok := of[p]; !ok {
		if of[p], err = stored(); err != nil {
			delete(of, p)
			return nil, err
		}
	}
	if of[p] >= r.most {
		return nil, ErrDayFull
	}
	of[p]++
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		of[p]--
	}), nil
}

// Admit makes room in the log of what this member answers another for a request that acts on the ledger at
// a size. Whoever was admitted and then not charged, or had been charged before, gives the room back. The
// error is [ErrDayFull], or the store's.
func (k *Keeper) Admit(ctx context.Context, querier string, size uint64) (back func(), err error) {
	var day uint64
	k.cfg.Ledger.View(func(s *state.State) { day = s.DayAt(size) })
	return k.room.take(day, counterpart{true, querier}, func() (n int, err error) {
		for _, peer := range k.peersOf(querier) {
			some, serr := k.cfg.Store.CountAnswered(ctx, day, peer)
			n, err = n+some, errors.Join(err, serr)
		}
		return n, err
	})
}

// roomToAsk is Admit for what leaves here: also what a holder did not answer counts, so that no holder can
// have this member's own log grow beyond what it can commit to.
func (k *Keeper) roomToAsk(ctx context.Context, day uint64, peer string) (back func(), err error) {
	return k.room.take(day, counterpart{false, peer}, func() (int, error) { return k.cfg.Store.CountOpenings(ctx, day, peer) })
}
