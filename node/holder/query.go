package holder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// retryAfter is what an overloaded holder asks for.
const retryAfter = 2 * time.Second

// ServeQuery answers the questions on one stream until the peer closes it, commits a fault, or ctx
// ends.
func (h *Holder) ServeQuery(ctx context.Context, stream p2p.Stream) {
	key, ok := h.nodeKey(stream.Peer())
	if !ok {
		_ = stream.Reset() // left the ledger since the gate let it in
		return
	}
	machine, err := session.NewAnswerer(session.AnswererConfig{Ledger: h.cfg.LedgerID, Key: h.node, Querier: key})
	if err != nil {
		_ = stream.Reset()
		return
	}
	h.serve(ctx, stream, session.MaxQuery, func(msg []byte, tooLarge error) ([]byte, bool, error) {
		return h.turn(ctx, stream.Peer(), machine, msg, tooLarge)
	})
}

// turn answers one message, or says why it cannot be read.
func (h *Holder) turn(ctx context.Context, peer string, machine *session.Answerer, msg []byte, err error) (reply []byte, more bool, _ error) {
	var question *session.Question
	if err == nil {
		question, err = machine.Receive(msg)
	}
	if err != nil {
		h.count(peer, session.CodeOf(err))
		h.cfg.Log.Warn("a request was refused", "peer", peer, "reason", err)
		reply, err = machine.Fail(h.size(), &session.Refusal{Code: session.CodeOf(err)})
		return reply, false, err
	}
	reply, err = h.answer(ctx, machine, question)
	return reply, true, err
}

// answer decides on a question that is well-formed and signed, and evaluates it.
func (h *Holder) answer(ctx context.Context, machine *session.Answerer, q *session.Question) ([]byte, error) {
	g, size, err := h.authorise(&q.Header)
	var a evaluation
	if err == nil {
		a, err = h.evaluate(ctx, q, g)
	}
	if err != nil {
		refusal, ours := refusalOf(err)
		if ours {
			h.cfg.Log.Error("a question could not be answered", "peer", q.Header.Querier, "error", err)
		}
		h.count(q.Header.Querier, refusal.Code)
		h.noteRefusal(ctx, &q.Header)
		return machine.Refuse(q, size, refusal)
	}
	h.count(q.Header.Querier, session.OK)
	h.cfg.Metrics.Evaluated.WithLabelValues(h.nameOf(q.Header.Querier), q.Header.Type).Add(float64(q.Header.Count))
	return machine.Reply(q, session.Evaluation{Evaluated: a.elements, Proof: a.proof, Size: size, BudgetLeft: &a.left})
}

// grant is a question that is allowed, and what it is charged to.
type grant struct {
	permit ledger.Permit
	budget ledger.Budget
}

// authorise asks the one door. The holder decides on its own states of the ledger, never on the one
// that the querier names; but a querier whose history differs from ours is told so.
func (h *Holder) authorise(q *session.Header) (g grant, size uint64, err error) {
	if !h.cfg.Settled() {
		return g, h.size(), errUnsettled
	}
	stale := h.cfg.Authority(func(final, tip *state.State) {
		size = final.Size()
		g.permit, err = ledger.Authorised(final, tip, ledger.Ask{
			LedgerID: q.Ledger, Querier: q.Querier, Holder: q.Holder,
			Epoch: q.Epoch, Type: q.Type, Purpose: q.Purpose, HasCase: q.HasCase(),
		})
		if err == nil {
			g.budget = ledger.BudgetOf(final, tip, g.permit)
		}
	})
	if stale != nil {
		return g, h.size(), stale
	}
	if err != nil {
		return g, size, err
	}
	if h.dayClosed(q.Size) {
		return g, size, errDayClosed
	}
	if root, ok := h.cfg.Ledger.RootAt(q.Size); ok && root != q.Root {
		h.cfg.Log.Error("a member's ledger contradicts this node's: compare `crosslight ledger status` with it and tell the board",
			"member", h.nameOf(q.Querier), "size", q.Size)
		return g, size, errForked
	}
	return g, size, nil
}

// errUnsettled reports that this node does not know yet what stands on the ledger now.
var errUnsettled = errors.New("this node's ledger has not caught up since it started")

// errForked reports a querier whose ledger has another history than ours.
var errForked = errors.New("the querier's ledger contradicts this node's")

