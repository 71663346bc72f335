package watch

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

func (m *Matcher) deriver(ref mirror.Ref) *index.Deriver {
	return index.NewDeriver(index.Context{
		Ledger: m.cfg.LedgerID, Holder: ref.Holder.PeerID(), Epoch: ref.Epoch, Type: ref.Type,
	})
}

// enter derives the tags of a span and puts them into a roll. A span whose watch is gone adds nothing.
func (m *Matcher) enter(ctx context.Context, r *roll, d *index.Deriver, s store.Span) (part, error) {
	w, err := m.book(ctx, s.Watch)
	if errors.Is(err, store.ErrNotFound) {
		return part{}, nil
	}
	if err != nil {
		return part{}, err
	}
	outputs, err := OpenSpan(w.Key, w.ID, &s)
	if err != nil {
		m.cfg.Log.Error("a part of a watch raises no alerts", "watch", w.ID, "error", err)
		return part{}, nil
	}
	tags, owners := make([]index.Tag, len(outputs)), make([]owner, len(outputs))
	for i := range outputs {
		tags[i], owners[i] = d.Tag(&outputs[i]), owner{s.Watch, int32(s.Run), int32(s.Start + i)}
	}
	return r.add(tags, owners), nil
}

// search finds hits: first the tags alone, in one pass over what is new, then each candidate with its
// output, which says whether the label opens and whether a later segment has withdrawn it.
func (m *Matcher) search(ctx context.Context, ref mirror.Ref, name string, parts []part, w work) error {
	view, err := m.cfg.Mirror.Use(ref)
	if errors.Is(err, mirror.ErrNone) {
		return nil // not here yet: its first update will say so
	}
	if err != nil {
		return err
	}
	var found []owner
	for _, segment := range due(view, w) {
		for _, p := range parts {
			err = errors.Join(err, view.Join(segment, p.tags, func(tag int) error {
				found = append(found, p.owners[tag])
				return nil
			}))
		}
	}
	if err == nil {
		err = m.confirm(ctx, ref, name, view, found)
	}
	return errors.Join(err, view.Release())
}

// due are the segments that are to be searched. One that was replaced since it was announced is not
// there, and what replaced it was announced too.
func due(view *mirror.View, w work) [][32]byte {
	var out [][32]byte
	for _, s := range view.Segments() {
		if s.Kind != session.WithdrawalSegment && (w.whole || slices.Contains(w.added, s.Name)) {
			out = append(out, s.Name)
		}
	}
	return out
}

// confirm looks candidates up, a run at a time, and raises those that are hits.
func (m *Matcher) confirm(ctx context.Context, ref mirror.Ref, name string, view *mirror.View, found []owner) error {
	slices.SortFunc(found, owner.compare)
	found = slices.Compact(found) // in more than one segment
	var err error
	for rest := found; len(rest) > 0; {
		n := same(rest, func(o owner) int64 { return o.watch })
		err = errors.Join(err, m.raise(ctx, ref, name, view, rest[0].watch, rest[:n]))
		rest = rest[n:]
	}
	return err
}

// same is how many of the first owners have one key.
func same(list []owner, key func(owner) int64) int {
	n := slices.IndexFunc(list, func(o owner) bool { return key(o) != key(list[0]) })
	if n < 0 {
		return len(list)
	}
	return n
}

func (o owner) compare(b owner) int {
	return cmp.Or(cmp.Compare(o.watch, b.watch), cmp.Compare(o.run, b.run), cmp.Compare(o.at, b.at))
}

// raise looks up the candidates of one watch.
func (m *Matcher) raise(ctx context.Context, ref mirror.Ref, name string, view *mirror.View, watch int64, found []owner) error {
	w, err := m.book(ctx, watch)
	if errors.Is(err, store.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	allowed, labels, err := m.cfg.Permit(w, name, indicator.Type(ref.Type))
	if err != nil {
		return err
	}
	if !allowed {
		m.denied[ref] = true
		return nil
	}
	hits := store.Hits{Watch: w.ID, WatchName: w.Name, Holder: name, At: m.cfg.Now(), Purpose: w.Purpose, Case: w.Case}
	for len(found) > 0 {
		n := same(found, func(o owner) int64 { return int64(o.run) })
		if err := m.lookUp(ctx, ref, name, view, w, found[:n], labels, &hits); err != nil {
			return err
		}
		found = found[n:]
	}
	if len(hits.Found) == 0 {
		return nil
	}
	return m.cfg.Raise(ctx, hits)
}

// lookUp looks up the candidates of one run and adds hits.
func (m *Matcher) lookUp(ctx context.Context, ref mirror.Ref, name string, view *mirror.View, w Watch, found []owner, labels bool, hits *store.Hits) error {
	run, err := m.cfg.Store.Run(ctx, w.Seq, int(found[0].run))
	if errors.Is(err, store.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	elements, err := OpenRun(w.Key, w.ID, run)
	if err != nil {
		return err
	}
	outputs, err := m.outputs(ctx, w, name, ref.Epoch, run)
	if err != nil {
		return err
	}
	d := view.Deriver()
	for _, o := range found {
		f, ok := outputs[int(o.at)]
		if !ok {
			continue // removed meanwhile
		}
		label, ok, err := view.Lookup(d, f)
		if errors.Is(err, index.ErrLabel) { // the holder sealed what is no label: the match itself stands nowhere
			m.cfg.Log.Warn("a holder's index has an entry that cannot be read", "holder", name, "type", ref.Type)
			continue
		}
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if !labels {
			label = nil
		}
		e := elements[o.at]
		hits.Found = append(hits.Found, store.Found{
			Item: store.MatchItem(m.cfg.Match, e.Digest), Type: run.Type, Holder: name, Reference: e.Reference, Label: label,
			Place: &store.Place{Epoch: ref.Epoch, Tag: d.Tag(f), Proof: d.NoticeKey(f)},
		})
	}
	return nil
}

// outputs returns what a holder evaluated of a run, by position.
func (m *Matcher) outputs(ctx context.Context, w Watch, name string, epoch uint64, run store.Run) (map[int]*Output, error) {
	spans, err := m.cfg.Store.SpansOfRun(ctx, w.Seq, name, epoch, run.N)
	if err != nil {
		return nil, err
	}
	out := map[int]*Output{}
	for i := range spans {
		outputs, err := OpenSpan(w.Key, w.ID, &spans[i])
		if err != nil {
			return nil, err
		}
		for j := range outputs {
			out[spans[i].Start+j] = &outputs[j]
		}
	}
	return out, nil
}
