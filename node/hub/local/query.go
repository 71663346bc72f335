package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// Limits of a query's texts, in bytes.
const (
	maxPurpose = 64
	maxCase    = 256
)

// Query implements [hub.Hub]. All holders are asked at once; one that is down, slow or false does not
// spoil the others' answers, and the report says who did not answer.
func (h *Hub) Query(ctx context.Context, req hub.QueryRequest, in io.Reader) (hub.QueryReport, error) {
	start := h.cfg.Now()
	report := hub.QueryReport{
		ID: newID(), At: start.UTC(), Purpose: req.Purpose,
		Refusals: []hub.Refusal{}, Asked: []hub.Asked{}, Matches: []hub.Match{},
	}
	if err := checkQuery(req); err != nil {
		return hub.QueryReport{}, err
	}
	q, err := h.collect(ctx, req, in, &report)
	if err != nil {
		return hub.QueryReport{}, classed(err)
	}
	if err := h.settle(ctx); err != nil {
		return hub.QueryReport{}, err
	}
	plan, err := h.plan(req, q)
	if err != nil {
		return hub.QueryReport{}, classed(err)
	}
	if req.DryRun {
		plan.preview(&report)
		return report, nil
	}
	keeping := h.keepQuestions(context.WithoutCancel(ctx), report.ID, report.At, q)
	defer keeping()
	found := plan.run(ctx, h)
	plan.conclude(&report, found)
	h.cfg.Metrics.QuerySeconds.Observe(h.cfg.Now().Sub(start).Seconds())
	if err := h.cfg.Store.SaveQuery(context.WithoutCancel(ctx), plan.record(h, report, found)); err != nil {
		// The answers are paid for: they must reach the analyst whatever became of the record.
		h.cfg.Log.Error("a query could not be recorded", "error", err)
		report.Warning = "this query could not be recorded, so `query show` will not find it: " + err.Error()
	}
	return report, nil
}

// settleIn is how long a query waits for a node that has just started.
const settleIn = 10 * time.Second

// settle waits until this node's ledger is of the present. Before that a member that was suspended
// since would still be asked.
func (h *Hub) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleIn)
	defer cancel()
	for !h.cfg.Settled() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: this node's ledger has not caught up with a leader: `crosslight node status` says why", hub.ErrUnavailable)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func checkQuery(req hub.QueryRequest) error {
	switch {
	case req.Purpose == "":
		return fmt.Errorf("%w: a purpose is needed: `crosslight policy show` lists them", hub.ErrInvalid)
	case len(req.Purpose) > maxPurpose:
		return fmt.Errorf("%w: a purpose has at most %d bytes", hub.ErrInvalid, maxPurpose)
	case len(req.Case) > maxCase:
		return fmt.Errorf("%w: a case reference has at most %d bytes", hub.ErrInvalid, maxCase)
	}
	return nil
}

func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return hex.EncodeToString(id[:])
}

// plan is a query made ready: what is asked, of whom, under which permits.
type plan struct {
	req       hub.QueryRequest
	questions *questions
	ahead     *ahead      // requests that were made ahead, or nil
	ask       session.Ask // what all requests have in common; Epoch and Type are each exchange's
	salt      [32]byte    // opens the commitment to the case reference
	batch     int         // elements a request
	holders   []*exchange // in ascending order of name
}

// plan decides, on this node's own states of the ledger, whom to ask about what.
func (h *Hub) plan(req hub.QueryRequest, q *questions) (*plan, error) {
	p := &plan{req: req, questions: q, batch: batch}
	p.ask = session.Ask{Ledger: h.cfg.LedgerID, Purpose: req.Purpose}
	if req.Case != "" {
		_, _ = rand.Read(p.salt[:]) // never fails (crypto/rand)
	}
	var err error
	stale := h.cfg.Authority(func(final, tip *state.State) {
		p.ask.Size, p.ask.Root = final.Size(), final.Root()
		self, ok := final.Member(h.cfg.Name)
		if !ok {
			err = fmt.Errorf("%w: this node is not a member on the ledger it has: wait until it has caught up, or for the board's vote", hub.ErrUnavailable)
			return
		}
		err = p.choose(h, final, tip, self)
	})
	if stale != nil {
		return nil, stale
	}
	return p, err
}

