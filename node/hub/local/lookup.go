package local

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// answered is what a holder evaluated and proved: 64 bytes for each question, until the exchange with
// it is over.
type answered struct {
	permit    ledger.Permit // with the epoch that it is of
	typ       indicator.Type
	questions []question
	outputs   []voprf.Output
}

func (e *exchange) keep(permit ledger.Permit, t indicator.Type, asked []question, outputs []voprf.Output) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers = append(e.answers, answered{permit, t, asked, outputs})
}

// lookUp searches the holder's mirrored index for everything that it answered. By now nothing is sent
// to the holder any more: a hit, or an entry that the holder made unreadable to notice a hit, shows
// neither in a byte nor in the time of one.
func (e *exchange) lookUp(h *Hub) {
	for _, a := range e.answers {
		if err := e.lookUpBatch(h, a); err != nil {
			e.fail(err)
			h.cfg.Log.Warn("a holder's index could not be searched", "holder", e.holder.Name, "type", string(a.typ), "error", err)
		}
	}
	e.answers = nil
}

func (e *exchange) lookUpBatch(h *Hub, a answered) error {
	permit := a.permit
	view, release, err := e.use(h, e.ref(permit, a.typ))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoIndex, err)
	}
	derive := index.NewDeriver(index.Context{
		Ledger: h.cfg.LedgerID, Holder: e.holder.PeerID, Epoch: permit.Epoch(), Type: string(a.typ),
	})
	labels := permit.Reveal() == policy.RevealLabel
	key := h.cfg.Ring.Local(matchUse)
	for i := range a.outputs {
		label, ok, lerr := view.Lookup(derive, (*[index.OutputSize]byte)(&a.outputs[i]))
		if errors.Is(lerr, index.ErrLabel) { // this one entry: the others are searched all the same
			err = lerr
			continue
		}
		if lerr != nil {
			err = lerr
			break
		}
		if !ok {
			continue
		}
		if !labels {
			label = nil // mirrored under an earlier policy, or passed on: not this member's to read now
		}
		e.found = append(e.found, store.Found{
			Item: store.MatchItem(key, a.questions[i].digest), Type: a.typ, Holder: e.holder.Name,
			Reference: a.questions[i].reference, Label: label, Place: placeOf(derive, permit.Epoch(), &a.outputs[i]),
		})
		h.cfg.Metrics.Matches.WithLabelValues(string(a.typ)).Inc()
	}
	if err = errors.Join(err, release()); err != nil {
		return e.blame(h, e.ref(permit, a.typ), err)
	}
	return nil
}

// matchUse names the ring's secret under which the table of matches keeps digests.
const matchUse = "match"

// placeOf is where the item with this output stands in an index: what names it to the holder.
func placeOf(derive *index.Deriver, epoch uint64, f *voprf.Output) *store.Place {
	output := (*[index.OutputSize]byte)(f)
	return &store.Place{Epoch: epoch, Tag: derive.Tag(output), Proof: derive.NoticeKey(output)}
}

// blame finds out whose fault an index is that could not be searched: bytes that this disk damaged are
// fetched again, bytes that the holder signed are the holder's.
func (e *exchange) blame(h *Hub, ref mirror.Ref, found error) error {
	err := h.cfg.Fetcher.Suspect(ref)
	switch {
	case err == nil:
		return fmt.Errorf("look up: %w", found)
	case errors.Is(err, mirror.ErrDisk):
		return fmt.Errorf("%w: it is damaged here and will be fetched again: %w", errNoIndex, err)
	}
	return fmt.Errorf("%w: %w", errNoIndex, errors.Join(found, err))
}

// ref names the holder's index of a type in the epoch that it was asked in.
func (e *exchange) ref(permit ledger.Permit, t indicator.Type) mirror.Ref {
	return mirror.Ref{Holder: e.holder.Keys.Node, Epoch: permit.Epoch(), Type: string(t)}
}
