package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
)

// A node whose own history turns out not to be the one that binds, or that the round's leader proposes,
// takes another: it fetches the leaves above final from a member that has it, executes them beside its
// own, compares the root, and swaps. Raft's log is left alone, for raft's promises rest on it; a
// snapshot, taken at once, makes a restart begin from the new history. Where the log itself contradicts
// that of the source, the log guard then lets raft's leader rewrite it above final, once.

// target is a history that this node must have.
type target struct {
	value    finality.Value
	from     []string // peers that have it
	proposal bool     // of the leader's, which counts as long as nothing else has a quorum
	round    uint64
	final    bool
}

// rebuilt is what came of fetching one.
type rebuilt struct {
	target target
	base   uint64 // leaves up to here were taken from this node's own history
	from   string
	head   historyHead
	result execution
	err    error
}

// rebuildPause is the rest after an attempt, so that a cheat cannot keep this node at it.
const rebuildPause = time.Second

// rebuild fetches what the machine asks for, unless raft is still bringing it.
func (d *decider) rebuild(r finality.Rebuild) {
	if !r.Fork && d.still <= patientTicks {
		return
	}
	t := target{value: r.Certificate.Value, round: r.Certificate.Round, final: r.Certificate.Kind == finality.Lock}
	for _, id := range r.From {
		if peer, ok := d.peerOf(id); ok && peer != d.r.self {
			t.from = append(t.from, peer)
		}
	}
	if leader, ok := d.r.Leader(); ok && slices.Contains(t.from, leader) {
		t.from = slices.Insert(slices.DeleteFunc(t.from, func(p string) bool { return p == leader }), 0, leader)
	}
	d.start(t)
}

// patientTicks is how long nothing is executed before raft is not waited for any more.
const patientTicks = 4

// followLeader takes the leader's history where it contradicts this node's own above final. At a tick it
// does so too where raft has not brought it for some time.
func (d *decider) followLeader(late bool) {
	p, ok := d.machine.Wanted()
	if !ok || d.busy {
		return
	}
	if root, have := d.r.RootAt(p.Value.Size); (!have || root == p.Value.Root) && !late {
		return
	}
	if late && d.still <= patientTicks {
		return
	}
	if peer, ok := d.peerOf(p.Signer); ok && peer != d.r.self {
		d.start(target{value: p.Value, from: []string{peer}, proposal: true, round: p.Round})
	}
}

// start fetches a history in the background, one at a time.
func (d *decider) start(t target) {
	if d.busy || len(t.from) == 0 || time.Now().Before(d.rest) {
		return
	}
	base := d.finals.newest()
	if base.Size == 0 {
		base.Size = 1 // the genesis is common to all
		base.Root, _ = d.r.RootAt(1)
	}
	if t.value.Size < base.Size {
		return
	}
	d.busy = true
	d.log.Info("this node's ledger is not the one that the others agree on above what is final: fetching theirs",
		"size", t.value.Size, "final", base.Size)
	a := historyAsk{version, base.Size, base.Root, t.value.Size, t.value.Root}
	d.work.Go(func() {
		out := rebuilt{target: t, base: base.Size, err: errNoHistory}
		for _, peer := range t.from {
			if out.from = peer; d.r.usable() != nil {
				break
			}
			if out.head, out.result, out.err = d.fetch(peer, a); out.err == nil {
				break
			}
			d.log.Debug("a history was not fetched", "peer", peer, "reason", out.err)
		}
		d.rebuilt <- out // has room for the one that is under way
	})
}

var errNoHistory = errors.New("nobody gave the history")

// fetch gets a history from one peer and executes it.
func (d *decider) fetch(peer string, a historyAsk) (historyHead, execution, error) {
	head, theirs, err := d.ask(peer, a)
	if err != nil {
		return head, execution{}, err
	}
	own, err := d.r.Leaves(0, a.From)
	if err != nil {
		return head, execution{}, err
	}
	fresh, err := state.New(d.r.history.genesis)
	if err != nil {
		return head, execution{}, err
	}
	e := execution{state: fresh, leaves: slices.Clone(own)}
	for _, leaf := range own[1:] { // accepted by this node's own history already
		if err := e.take([]state.Prefetched{fresh.Repeat(leaf)}); err != nil {
			return head, execution{}, err
		}
	}
	if e.state.Root() != a.FromRoot {
		return head, execution{}, fmt.Errorf("%w: this node's own history has changed", ErrRange)
	}
	return head, e, e.extend(theirs, a.value())
}

// extend executes leaves after those of e, and wants v's root at v's size.
func (e *execution) extend(leaves [][]byte, v finality.Value) error {
	for len(leaves) > 0 {
		n := min(len(leaves), batchLeaves)
		if at := v.Size - e.state.Size(); v.Size > e.state.Size() {
			n = min(n, int(at))
		}
		if err := e.take(e.state.Prefetch(leaves[:n])); err != nil {
			return err
		}
		e.leaves, leaves = append(e.leaves, leaves[:n]...), leaves[n:]
		if e.state.Size() == v.Size && e.state.Root() != v.Root {
			return fmt.Errorf("%w: the leaves give another root", ErrMessage)
		}
	}
	if e.state.Size() < v.Size {
		return fmt.Errorf("%w: too few leaves", ErrMessage)
	}
	return nil
}

func (d *decider) dialHistory(peer string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.post.ctx, postDial)
	defer cancel()
	return d.cfg.DialHistory(ctx, peer)
}
