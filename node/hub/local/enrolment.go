package local

import (
	"context"
	"errors"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/watch"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// watchAsker asks holders about the elements of watches, over the same exchange as a query: to the holder
// there is no difference.
type watchAsker Hub

var _ watch.Asker = (*watchAsker)(nil)

// Holders implements [watch.Asker].
func (a *watchAsker) Holders() []watch.Holder {
	if !a.cfg.Settled() {
		return nil
	}
	var out []watch.Holder
	_ = a.cfg.Authority(func(final, _ *state.State) { // too old to go by: nobody is asked
		for _, m := range final.Members() {
			if m.Name != a.cfg.Name && m.Status == state.Active && m.Epoch > 0 {
				out = append(out, watch.Holder{Name: m.Name, Epoch: m.Epoch})
			}
		}
	})
	return out
}

// Allowance implements [watch.Asker].
func (a *watchAsker) Allowance(w watch.Watch, h watch.Holder, t indicator.Type) (watch.Allowance, *watch.Hindrance) {
	permit, err := (*Hub)(a).permit(w, h.Name, t)
	if err != nil {
		return watch.Allowance{}, hindrance(err)
	}
	if permit.WatchSize() == 0 {
		return watch.Allowance{}, &watch.Hindrance{
			Status: string(session.NotPermitted), Detail: "rule " + permit.Rule() + " allows questions and no watches: the board can change it (proposal create policy)",
		}
	}
	return watch.Allowance{EvaluationsPerDay: permit.EvaluationsPerDay(), WatchSize: permit.WatchSize()}, nil
}

// Ask implements [watch.Asker]. Unlike a query it does not update the mirror: that is done in the
// background, at times that do not depend on what is watched.
func (a *watchAsker) Ask(ctx context.Context, q watch.Question, take func(epoch uint64, places []int, outputs []watch.Output) error) *watch.Hindrance {
	h := (*Hub)(a)
	questions := &questions{byType: map[indicator.Type][]question{}}
	for i, e := range q.Elements {
		questions.byType[q.Type] = append(questions.byType[q.Type], question{digest: e.Digest, place: i})
	}
	p, err := h.plan(hub.QueryRequest{Purpose: q.Watch.Purpose, Case: q.Watch.Case, Holders: []string{q.Holder.Name}}, questions)
	if err != nil {
		return hindrance(err)
	}
	copy(p.salt[:], q.Watch.CaseSalt)
	p.batch = q.Batch
	e := p.holders[0]
	permit, ok := e.permits[q.Type]
	switch {
	case !ok:
		return hindrance(e.denial)
	case permit.Epoch() != q.Holder.Epoch:
		return &watch.Hindrance{Status: string(session.EpochOver), Detail: "the holder's next epoch has begun: the watch is enrolled in it by itself when its index is here"}
	}
	e.taken = func(permit ledger.Permit, asked []question, outputs []voprf.Output) error {
		places, out := placed(asked, outputs)
		return take(permit.Epoch(), places, out)
	}
	e.ask(ctx, h, p)
	e.noteTold(ctx, h)
	e.letGo(h)
	h.cfg.Metrics.QueriesAsked.WithLabelValues(e.holder.Name, e.outcome().Status).Inc()
	if err := h.cfg.Store.PutSent(context.WithoutCancel(ctx), q.Watch.ID, e.kept); err != nil {
		h.cfg.Log.Error("receipts of a watch could not be kept", "watch", q.Watch.ID, "error", err)
	}
	return hindrance(e.fault)
}

func placed(asked []question, outputs []voprf.Output) (places []int, out []watch.Output) {
	for i := range asked {
		places, out = append(places, asked[i].place), append(out, watch.Output(outputs[i]))
	}
	return places, out
}

// hindrance puts what went wrong in the words of the answers to queries; nil where nothing did.
func hindrance(err error) *watch.Hindrance {
	if err == nil {
		return nil
	}
	status, detail := statusOf(err)
	w := &watch.Hindrance{Status: status, Detail: detail}
	var r *session.Refusal
	if errors.As(err, &r) && !r.ResetsAt.IsZero() {
		w.Until = &r.ResetsAt
	}
	if w.Until == nil && status == string(session.BudgetSpent) {
		tomorrow := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		w.Until = &tomorrow
	}
	return w
}
