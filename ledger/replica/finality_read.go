package replica

import (
	"context"
	"fmt"

	"github.com/crosslight/crosslight/ledger/state"
)

// Final returns the newest final point that this node has executed; zero before the first, and where
// finality does not run.
func (r *Replica) Final() FinalPoint {
	if r.decider == nil {
		return FinalPoint{}
	}
	return r.decider.finals.newest()
}

// ViewFinal lets f read the state at the newest final point: that of the genesis, with the zero point,
// before the first. f must be quick, must not keep the state, and must not call the replica.
func (r *Replica) ViewFinal(f func(*state.State, FinalPoint)) {
	if r.decider == nil {
		r.View(func(s *state.State) { f(s, FinalPoint{}) })
		return
	}
	fs := r.decider.finals
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	f(fs.state, fs.point)
}

// ViewBoth lets f read the state at the newest final point and the newest state, as ViewFinal does.
func (r *Replica) ViewBoth(f func(final, tip *state.State, p FinalPoint)) {
	r.ViewFinal(func(final *state.State, p FinalPoint) {
		if r.decider == nil {
			f(final, final, p)
			return
		}
		r.View(func(tip *state.State) { f(final, tip, p) })
	})
}

// Decides says whether finality runs here. It does not in tools and tests that want raft's word alone.
func (r *Replica) Decides() bool { return r.decider != nil }

// WaitFinal returns once the first size leaves are final and executed here.
func (r *Replica) WaitFinal(ctx context.Context, size uint64) error {
	if r.decider == nil {
		return fmt.Errorf("%w: finality does not run here", ErrClosed)
	}
	f := r.decider.finals
	for {
		f.mu.RLock()
		have, changed := f.point.Size, f.changed
		f.mu.RUnlock()
		if have >= size {
			return nil
		}
		select {
		case <-changed:
		case <-r.stop:
			return ErrClosed
		case <-r.halt.done:
			return r.halt.failed()
		case <-ctx.Done():
			return fmt.Errorf("%d of %d entries are final: %w", have, size, ctx.Err())
		}
	}
}

// FinalAt returns the first final point of at least size that is kept: those at which the voters
// change, and the newest.
func (r *Replica) FinalAt(size uint64) (FinalPoint, bool) {
	if r.decider == nil {
		return FinalPoint{}, false
	}
	f := r.decider.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, p := range f.handovers {
		if p.Size >= size && p.Size <= f.point.Size {
			return p, true
		}
	}
	return f.point, f.point.Height > 0 && f.point.Size >= size
}
