package reconcile

import (
	"context"
	"fmt"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// shown is how many matches a report holds; the rest is in the table of matches.
const shown = 1000

// Reconciles implements [hub.Hub].
func (s *Service) Reconciles(ctx context.Context, page hub.PageRequest) (hub.ReconcilePage, error) {
	rows, next, err := s.cfg.Store.Reconciles(ctx, page.Cursor, page.Limit)
	if err != nil {
		return hub.ReconcilePage{}, stored(err)
	}
	out := hub.ReconcilePage{Reconciles: []hub.Reconcile{}, Next: next}
	for _, r := range rows {
		one, err := s.report(r)
		if err != nil {
			return hub.ReconcilePage{}, err
		}
		out.Reconciles = append(out.Reconciles, one)
	}
	return out, nil
}

// ReconcileByID implements [hub.Hub].
func (s *Service) ReconcileByID(ctx context.Context, id string) (hub.Reconcile, error) {
	return s.show(ctx, id)
}

func (s *Service) show(ctx context.Context, id string) (hub.Reconcile, error) {
	r, err := s.one(ctx, id)
	if err != nil {
		return hub.Reconcile{}, err
	}
	out, err := s.report(r)
	if err != nil {
		return out, err
	}
	if a := s.under(r.ID); a != nil {
		out.Progress = &hub.ReconcileProgress{Pass: int(a.pass), Done: a.done.Load(), Total: a.total.Load()}
	}
	for _, receipt := range r.Receipts {
		one, err := receiptOf(receipt, s.nameOf)
		if err != nil {
			return out, err
		}
		out.Receipts = append(out.Receipts, one)
	}
	matches, _, err := s.cfg.Store.Matches(ctx, store.MatchFilter{Source: store.FromReconcile, Origin: r.ID}, "", shown)
	if err != nil {
		return out, stored(err)
	}
	for _, m := range matches {
		out.Matches = append(out.Matches, matchOf(m))
	}
	return out, nil
}

// report puts what is kept of a reconciliation in words.
func (s *Service) report(r store.Reconcile) (hub.Reconcile, error) {
	o, err := readOffer(r)
	if err != nil {
		return hub.Reconcile{}, fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	out := hub.Reconcile{
		ID: r.ID, Initiator: r.Peer, Other: s.cfg.Name, Here: "other", Type: o.Type, Purpose: o.Purpose, HasCase: o.HasCase(),
		Learn: string(o.Learn), Labels: o.LabelSize > 0, Compact: bulk.Mode(o.Mode) == bulk.Compact, Items: o.Items,
		Own: r.Own, Theirs: r.Theirs, State: string(r.State), Passes: o.Learn.Passes(), PassesDone: r.Passes,
		MatchCount: r.Matches, Matches: []hub.Match{}, Receipts: []hub.ReconcileReceipt{},
		CreatedAt: r.Created, UpdatedAt: r.Updated, ExpiresAt: r.Expires,
	}
	if r.Initiator {
		out.Initiator, out.Other, out.Here = s.cfg.Name, r.Peer, "initiator"
	}
	if r.State == store.ReconcileApproved && s.claimed(r.ID) {
		out.State = string(store.ReconcileRunning) // between two passes or attempts
	}
	if r.Case != "" {
		out.Case = &r.Case
	}
	if r.Detail != "" {
		out.Detail = &r.Detail
	}
	return out, nil
}

func receiptOf(kept store.ReconcileReceipt, nameOf func(string) string) (hub.ReconcileReceipt, error) {
	var signed session.SignedReconcileReceipt
	var r session.ReconcileReceipt
	err := wire.Decode(kept.Own, &signed, session.MaxReconcileReceipt)
	if err == nil {
		err = wire.Decode(signed.Receipt, &r, session.MaxReconcileReceipt)
	}
	if err != nil {
		return hub.ReconcileReceipt{}, fmt.Errorf("%w: a receipt that was kept does not read: %w", hub.ErrStorage, err)
	}
	return hub.ReconcileReceipt{
		Pass: kept.Pass, Receiver: nameOf(r.Receiver), Sender: nameOf(r.Sender), ReceiverItems: r.ReceiverItems,
		SenderItems: r.SenderItems, Charged: r.Charged, Transcript: hexOf(r.Transcript), Own: kept.Own, Theirs: kept.Theirs,
	}, nil
}

// matchOf puts a match in words, as a query's report does: a label that does not decode shows empty.
func matchOf(m store.Match) hub.Match {
	out := hub.Match{ID: m.ID, Type: string(m.Type), Holder: m.Holder, Reference: m.Reference}
	if m.Label == nil {
		return out
	}
	l, err := indicator.DecodeLabel(m.Label)
	if err != nil {
		return out
	}
	category := string(l.Category)
	out.Category, out.Severity = &category, l.Severity
	out.Confidence, out.FirstSeen = text(l.Confidence), text(l.FirstSeen)
	out.HolderReference, out.Contact = l.Reference, l.Contact
	return out
}

func text[T ~string](v *T) *string {
	if v == nil {
		return nil
	}
	s := string(*v)
	return &s
}
