package local

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// A holder's epoch may end while a query is under way, and the two may see that at different times. What was
// refused for it is asked again, under another epoch that serves, or under the same where the holder is the
// one that is behind.
const (
	maxTurns   = 8                      // of one exchange
	turnPause  = 250 * time.Millisecond // before the first, and longer before each further one
	otherTurns = 2                      // tries for which an epoch other than the refused one is waited for
)

// authorise finds the epoch under which a type is asked: the newest whose index is here, or else the newest.
// During an overlap a query does so without waiting for an index of gigabytes. An epoch for which skip holds
// comes last. The error is that of the newest epoch.
func (p *plan) authorise(final, tip *state.State, self, holder state.Member, t indicator.Type, here, skip func(epoch uint64) bool) (ledger.Permit, error) {
	var candidates []uint64
	for _, e := range final.Serving(holder.Name) {
		candidates = append(candidates, e.Commit.Epoch)
	}
	if len(candidates) == 0 {
		candidates = []uint64{holder.Epoch} // to hear why not
	}
	slices.SortStableFunc(candidates, func(a, b uint64) int { return rank(a, here, skip) - rank(b, here, skip) })
	var first error
	for _, epoch := range candidates {
		permit, err := ledger.Authorised(final, tip, ledger.Ask{
			LedgerID: p.ask.Ledger, Querier: self.PeerID, Holder: holder.PeerID,
			Epoch: epoch, Type: string(t), Purpose: p.req.Purpose, HasCase: p.req.Case != "",
		})
		if err == nil {
			return permit, nil
		}
		if first == nil || !errors.Is(err, ledger.ErrEpochOver) {
			first = err
		}
	}
	return ledger.Permit{}, first
}

func rank(epoch uint64, here, skip func(uint64) bool) int {
	switch {
	case skip(epoch):
		return 2
	case here(epoch):
		return 0
	}
	return 1
}

// here says whether the index of a type in an epoch of the holder is mirrored.
func (h *Hub) here(holder state.Member, t indicator.Type) func(epoch uint64) bool {
	return func(epoch uint64) bool {
		_, err := h.cfg.Mirror.Manifest(mirror.Ref{Holder: holder.Keys.Node, Epoch: epoch, Type: string(t)})
		return err == nil
	}
}

func never(uint64) bool { return false }

// permit is what a type is asked under now.
func (e *exchange) permit(t indicator.Type) ledger.Permit {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.permits[t]
}

// mayTurn takes one of the changes of epoch that the exchange has, and says how many it took before.
func (e *exchange) mayTurn() (before int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turns++
	return e.turns - 1, e.turns <= maxTurns
}

// turning says whether an epoch was found to be over in this exchange.
func (e *exchange) turning() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns > 0
}

// ended says whether an epoch of the holder ended since it was chosen: then its index went from here, and the
// question is asked under another.
func (a *asking) ended(epoch uint64) (over bool) {
	_ = a.hub.cfg.Authority(func(final, tip *state.State) { // too old to go by says nothing
		for _, s := range []*state.State{final, tip} {
			over = over || !slices.ContainsFunc(s.Serving(a.exchange.holder.Name), func(e state.Epoch) bool { return e.Commit.Epoch == epoch })
		}
	})
	return over
}

// isEpochOver says whether a holder refused because of the epoch.
func isEpochOver(err error) bool {
	var r *session.Refusal
	return errors.As(err, &r) && r.Code == session.EpochOver
}

// turn finds what to ask a type under after the holder refused the epoch over, and brings its index here.
// Where it reports false, the refusal stands.
func (a *asking) turn(ctx context.Context, t indicator.Type, over uint64) bool {
	before, ok := a.exchange.mayTurn()
	if !ok {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(before+1) * turnPause):
	}
	if a.exchange.permit(t).Epoch() != over {
		return true // another worker has turned it
	}
	skip := func(epoch uint64) bool { return epoch == over && before < otherTurns }
	var permit ledger.Permit
	stale := a.hub.cfg.Authority(func(final, tip *state.State) {
		self, found := final.Member(a.hub.cfg.Name)
		holder, member := final.Member(a.exchange.holder.Name)
		if ok = found && member && holder.PeerID == a.exchange.holder.PeerID; !ok {
			return
		}
		var err error
		permit, err = a.plan.authorise(final, tip, self, holder, t, a.hub.here(holder, t), skip)
		ok = err == nil
	})
	if stale != nil || !ok {
		return stale == nil && before < otherTurns // this node may be the one that is behind
	}
	a.exchange.mu.Lock()
	a.exchange.permits[t] = permit
	a.exchange.mu.Unlock()
	updating, cancel := context.WithTimeout(ctx, mirrorIn)
	defer cancel()
	err := a.hub.cfg.Fetcher.UpdateTypes(updating, a.exchange.holder.Keys.Node, a.hub.entitled(a.exchange.holder), []string{string(t)})
	if err != nil {
		a.hub.cfg.Log.Debug("the index of a new epoch could not be fetched", "holder", a.exchange.holder.Name, "error", err)
	}
	return true
}

// pin keeps the index that a type is asked under readable until the exchange is over: its epoch may end
// meanwhile, and the answers are paid for.
func (e *exchange) pin(h *Hub, ref mirror.Ref) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pins[ref] != nil {
		return nil
	}
	view, err := h.cfg.Mirror.Use(ref)
	if err == nil {
		e.pins[ref] = view
	}
	return err
}

// pinAll pins the indexes of all types that are permitted, and says whether all are here.
func (e *exchange) pinAll(h *Hub) bool {
	for _, t := range e.types() {
		if e.pin(h, e.ref(e.permit(indicator.Type(t)), indicator.Type(t))) != nil {
			return false
		}
	}
	return true
}

// use returns the newest index of ref, or the one that was pinned where it has gone since.
func (e *exchange) use(h *Hub, ref mirror.Ref) (view *mirror.View, release func() error, err error) {
	if view, err = h.cfg.Mirror.Use(ref); err == nil {
		return view, view.Release, nil
	}
	if pinned := e.pins[ref]; pinned != nil {
		return pinned, func() error { return nil }, nil
	}
	return nil, nil, err
}

// unpin lets the indexes go.
func (e *exchange) unpin() (err error) {
	for _, view := range e.pins {
		err = errors.Join(err, view.Release())
	}
	clear(e.pins)
	return err
}
