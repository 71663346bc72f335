package local

import (
	"context"
	"sync"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// maxAhead is how many elements, over all holders, a question has at most whose requests are made ahead.
const maxAhead = 256

// ahead are the requests of a short question, made for all holders at once and kept in one write, while the
// holders' indexes are brought up to date. A request whose holder is not asked after all has not left; it is
// in neither side's log, and is erased with its day.
type ahead struct {
	made    chan struct{} // closed when there is nothing more to wait for
	writers map[place]*writer
}

// place is one holder and one type.
type place struct {
	holder string // member name
	typ    indicator.Type
}

// makeAhead begins to make the requests of a short question. What cannot be made or kept so is made when it is
// its turn, where the reason shows. wait returns when nothing of it goes on any more.
func (p *plan) makeAhead(ctx context.Context, h *Hub) (wait func()) {
	elements := 0
	writers := map[place]*writer{}
	for _, e := range p.holders {
		for t, permit := range e.permits {
			w, err := h.writer(p, e.holder, permit, t)
			if err != nil {
				continue
			}
			writers[place{e.holder.Name, t}] = w
			elements += len(p.questions.byType[t])
		}
	}
	if elements == 0 || elements > maxAhead {
		return func() {}
	}
	a := &ahead{made: make(chan struct{})}
	p.ahead = a
	go func() {
		defer close(a.made)
		if h.cfg.Audit.Asked(ctx, p.blindAll(writers)...) == nil {
			a.writers = writers
		}
	}()
	return func() { <-a.made }
}

// blindAll makes one request with each writer, and returns what opens those that could be made.
func (p *plan) blindAll(writers map[place]*writer) (openings []audit.Asked) {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for _, w := range writers {
		wg.Go(func() {
			f, err := w.blind(w.batch(p.questions.byType[w.typ]))
			if err != nil {
				return
			}
			w.ahead = []flight{f}
			mu.Lock()
			defer mu.Unlock()
			openings = append(openings, w.opening(f))
		})
	}
	wg.Wait()
	return openings
}

// take returns what was made for a place under this permit, once.
func (a *ahead) take(ctx context.Context, at place, permit ledger.Permit) *writer {
	if a == nil {
		return nil
	}
	select {
	case <-a.made:
	case <-ctx.Done():
		return nil
	}
	w := a.writers[at]
	if w == nil || w.permit.Epoch() != permit.Epoch() || len(w.ahead) == 0 {
		return nil
	}
	return w
}

// writer is what makes the requests of a job: the one that has made them ahead, or a new one.
func (e *exchange) writer(ctx context.Context, h *Hub, p *plan, permit ledger.Permit, j job) (*writer, error) {
	if w := p.ahead.take(ctx, place{e.holder.Name, j.typ}, permit); w != nil {
		return w, nil
	}
	return h.writer(p, e.holder, permit, j.typ)
}
