package watch

import (
	"context"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// roll reads what a holder evaluated, once. An epoch without spans has an empty roll, which is kept too.
func (m *Matcher) roll(ctx context.Context, ref mirror.Ref, name string) (*roll, error) {
	if r := m.rolls[ref]; r != nil {
		return r, nil
	}
	r := &roll{}
	d := m.deriver(ref)
	err := m.cfg.Store.EachSpan(ctx, name, ref.Epoch, indicator.Type(ref.Type), func(s store.Span) error {
		_, err := m.enter(ctx, r, d, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.rolls[ref] = r
	return r, nil
}

// take matches a span that has just been enrolled against what the index has already. Its tags are in the
// roll before the index is looked at, so that an update that comes meanwhile, which is worked on later,
// finds them.
func (m *Matcher) take(ctx context.Context, e enrolled) {
	m.ended(e.ref, m.span(ctx, e))
}

func (m *Matcher) span(ctx context.Context, e enrolled) error {
	if m.rolls[e.ref] == nil || m.stale[e.ref] { // reading all of it brings this span too
		return m.index(ctx, e.ref, work{whole: true})
	}
	name, ok := m.cfg.Name(e.ref)
	if !ok {
		return nil
	}
	p, err := m.enter(ctx, m.rolls[e.ref], m.deriver(e.ref), e.span)
	if err != nil {
		return err
	}
	return m.search(ctx, e.ref, name, []part{p}, work{whole: true})
}

// book returns a watch by its Seq; store.ErrNotFound where it was removed or does not open. One watch that
// is damaged does not keep the others from being matched.
func (m *Matcher) book(ctx context.Context, seq int64) (Watch, error) {
	if w, ok := m.books[seq]; ok {
		return w, nil
	}
	all, err := m.cfg.Store.AllWatches(ctx)
	if err != nil {
		return Watch{}, err
	}
	for _, w := range all {
		opened, err := Open(m.cfg.Ring, w)
		switch {
		case err != nil && w.Seq == seq:
			m.cfg.Log.Error("a watch raises no alerts", "watch", w.ID, "error", err)
		case err == nil:
			m.books[w.Seq] = opened
		}
	}
	if w, ok := m.books[seq]; ok {
		return w, nil
	}
	return Watch{}, store.ErrNotFound
}