// choose makes an exchange for each holder that is to be asked.
func (p *plan) choose(h *Hub, final, tip *state.State, self state.Member) error {
	named := map[string]bool{}
	for _, name := range p.req.Holders {
		if _, ok := final.Member(name); !ok {
			return fmt.Errorf("%w: no member is called %q: `crosslight member list` shows them", hub.ErrNotFound, name)
		}
		if name == self.Name {
			return fmt.Errorf("%w: a member does not ask itself", hub.ErrInvalid)
		}
		named[name] = true
	}
	for _, m := range final.Members() {
		if m.Name == self.Name || len(named) > 0 && !named[m.Name] {
			continue
		}
		p.holders = append(p.holders, p.exchange(h, final, tip, self, m))
	}
	return nil
}

// exchange authorises every type with one holder. What is denied is not sent.
func (p *plan) exchange(h *Hub, final, tip *state.State, self, holder state.Member) *exchange {
	e := &exchange{
		holder: holder, permits: map[indicator.Type]ledger.Permit{},
		over: map[indicator.Type]bool{}, pauses: maxPauses, pins: map[mirror.Ref]*mirror.View{}, told: map[indicator.Type]store.Told{},
	}
	for _, t := range p.questions.types() {
		permit, err := p.authorise(final, tip, self, holder, t, h.here(holder, t), never)
		if err != nil {
			e.deny(t, err)
			continue
		}
		e.permits[t] = permit
	}
	return e
}

// commitment hides the case reference from one holder, for one type. Each gets its own, all opened by
// the one salt that is kept, so that holders who compare what they got cannot link a query by it.
func (p *plan) commitment(holder string, t indicator.Type) []byte {
	if p.req.Case == "" {
		return nil
	}
	commitment := session.CommitCase([32]byte(p.caseNonce(holder, t)), p.req.Case)
	return commitment[:]
}

// run asks all holders at once and returns what they share with this member.
func (p *plan) run(ctx context.Context, h *Hub) []store.Found {
	var (
		mu  sync.Mutex
		all []store.Found
		wg  sync.WaitGroup
	)
	defer p.makeAhead(ctx, h)()
	for _, e := range p.holders {
		wg.Go(func() {
			matches := e.run(ctx, h, p)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, matches...)
		})
	}
	wg.Wait()
	slices.SortFunc(all, compareFound)
	return all
}

// compareFound orders matches as a report shows them.
func compareFound(a, b store.Found) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Holder, b.Holder),
		cmp.Compare(deref(a.Reference), deref(b.Reference)), slices.Compare(a.Label, b.Label))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// conclude puts the outcome into the report.
func (p *plan) conclude(report *hub.QueryReport, all []store.Found) {
	for _, e := range p.holders {
		report.Asked = append(report.Asked, e.outcome())
		report.Evaluations += e.evaluated
		report.ProofsVerified += e.proved
		report.Partial = report.Partial || e.incomplete()
	}
	for _, f := range all {
		m := matchOf(f.Type, f.Holder, f.Reference, f.Label)
		m.ID = store.MatchID(f.Holder, f.Type, f.Item)
		report.Matches = append(report.Matches, m)
	}
}

// preview says who would be asked about how much.
func (p *plan) preview(report *hub.QueryReport) {
	for _, e := range p.holders {
		a := e.outcome()
		if a.Status == statusOK {
			n := 0
			for t := range e.permits {
				n += len(p.questions.byType[t])
			}
			a.Status, a.Detail = "would-ask", fmt.Sprintf("%d evaluations of %d types", n, len(e.permits))
		}
		report.Asked = append(report.Asked, a)
	}
}

// record is what the store keeps of the query: no value and no digest.
func (p *plan) record(h *Hub, report hub.QueryReport, all []store.Found) store.Query {
	rec := store.Query{
		ID: report.ID, At: report.At, Purpose: report.Purpose, Case: p.req.Case,
		Queried: report.Queried, Refused: report.Refused, Suppressed: report.Suppressed,
		Evaluations: report.Evaluations, Proofs: report.ProofsVerified, Partial: report.Partial,
	}
	if p.req.Case != "" {
		rec.CaseSalt = p.salt[:]
	}
	for _, a := range report.Asked {
		rec.Asked = append(rec.Asked, store.Asked(a))
	}
	for _, e := range p.holders {
		rec.Sent = append(rec.Sent, e.kept...)
		rec.Told = append(rec.Told, e.budgets(h)...)
	}
	rec.Found = all
	return rec
}
