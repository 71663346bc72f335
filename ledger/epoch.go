package ledger

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// servingKey is the holder's key for (epoch, type), where querier may be answered under that epoch. The
// epoch has to stand in the final state, for a key that a cheating leader made up must bind nobody; that
// it ended, or that the querier was suspended since, counts as soon as the newest state says so.
func servingKey(final, tip *state.State, querier, holder state.Member, epoch uint64, typ string) ([32]byte, error) {
	e, err := openEpoch(final, querier.Name, holder.Name, epoch)
	if err != nil {
		return [32]byte{}, err
	}
	if tip != final {
		if _, err := openEpoch(tip, querier.Name, holder.Name, epoch); err != nil {
			return [32]byte{}, err
		}
	}
	key, ok := e.Commit.Key(typ)
	if !ok {
		return [32]byte{}, overDenial("%s has no key for the type in epoch %d", holder.Name, epoch)
	}
	return key.Public, nil
}

func openEpoch(s *state.State, querier, holder string, epoch uint64) (state.Epoch, error) {
	all := s.Serving(holder)
	if len(all) == 0 {
		return state.Epoch{}, overDenial("%s has no epoch that serves: its node has to open the next", holder)
	}
	i := slices.IndexFunc(all, func(e state.Epoch) bool { return e.Commit.Epoch == epoch })
	if i < 0 {
		return state.Epoch{}, overDenial("epoch %d of %s is in force, not %d", all[0].Commit.Epoch, holder, epoch)
	}
	if m, ok := s.Member(querier); ok && !all[i].OpenTo(m) {
		return state.Epoch{}, overDenial("%s was suspended since %s opened epoch %d: wait until it has opened the next", querier, holder, epoch)
	}
	return all[i], nil
}

func overDenial(format string, args ...any) *Denial {
	return &Denial{Err: ErrEpochOver, Reason: fmt.Sprintf(format, args...)}
}

// Day is a day of ledger time, by which budgets are kept.
type Day struct {
	Name string // YYYY-MM-DD
	Ends uint64 // Unix seconds, of ledger time
}

const daySeconds = 24 * 3600

// Today is the day of a state's ledger time. It does not pass while a quorum of the voters' clocks is not
// heard of: budgets then last longer, which is the safe side.
func Today(s *state.State) Day {
	start := s.Time() - s.Time()%daySeconds
	return Day{Name: entry.Instant(start)[:len("2006-01-02")], Ends: start + daySeconds}
}
