package replica

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// followRecovery begins the incarnation of the newest recovery that is executed here. What the board has
// recovered is final without votes, and voting begins above it. It says whether the decider may go on.
func (d *decider) followRecovery(leaves [][]byte) bool {
	var now uint64
	d.r.View(func(s *state.State) { now = s.Incarnation() })
	if now == d.incarnation {
		return true
	}
	size, ok := lastOf(leaves, entry.KindRecovery)
	if !ok {
		d.r.halt.stop(fmt.Errorf("%w: incarnation %d without a recovery", ErrCorrupt, now))
		return false
	}
	if err := d.finals.recover(leaves, size); err != nil {
		d.r.halt.stop(classify(err))
		return false
	}
	d.early, d.own, d.kept, d.active = nil, nil, nil, false
	if err := d.incarnate(now); err != nil {
		d.r.halt.stop(classify(err))
		return false
	}
	d.r.gate.setFinalVoters(d.finals.peers())
	d.log.Info("the ledger has been recovered", "incarnation", now, "size", size)
	return true
}

// lastOf returns the size that the newest leaf of a kind ends with.
func lastOf(leaves [][]byte, kind entry.Kind) (size uint64, ok bool) {
	for i := len(leaves) - 1; i > 0; i-- {
		if e, err := entry.Parse(leaves[i]); err == nil && e.Envelope().Kind == kind {
			return uint64(i) + 1, true
		}
	}
	return 0, false
}

// recover moves the state to the end of a recovery. It is no final point: nobody has cosigned it yet, so
// there is no age by which it could be believed.
func (f *finals) recover(leaves [][]byte, size uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.Size() > size {
		return fmt.Errorf("%w: a recovery at size %d, below what is final", ErrCorrupt, size)
	}
	for at := f.state.Size(); at < size; at++ {
		out, err := f.state.ApplyPrefetched(f.state.Repeat(leaves[at]))
		if err != nil {
			return fmt.Errorf("%w: entry %d does not execute again: %w", ErrCorrupt, at, err)
		}
		if turned(out.Events) {
			f.before, f.after = f.after, f.state.FinalityVoters()
			f.voted(at + 1)
		}
	}
	f.before, f.after, f.nodes = f.state.FinalityVoters(), f.state.FinalityVoters(), f.state.Voters()
	f.point, f.recovered = FinalPoint{Size: size, Root: f.state.Root()}, size
	f.files.forget()
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

// forget keeps the point that was on disk from being taken for one of the present incarnation.
func (f *pointFiles) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.old = nil
}
