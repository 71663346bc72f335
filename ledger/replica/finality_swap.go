package replica

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// adopt puts a history that was fetched in the place of this node's own, if it is still wanted.
func (d *decider) adopt(b rebuilt) {
	d.busy, d.rest = false, time.Now().Add(rebuildPause)
	if b.err != nil {
		d.log.Warn("the ledger that the others agree on could not be fetched; trying again", "reason", b.err)
		return
	}
	if !d.stillWanted(b) {
		return
	}
	old, _ := d.r.history.all()
	if err := d.putAside(old, b.result.leaves); err != nil {
		d.r.halt.stop(err)
		return
	}
	d.showFork(old, b)
	aligned := d.aligned(b.head)
	d.r.history.swap(b.result, b.head.Index, aligned, d.commandsAfter)
	if !aligned {
		d.r.guard.yield()
	}
	if err := d.r.raft.Snapshot().Error(); err != nil {
		// A restart would execute the old log again, find the difference again, and fetch again.
		d.log.Warn("the fetched ledger is not in a snapshot yet", "reason", err)
	}
	d.log.Info("the ledger that the others agree on has been taken over", "size", len(b.result.leaves), "from", b.from)
	d.r.happened(nil)
}

// stillWanted says whether a fetched history may take the place of the present one: it holds all that
// is final by now, and the machine wants it still.
func (d *decider) stillWanted(b rebuilt) bool {
	size, t := d.finals.size(), b.target
	own, err := d.r.Leaves(0, size)
	if err != nil || size > uint64(len(b.result.leaves)) || t.value.Size < size ||
		!slices.EqualFunc(own, b.result.leaves[:size], bytes.Equal) {
		return false
	}
	if root, ok := d.r.RootAt(t.value.Size); ok && root == t.value.Root {
		return false // raft has brought it meanwhile
	}
	if t.proposal {
		p, ok := d.machine.Wanted()
		return ok && p.Value == t.value
	}
	lock, locked := d.machine.Locked()
	return t.final || !locked || lock.Value == t.value || lock.Round < t.round
}

// aligned says whether this node's raft log is the source's as far as the fetched leaves go. A lie of
// the source costs another rebuild.
func (d *decider) aligned(head historyHead) bool {
	var mine raft.Log
	return head.Index > 0 && d.r.store.read(head.Index, &mine) == nil && mine.Term == head.Term
}

// commandsAfter returns what raft's log holds between two indexes, the latter included.
func (d *decider) commandsAfter(from, to uint64) (out []*raft.Log) {
	for i := from + 1; i <= to; i++ {
		var l raft.Log
		if d.r.store.read(i, &l) != nil {
			return out
		}
		if l.Type == raft.LogCommand {
			out = append(out, &l)
		}
	}
	return out
}

// swap puts e in the place of what was executed. Where raft's log is that of e's source up to index,
// what this node has executed of it since then follows.
func (h *history) swap(e execution, index uint64, aligned bool, after func(from, to uint64) []*raft.Log) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.fetched = fetchedAt(index) }()
	if !aligned {
		h.put(e, 0)
		return
	}
	h.put(e, index)
	for _, l := range after(index, h.executed.Load()) {
		out, err := h.state.Apply(l.Data)
		if err != nil {
			continue
		}
		h.leaves = append(h.leaves, l.Data)
		h.marks.note(out)
		h.placed = append(h.placed, place{out.Index + 1, l.Index})
	}
}

// fetchedAt is index, or the end of all logs where the source did not say where it has the history.
func fetchedAt(index uint64) uint64 {
	if index == 0 {
		return math.MaxUint64
	}
	return index
}

// showFork keeps the two leaves at which the histories part. Where one key signed both under one number,
// its holder is proved to have cheated; otherwise it is a record of what was ordered twice.
func (d *decider) showFork(old [][]byte, b rebuilt) {
	theirs := b.result.leaves
	for i := int(b.base); i < min(len(old), len(theirs)); i++ {
		if bytes.Equal(old[i], theirs[i]) {
			continue
		}
		if peer, ok := d.signedTwice(old[i], theirs[i]); ok {
			d.r.transport.witness(peer, d.r.gate.refuse(errTwoEntries), theirs[i], old[i])
		}
		d.r.transport.witness(b.from, d.r.gate.refuse(errFork), theirs[i], old[i])
		return
	}
}

// signedTwice says whether one key signed two entries with one number, and whose it is.
func (d *decider) signedTwice(a, b []byte) (peer string, ok bool) {
	one, err := entry.Parse(a)
	if err != nil {
		return "", false
	}
	two, err := entry.Parse(b)
	if err != nil || one.Envelope().SignerKey != two.Envelope().SignerKey || one.Envelope().Seq != two.Envelope().Seq {
		return "", false
	}
	d.r.View(func(s *state.State) {
		var m state.Member
		if m, _, ok = s.MemberByKey(one.Envelope().SignerKey); ok {
			peer = m.PeerID
		}
	})
	return peer, ok
}