// charge takes a question from its querier's budget.
func (h *Holder) charge(ctx context.Context, q *session.Question, g grant) (uint64, error) {
	back, err := h.cfg.Admit(ctx, g.permit.Querier().Name, q.Header.Size)
	if errors.Is(err, audit.ErrDayFull) {
		return 0, &Spent{Resets: time.Unix(int64(g.budget.Day.Ends), 0).UTC(), err: err}
	}
	if err != nil {
		return 0, err
	}
	left, err := h.Charge(ctx, g.budget, Spend{
		RequestID: q.Header.ID, HeaderHash: q.Hash, Querier: q.Header.Querier, Member: g.permit.Querier().Name,
		Type: q.Header.Type, Count: q.Header.Count, Header: q.Raw, Signature: q.Signature,
	})
	if err != nil {
		back()
	}
	if errors.Is(err, store.ErrReplay) {
		// The same request again, paid for already: the answer may have been lost. It is evaluated
		// again, but not as often as somebody likes.
		if !h.replays.allow(q.Header.Querier, h.cfg.Now()) {
			return 0, errBusy
		}
		return left, nil
	}
	return left, err
}

// errBusy reports that the queue of evaluations is full.
var errBusy = errors.New("as many evaluations wait as the queue takes")

// evaluation is a batch that was charged and evaluated.
type evaluation struct {
	elements, proof []byte
	left            uint64 // of the day's budget
}

// evaluate charges and runs one batch on one core, behind at most a queue's length of others. It is
// charged when its turn has come: a querier that is told to come back later has paid nothing.
func (h *Holder) evaluate(ctx context.Context, q *session.Question, g grant) (a evaluation, err error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return a, errBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return a, errBusy
	}
	key, err := h.oprf.get(q.Header.Epoch, q.Header.Type)
	if err != nil {
		return a, fmt.Errorf("open the epoch's key: %w", err)
	}
	if a.left, err = h.charge(ctx, q, g); err != nil {
		return a, err
	}
	a.elements, a.proof, err = key.Evaluate(q.Elements)
	return a, err
}

// refusalOf maps what went wrong to what the querier is told, and says whether the fault is ours.
func refusalOf(err error) (r *session.Refusal, ours bool) {
	var spent *Spent
	switch {
	case errors.Is(err, ledger.ErrNotAMember):
		return &session.Refusal{Code: session.NotAMember}, false
	case errors.Is(err, ledger.ErrSuspended):
		return &session.Refusal{Code: session.Suspended}, false
	case errors.Is(err, ledger.ErrNotPermitted):
		return &session.Refusal{Code: session.NotPermitted, Rule: ruleOf(err)}, false
	case errors.Is(err, ledger.ErrEpochOver), errors.Is(err, keys.ErrNoEpoch): // or erased just now
		return &session.Refusal{Code: session.EpochOver}, false
	case errors.Is(err, ledger.ErrWrongLedger):
		return &session.Refusal{Code: session.WrongLedger}, false
	case errors.Is(err, errForked), errors.Is(err, ledger.ErrStale):
		return &session.Refusal{Code: session.StaleCheckpoint}, false
	case errors.As(err, &spent):
		return &session.Refusal{Code: session.BudgetSpent, ResetsAt: spent.Resets, BudgetLeft: &spent.Left}, false
	case errors.Is(err, store.ErrRequestID):
		return &session.Refusal{Code: session.RequestReused}, false
	case errors.Is(err, voprf.ErrElement):
		return &session.Refusal{Code: session.Malformed}, false
	case errors.Is(err, errBusy), errors.Is(err, errUnsettled):
		return &session.Refusal{Code: session.Overloaded, RetryAfter: retryAfter}, false
	}
	return &session.Refusal{Code: session.Overloaded, RetryAfter: retryAfter}, true
}

// ruleOf is the rule that came nearest to allowing a question.
func ruleOf(err error) string {
	var denial *ledger.Denial
	if errors.As(err, &denial) {
		return denial.Rule
	}
	return ""
}

func (h *Holder) size() (size uint64) {
	h.cfg.Ledger.View(func(s *state.State) { size = s.Size() })
	return size
}

func (h *Holder) nodeKey(peer string) (key member.PublicKey, ok bool) {
	h.cfg.Ledger.View(func(s *state.State) {
		var m state.Member
		if m, ok = s.MemberByPeer(peer); ok {
			key = m.Keys.Node
		}
	})
	return key, ok
}

func (h *Holder) count(peer string, code session.Code) {
	h.cfg.Metrics.QueriesAnswered.WithLabelValues(h.nameOf(peer), string(code)).Inc()
}

// nameOf is the member's name, for people.
func (h *Holder) nameOf(peer string) (name string) {
	name = "unknown"
	h.cfg.Ledger.View(func(s *state.State) {
		if m, ok := s.MemberByPeer(peer); ok {
			name = m.Name
		}
	})
	return name
}
