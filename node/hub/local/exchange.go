package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// How a holder answered, beside the codes of crosslight/query/v1.
const (
	statusOK          = string(session.OK)
	statusUnreachable = "unreachable"
	statusTimeout     = "timeout"
	statusBadProof    = "bad-proof"
	statusFault       = "protocol-fault"
	statusNoIndex     = "no-index"
	statusLocal       = "local-failure" // ours: disk, limits, shutting down
)

// exchange is everything between this member and one holder in one query. Its fields are written by
// the goroutines that run it and read when they have ended.
type exchange struct {
	holder  state.Member
	permits map[indicator.Type]ledger.Permit
	denied  []string // types that are not asked about
	denial  error    // the first reason

	mu        sync.Mutex
	evaluated int64                   // elements that came back
	proved    int64                   // of those, with a proof that holds
	fault     error                   // the gravest so far
	over      map[indicator.Type]bool // types that the holder refused
	pauses    int                     // waits for an overloaded holder that are left
	turns     int                     // changes of epoch so far
	pins      map[mirror.Ref]*mirror.View
	told      map[indicator.Type]store.Told // what is left of budgets
	answers   []answered                    // what came back, looked up when the exchange is over
	found     []store.Found
	kept      []store.Sent // what both sides signed

	// taken, nil in a query, takes answers that are proved instead of having them looked up; it is called
	// with mu held, by one worker at a time. Its error ends the exchange.
	taken func(permit ledger.Permit, asked []question, outputs []voprf.Output) error
}

// letGo gives up the indexes that were pinned.
func (e *exchange) letGo(h *Hub) {
	if err := e.unpin(); err != nil {
		h.cfg.Log.Warn("an index could not be let go", "holder", e.holder.Name, "error", err)
	}
}

func (e *exchange) deny(t indicator.Type, err error) {
	e.denied = append(e.denied, string(t))
	if e.denial == nil {
		e.denial = err
	}
}

// fail notes a fault. A graver one takes the place of a lighter: that a budget is spent must not hide
// that a proof was false.
func (e *exchange) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fault == nil || gravity(err) > gravity(e.fault) {
		e.fault = err
	}
}

func gravity(err error) int {
	switch {
	case errors.Is(err, voprf.ErrProof):
		return 3
	case isFault(err):
		return 2
	case narrow(err):
		return 0
	}
	return 1
}

// refuse notes that the holder answers no more about a type.
func (e *exchange) refuse(t indicator.Type) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over[t] = true
}

func (e *exchange) refused(t indicator.Type) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over[t]
}

// mayPause takes one of the waits for an overloaded holder that the whole exchange has.
func (e *exchange) mayPause() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pauses--
	return e.pauses >= 0
}

func (e *exchange) failed() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fault
}

// incomplete says whether a holder that policy lets this member ask did not answer in full.
func (e *exchange) incomplete() bool {
	return e.fault != nil || errors.Is(e.denial, ledger.ErrEpochOver)
}

// outcome says how the holder answered and, where it did not, what to do.
func (e *exchange) outcome() hub.Asked {
	a := hub.Asked{Member: e.holder.Name, Status: statusOK}
	switch {
	case e.fault != nil:
		a.Status, a.Detail = statusOf(e.fault)
	case len(e.permits) == 0 && e.denial != nil:
		a.Status, a.Detail = statusOf(e.denial)
	case len(e.denied) > 0:
		a.Detail = fmt.Sprintf("not asked about %s: %v", strings.Join(e.denied, ", "), e.denial)
	}
	return a
}

