package holder

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// When segments are compacted (specs/index.md, "Compaction").
const (
	maxSegments = 16 // more than these
	leastMerged = 8  // of the newest are merged, and older ones that are no larger than those together
	leastDead   = 64 // withdrawn items, from which on a quarter of all makes a new base
	leastGrown  = 1024
)

// plan says which segments to compact: those from first on, all of them into a new base where first is
// 0. Additions double between two compactions that reach them, so an item is moved a logarithm of times.
func plan(list []session.SegmentInfo) (first int, due bool) {
	var held, added, dead uint64
	for _, s := range list {
		switch s.Kind {
		case session.WithdrawalSegment:
			dead += s.Count
		case session.AdditionSegment:
			added += s.Count
			held += s.Count
		default:
			held += s.Count
		}
	}
	base := held - added
	if dead >= leastDead && dead*4 >= held || added >= leastGrown && added > base {
		return 0, true
	}
	if len(list) <= maxSegments {
		return 0, false
	}
	first = len(list)
	var sum uint64
	for first > 1 && (len(list)-first < leastMerged || list[first-1].Count <= sum) {
		first--
		sum += list[first].Count
	}
	if first == 1 && base <= sum {
		first = 0
	}
	return first, true
}

// compactAll compacts every index that is due. What fails is tried again after the next change.
func (x *Indexer) compactAll(ctx context.Context) {
	for _, epoch := range x.epochs() {
		if epoch.closed { // it will not grow any more
			continue
		}
		for _, typ := range indicator.Types() {
			if err := x.compact(ctx, epoch, typ); err != nil && ctx.Err() == nil {
				x.h.cfg.Log.Warn("the index could not be compacted; it is whole, and the next change tries again", "type", string(typ), "error", err)
			}
		}
	}
}

// compact replaces the segments that [plan] names by what the store holds of them. It builds beside the
// index in use, which goes on growing: what is published meanwhile applies after the compacted segments as
// it did after those before.
func (x *Indexer) compact(ctx context.Context, epoch keptEpoch, typ indicator.Type) error {
	last, err := x.h.cfg.Store.Published(ctx, epoch.number, typ)
	if err != nil {
		return err
	}
	before := x.current(epoch.number, typ, last)
	if before == nil || !covers(last.Starts, before.Manifest.Segments) {
		return nil // a round will make a new base
	}
	list := before.Manifest.Segments
	first, due := plan(list)
	if !due {
		return nil
	}
	g, err := x.segments(epoch, typ)
	if err != nil {
		return err
	}
	defer g.close()
	var merged []session.SegmentInfo
	start := store.Position{}
	if first == 0 {
		base, berr := g.base(ctx, last.Shows)
		merged, err = []session.SegmentInfo{base}, berr
	} else {
		start = last.Starts[list[first].Name]
		merged, err = g.changes(ctx, start, last.Shows)
	}
	if err != nil {
		return err
	}
	return x.replace(ctx, issue{epoch: epoch.number, typ: typ}, list, first, merged, start)
}

// replace publishes a manifest in which merged stands for the segments of list from first on.
func (x *Indexer) replace(ctx context.Context, n issue, list []session.SegmentInfo, first int, merged []session.SegmentInfo, start store.Position) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n.last, err = x.h.cfg.Store.Published(ctx, n.epoch, n.typ); err != nil {
		return err
	}
	current := x.current(n.epoch, n.typ, n.last)
	if current == nil {
		return nil
	}
	now := current.Manifest.Segments
	if len(now) < len(list) || !slices.Equal(now[:len(list)], list) {
		return errors.New("another base was published meanwhile")
	}
	n.revision, n.shows = n.last.Revision, n.last.Shows
	n.segments = slices.Concat(list[:first], merged, now[len(list):])
	n.starts = maps.Clone(n.last.Starts)
	for _, s := range list[first:] {
		delete(n.starts, s.Name)
	}
	n.began(merged, start)
	return x.publish(ctx, n)
}
