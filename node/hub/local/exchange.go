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

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
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
	statusStorage     = "storage-failed" // ours
)

// exchange is everything between this member and one holder in one query. Its fields are written by
// the goroutines that run it and read when they have ended.
type exchange struct {
	holder  state.Member
	permits map[indicator.Type]ledger.Permit
	denied  []string // types that are not asked about
	denial  error    // the first reason

	mu        sync.Mutex
	evaluated int64 // elements that came back
	proved    int64 // of those, with a proof that holds
	fault     error // the first that ended or narrowed the exchange
	found     []found
}

func (e *exchange) deny(t indicator.Type, err error) {
	e.denied = append(e.denied, string(t))
	if e.denial == nil {
		e.denial = err
	}
}

// fail notes the first fault.
func (e *exchange) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fault == nil {
		e.fault = err
	}
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
	case errors.Is(err, voprf.ErrProof):
		return statusBadProof, "the holder's evaluation is not under its key on the ledger; the evidence is kept: show it to the board"
	case errors.Is(err, mirror.ErrFull), errors.Is(err, mirror.ErrDisk):
		return statusStorage, err.Error()
	case errors.Is(err, errNoIndex):
		return statusNoIndex, err.Error()
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

// errNoIndex reports that the holder's index could not be mirrored.
var errNoIndex = errors.New("the holder's index could not be mirrored")

// run asks the holder about everything that is permitted and looks the answers up.
func (e *exchange) run(ctx context.Context, h *Hub, p *plan) []found {
	if len(e.permits) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	indexed := e.mirror(ctx, h)
	jobs := p.jobs(e)
	workers := min(len(jobs), max(2, runtime.GOMAXPROCS(0)))
	queue := make(chan job, len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			a := &asking{hub: h, plan: p, exchange: e, indexed: indexed}
			a.work(ctx, queue)
		})
	}
	wg.Wait()
	if err := <-indexed.done; err != nil {
		e.fail(fmt.Errorf("%w: %w", errNoIndex, err))
	}
	h.cfg.Metrics.QueriesAsked.WithLabelValues(e.holder.Name, e.outcome().Status).Inc()
	return e.found
}

// indexing is the update of the holder's mirror, which runs beside the evaluations.
type indexing struct {
	ready chan struct{} // closed when the update has ended, well or not
	done  chan error    // its outcome, once
}

func (e *exchange) mirror(ctx context.Context, h *Hub) *indexing {
	i := &indexing{ready: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		defer close(i.ready)
		i.done <- h.updateMirror(ctx, e.holder)
	}()
	return i
}

// job is a run of questions of one type, answered over one stream.
type job struct {
	typ       indicator.Type
	questions []question
}

// batch is how many elements go into one request, and perJob how many questions into one job: small
// enough that all workers have something to do, large enough that a proof's fixed cost is spread.
const (
	batch  = 1024
	perJob = 8 * batch
)

// jobs cuts what a holder may be asked into runs, the long ones first.
func (p *plan) jobs(e *exchange) []job {
	var out []job
	for _, t := range p.questions.types() {
		if _, ok := e.permits[t]; !ok {
			continue
		}
		for part := range slices.Chunk(p.questions.byType[t], perJob) {
			out = append(out, job{t, part})
		}
	}
	slices.SortStableFunc(out, func(a, b job) int { return len(b.questions) - len(a.questions) })
	return out
}
