package notify

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// Looking for items goes through all of a type's indicators once, however many notices wait: no sender
// can have it done more often than every leadPause.
const (
	leadPause = 2 * time.Second
	leadBatch = 1000
)

// leadAll leads notices to the member's own indicators, a batch at a time, until ctx ends.
func (n *Notify) leadAll(ctx context.Context) {
	for {
		more, err := n.leadBatch(ctx)
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.Error("notices could not be led to their items; trying again", "error", err)
		}
		var again <-chan time.Time
		if err != nil || more {
			again = time.After(leadPause)
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-n.inbox:
			select { // more may be on their way: take them together
			case <-ctx.Done():
				return
			case <-time.After(leadPause / 10):
			}
		}
	}
}

// wanted are the notices about one index, by tag. Two items may share a tag, and two members may send
// notices about one item.
type wanted struct {
	epoch  uint64
	typ    indicator.Type
	byTag  map[index.Tag][]*sought
	notice []*sought
}

type sought struct {
	id        string
	notice    *session.Notice
	digest    *indicator.Digest
	reference *string
}

func (n *Notify) leadBatch(ctx context.Context) (more bool, err error) {
	list, err := n.cfg.Store.PendingNotices(ctx, leadBatch)
	if err != nil {
		return false, err
	}
	indexes := map[[2]any]*wanted{}
	for _, h := range list {
		s, err := session.ReadBody(session.NoticeKind, h.Body)
		if err != nil { // it was read when it came in: the disk has changed it
			if err := n.cfg.Store.Led(ctx, h.ID, store.ItemUnknown, nil, nil); err != nil {
				return false, err
			}
			continue
		}
		at := [2]any{s.Notice.Epoch, h.Type}
		w := indexes[at]
		if w == nil {
			w = &wanted{epoch: s.Notice.Epoch, typ: h.Type, byTag: map[index.Tag][]*sought{}}
			indexes[at] = w
		}
		one := &sought{id: h.ID, notice: s.Notice}
		w.notice = append(w.notice, one)
		w.byTag[index.Tag(s.Notice.Tag)] = append(w.byTag[index.Tag(s.Notice.Tag)], one)
	}
	for _, w := range indexes {
		if err := n.lead(ctx, w); err != nil {
			return false, err
		}
	}
	return len(list) == leadBatch, nil
}

// lead looks for the items of one index and enters what was found.
func (n *Notify) lead(ctx context.Context, w *wanted) error {
	if err := n.search(ctx, w); err != nil {
		return err
	}
	for _, one := range w.notice {
		item := store.ItemUnknown
		switch {
		case one.digest != nil:
			item = store.ItemFound
			if own, err := n.cfg.Store.Indicator(ctx, *one.digest); err == nil && own.Reference != "" {
				one.reference = &own.Reference
			}
		case n.claimed(ctx, w.typ, one.notice.Reference):
			item, one.reference = store.ItemClaimed, &one.notice.Reference
		}
		if err := n.cfg.Store.Led(ctx, one.id, item, one.digest, one.reference); err != nil {
			return err
		}
	}
	return nil
}

// claimed says whether a notice that its tag does not lead to an item names the reference of one.
func (n *Notify) claimed(ctx context.Context, t indicator.Type, reference string) bool {
	if reference == "" {
		return false
	}
	page, _, err := n.cfg.Store.Indicators(ctx, store.Filter{Type: t, Reference: reference}, "", 1)
	return err == nil && len(page) > 0
}

// search compares the tags of the member's own items. When the epoch's key is erased nothing is found any
// more.
func (n *Notify) search(ctx context.Context, w *wanted) error {
	var holder string
	n.cfg.View(func(s *state.State) {
		if m, ok := s.Member(n.cfg.Name); ok {
			holder = m.PeerID
		}
	})
	derive := index.NewDeriver(index.Context{Ledger: n.cfg.LedgerID, Holder: holder, Epoch: w.epoch, Type: string(w.typ)})
	return n.cfg.Outputs(ctx, w.epoch, w.typ, func(d indicator.Digest, f *[index.OutputSize]byte) {
		for _, one := range w.byTag[derive.Tag(f)] {
			if one.notice.Sealed(derive.NoticeKey(f)) {
				one.digest = &d
			}
		}
	})
}
