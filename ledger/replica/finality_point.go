package replica

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// FinalPoint is what a quorum of voters has made final, executed here. The zero value stands for none.
type FinalPoint struct {
	Height, Size uint64
	Root         [32]byte
	Certificate  finality.Certificate   // the locks
	Cosignatures []finality.Cosignature // that have arrived, one a voter, ascending by signer
	// At is the oldest of the newest quorum of cosignatures: the ledger was like this then, at least. It
	// is that of an earlier point until a quorum has cosigned this one, and zero before there was any.
	At time.Time
}

// finals is what is final here: the state at the newest point, and the points that are kept. The
// decider alone writes.
type finals struct {
	history *history
	files   pointFiles

	mu        sync.RWMutex
	state     *state.State
	point     FinalPoint
	before    finality.Voters // of point's height
	after     finality.Voters // of the next height
	nodes     []string        // peer IDs of after
	handovers []FinalPoint    // ascending; each ends with an entry that changed the voters
	changed   chan struct{}   // closed and replaced with each point
	anchor    entry.StateAnchor
	sets      map[uint64]finality.Voters // by the size with which they ended
	turned    bool                       // the newest leaf of state changed the voters
	recovered uint64                     // the size that a recovery ended with, 0 without one: no point is below it
	dirty     bool                       // the point on disk is an older one
	written   time.Time
}

// openFinals begins at the genesis; the points on disk are shown as soon as they are executed again.
func openFinals(dir string, g entry.SignedGenesis, h *history) (*finals, error) {
	s, err := state.New(g)
	if err != nil {
		return nil, err
	}
	f := &finals{
		history: h, files: pointFiles{dir: finalDir(dir)}, state: s, before: s.FinalityVoters(), after: s.FinalityVoters(),
		nodes: s.Voters(), changed: make(chan struct{}),
	}
	f.handovers, err = f.files.open()
	return f, err
}

func (f *finals) size() uint64 { return f.newest().Size }

func (f *finals) height() uint64 { return f.newest().Height }

// floor is the least size of a checkpoint in the present incarnation.
func (f *finals) floor() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.recovered
}

func (f *finals) newest() FinalPoint {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.point
}

// voters returns the height of the newest point, its voters, and those of the next.
func (f *finals) voters() (height uint64, before, after finality.Voters) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.point.Height, f.before, f.after
}

func (f *finals) peers() []string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.nodes
}

// advance moves to a final checkpoint whose value this node's own history has.
func (f *finals) advance(c finality.Certificate) error {
	leaves, _ := f.history.all()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dirty && f.turns() {
		f.write(f.written, true) // as far as it is cosigned
	}
	if err := f.execute(leaves, c.Value); err != nil {
		return err
	}
	p := FinalPoint{Height: c.Height, Size: c.Value.Size, Root: c.Value.Root, Certificate: c, At: f.point.At}
	if old, ok := f.files.newest(); ok && f.point.Height == 0 {
		p.At = old.At
		if old.Height == p.Height && old.Root == p.Root {
			p.Cosignatures = old.Cosignatures
		}
	}
	f.point, f.dirty = p, true
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

// execute brings the second state to v. The signatures of these very leaves were checked when this
// node's own history executed them, so they are not checked again.
func (f *finals) execute(leaves [][]byte, v finality.Value) error {
	f.before, f.turned = f.after, false
	for at := f.state.Size(); at < v.Size; at++ {
		out, err := f.state.ApplyPrefetched(f.state.Repeat(leaves[at]))
		if err != nil {
			return fmt.Errorf("%w: entry %d is final, and does not execute again: %w", ErrCorrupt, at, err)
		}
		if (at+1)%AnchorEvery == 0 {
			f.anchor = entry.StateAnchor{Size: at + 1, Root: f.state.Root(), State: f.state.Hash()}
		}
		f.turned = turned(out.Events)
		if f.turned || at+1 == v.Size {
			f.before, f.after, f.nodes = f.after, f.state.FinalityVoters(), f.state.Voters()
		}
		if f.turned {
			f.voted(at + 1)
		}
		if f.turned && at+1 < v.Size {
			f.passOver(at)
		}
	}
	if f.state.Root() != v.Root {
		return fmt.Errorf("%w: what is final has another root when it is executed again", ErrCorrupt)
	}
	return nil
}

// passOver keeps the hand-over of a turn that this node came over together with later entries, as when it
// was away: with the certificate of locks that stands on the ledger, which the state has verified. What was
// cosigned then, nobody sends any more. A failed write is no loss: the ledger has the certificate.
func (f *finals) passOver(turn uint64) {
	c, ok := handOverOf(f.history.crossing(turn))
	if !ok || c.Value.Size != turn+1 {
		return
	}
	f.keepTurn(FinalPoint{Height: c.Height, Size: c.Value.Size, Root: c.Value.Root, Certificate: c})
}

// add takes a verified cosignature of the newest point.
func (f *finals) add(c finality.Cosignature, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := &f.point
	if c.Height != p.Height || c.Value.Root != p.Root || c.Value.Size != p.Size {
		return
	}
	list := slices.Clone(p.Cosignatures) // readers have the old one
	i, there := slices.BinarySearchFunc(list, c.Signer, func(a finality.Cosignature, id member.KeyID) int {
		return slices.Compare(a.Signer[:], id[:])
	})
	switch {
	case !there:
		list = slices.Insert(list, i, c)
	case list[i].Time < c.Time:
		list[i] = c
	default:
		return
	}
	p.Cosignatures = list
	if at, ok := quorumTime(list, f.before.Quorum()); ok && at.After(p.At) {
		p.At = at
	}
	if len(list) < f.before.Quorum() {
		return
	}
	f.dirty = true
	if turns := f.turns(); turns || now.Sub(f.written) >= writePause {
		f.write(now, turns)
	}
}

// turns says, under the lock, whether the newest point ends with a change of the voters. Their log and
// cosigner keys may be the same after it as before: a rotated node key changes neither.
func (f *finals) turns() bool { return f.point.Height > 0 && f.turned }

// handsOver says whether the newest point ends with a change of the voters and is not cosigned by a
// quorum yet.
func (f *finals) handsOver() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.turns() && len(f.point.Cosignatures) < f.before.Quorum()
}

// quorumTime is the oldest of the newest q times.
func quorumTime(list []finality.Cosignature, q int) (time.Time, bool) {
	if len(list) < q {
		return time.Time{}, false
	}
	var times []uint64
	for _, c := range list {
		times = append(times, c.Time)
	}
	slices.Sort(times)
	return time.Unix(int64(times[len(times)-q]), 0).UTC(), true
}
