package holder

import (
	"context"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// keptEpoch is an epoch whose index is kept in step with the store. A closed one takes nothing new: what a
// suspended member was told under it must not come to match.
type keptEpoch struct {
	number uint64
	closed bool
}

// epochs lists the epochs whose index is kept, newest first: those that serve, and before them the one that
// is being prepared. It is empty before the first.
func (x *Indexer) epochs() (out []keptEpoch) {
	var newest uint64
	x.h.cfg.Ledger.View(func(s *state.State) {
		if e, ok := s.Epoch(x.h.cfg.Name); ok {
			newest = e.Commit.Epoch
		}
		for _, e := range s.Serving(x.h.cfg.Name) {
			out = append(out, keptEpoch{e.Commit.Epoch, e.Closed()})
		}
	})
	if next := x.next.Load(); next > newest {
		out = append([]keptEpoch{{number: next}}, out...)
	}
	return out
}

// Prepare builds the index of an epoch that is not on the ledger yet beside those that serve, and returns
// when it is in step with the store. From then on it is kept so; nobody is shown it before the epoch is
// open. Its master must be in the ring. After a crash it is called again, and builds what is missing.
func (x *Indexer) Prepare(ctx context.Context, epoch uint64) error {
	x.next.Store(epoch)
	return x.Publish(ctx)
}

// Left lists the epochs before one, of which something is left here, in ascending order.
func (h *Holder) Left(ctx context.Context, before uint64) ([]uint64, error) {
	drawn, err := h.cfg.Ring.Epochs()
	if err != nil {
		return nil, err
	}
	published, err := h.cfg.Store.PublishedEpochs(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(drawn, published)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n uint64) bool { return n >= before }), nil
}

// Erase destroys an epoch that is over: its master first, after which nothing can be evaluated under it and
// the cached outputs are unreadable, then these, then its index. What says that there is something to erase
// goes last, so a crash in between leaves it to be called again.
func (h *Holder) Erase(ctx context.Context, epoch uint64) error {
	h.index.mu.Lock() // no build reads or writes meanwhile
	defer h.index.mu.Unlock()
	h.oprf.forget(epoch)
	if err := h.cfg.Ring.EraseEpoch(epoch); err != nil {
		return err
	}
	if err := h.cfg.Store.DropOutputs(ctx, epoch); err != nil {
		return err
	}
	if err := h.cfg.Mirror.DropEpoch(member.PublicOf(h.node), epoch); err != nil {
		return fmt.Errorf("remove the index of epoch %d: %w", epoch, err)
	}
	return h.cfg.Store.DropPublished(ctx, epoch)
}