// statusOf names a fault in one word and says in a sentence what it means.
func statusOf(err error) (status, detail string) {
	var refusal *session.Refusal
	switch {
	case errors.Is(err, voprf.ErrProof) && errors.Is(err, evidence.ErrNotKept):
		return statusBadProof, "the holder's evaluation is not under its key on the ledger; " + evidence.ErrNotKept.Error() + ": free the evidence folder and ask again"
	case errors.Is(err, voprf.ErrProof):
		return statusBadProof, "the holder's evaluation is not under its key on the ledger; the evidence is kept in the home's evidence folder: show it to the board"
	case errors.Is(err, errNoIndex):
		return statusNoIndex, err.Error()
	case errors.As(err, &refusal):
		return string(refusal.Code), refusal.Error()
	case errors.Is(err, ledger.ErrSuspended):
		return string(session.Suspended), err.Error()
	case errors.Is(err, ledger.ErrNotPermitted):
		return string(session.NotPermitted), err.Error()
	case errors.Is(err, ledger.ErrEpochOver):
		return string(session.EpochOver), err.Error()
	case errors.Is(err, ledger.ErrNotAMember):
		return string(session.NotAMember), err.Error()
	case errors.Is(err, mirror.ErrFull), errors.Is(err, mirror.ErrDisk), errors.Is(err, p2p.ErrBusy), errors.Is(err, p2p.ErrClosed), errors.Is(err, audit.ErrNotKept):
		return statusLocal, err.Error()
	case errors.Is(err, p2p.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return statusTimeout, "the holder did not answer in time: ask again later, or with a longer --timeout"
	case isFault(err):
		return statusFault, err.Error()
	}
	return statusUnreachable, "the holder could not be reached: ask again later, or call its operator"
}

// isFault tells a peer that broke the protocol from one that went away.
func isFault(err error) bool {
	return slices.ContainsFunc(peerFaults, func(f error) bool { return errors.Is(err, f) })
}

// errNoIndex reports that the holder's index is not here, so that an answer could not be looked up.
var errNoIndex = errors.New("the holder's index could not be brought up to date")

// Bounds of one exchange: a holder must not be able to put a query to sleep.
const (
	maxPauses  = 5
	exchangeIn = time.Minute          // whatever is asked
	elementIn  = 5 * time.Millisecond // more for each element: forty times what an evaluation takes
	mirrorIn   = 10 * time.Minute     // the first time, an index of gigabytes may have to come
)

// update brings the indexes of the permitted types up to date and notes what stands in the way. It
// reports false where asking would meet the same: the holder is away, or refuses this member as such.
func (e *exchange) update(ctx context.Context, h *Hub) bool {
	types := e.types()
	ctx, cancel := context.WithTimeout(ctx, mirrorIn)
	defer cancel()
	err := h.cfg.Fetcher.UpdateTypes(ctx, e.holder.Keys.Node, h.entitled(e.holder), types)
	if err == nil {
		return true
	}
	var update *fetch.UpdateError
	if !errors.As(err, &update) || update.All != nil && !ofTheIndex(update.All) {
		e.fail(err)
		return false
	}
	for _, t := range types {
		if err := update.Of(t); err != nil {
			e.fail(fmt.Errorf("%w: %s: %w", errNoIndex, t, err))
		}
	}
	return true
}

// types are those that are permitted, in order.
func (e *exchange) types() (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for t := range e.permits {
		out = append(out, string(t))
	}
	slices.Sort(out)
	return out
}

// ofTheIndex says whether a failed update concerns indexes, and the holder may still be asked.
func ofTheIndex(err error) bool {
	var r *session.Refusal
	if errors.As(err, &r) {
		return narrow(err) || r.Code == session.NotFound
	}
	return isFault(err) || slices.ContainsFunc([]error{
		mirror.ErrFull, mirror.ErrDisk, mirror.ErrBusy, mirror.ErrTooLarge, mirror.ErrTurn, mirror.ErrNone,
	}, func(f error) bool { return errors.Is(err, f) })
}

// run brings the holder's index up to date, asks about everything that is permitted, and looks the
// answers up. Where the index does not come, an older one is better than none: it is asked about, and
// the report says that it is not up to date. A type without any index is not asked about at all, for
// the budget would be spent on answers that cannot be read; where all are here, none is waited for
// before the asking, but what is looked up in is the newest all the same.
func (e *exchange) run(ctx context.Context, h *Hub, p *plan) []store.Found {
	if len(e.permits) == 0 {
		return nil
	}
	if e.pinAll(h) {
		var updating sync.WaitGroup
		updating.Go(func() { e.update(ctx, h) })
		e.ask(ctx, h, p)
		updating.Wait()
	} else {
		if !e.update(ctx, h) {
			return nil
		}
		e.ask(ctx, h, p)
	}
	e.lookUp(h)
	e.letGo(h)
	h.cfg.Metrics.QueriesAsked.WithLabelValues(e.holder.Name, e.outcome().Status).Inc()
	return e.found
}

// ask asks about everything that is permitted, over several streams.
func (e *exchange) ask(ctx context.Context, h *Hub, p *plan) {
	jobs, elements := p.jobs(e), 0
	queue := make(chan job, len(jobs))
	for _, j := range jobs {
		queue <- j
		elements += len(j.questions)
	}
	close(queue)
	ctx, cancel := context.WithTimeout(ctx, exchangeIn+time.Duration(elements)*elementIn)
	defer cancel()
	var wg sync.WaitGroup
	for range min(len(jobs), max(2, runtime.GOMAXPROCS(0))) {
		wg.Go(func() {
			a := &asking{hub: h, plan: p, exchange: e}
			a.work(ctx, queue)
		})
	}
	wg.Wait()
}

// job is a run of questions of one type, answered over one stream.
type job struct {
	typ       indicator.Type
	questions []question
}

// batch is how many elements of a query go into one request, and perJob how many requests into one job:
// small enough that all workers have something to do, large enough that a proof's fixed cost is spread.
const (
	batch  = 1024
	perJob = 8
)

// jobs cuts what a holder may be asked into runs, the long ones first.
func (p *plan) jobs(e *exchange) []job {
	var out []job
	for _, t := range p.questions.types() {
		if _, ok := e.permits[t]; !ok {
			continue
		}
		for part := range slices.Chunk(p.questions.byType[t], perJob*p.batch) {
			out = append(out, job{t, part})
		}
	}
	slices.SortStableFunc(out, func(a, b job) int { return len(b.questions) - len(a.questions) })
	return out
}
