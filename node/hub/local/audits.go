package local

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/hub"
)

// auditContent reads an audit that is to be proposed.
func auditContent(req hub.ProposeRequest) (entry.Proposal, error) {
	if req.Audit == nil {
		return nil, fmt.Errorf("%w: no audit given", hub.ErrInvalid)
	}
	p := entry.OpenAudit{Querier: req.Audit.Querier, Holder: req.Audit.Holder, Positions: req.Audit.Positions}
	var err error
	if p.First, p.Last, err = daysOf(req.Audit.First, req.Audit.Last); err != nil {
		return nil, err
	}
	for _, a := range req.Audit.Auditors {
		p.Auditors = append(p.Auditors, entry.Auditor(a))
	}
	slices.SortFunc(p.Auditors, func(a, b entry.Auditor) int { return strings.Compare(a.Member, b.Member) })
	return p, nil
}

func daysOf(from, to string) (first, last uint64, err error) {
	first, err1 := entry.ParseDay(from)
	last, err2 := entry.ParseDay(to)
	if err := errors.Join(err1, err2); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	return first, last, nil
}

// Audits implements [hub.Hub].
func (h *Hub) Audits(context.Context) ([]hub.Audit, error) {
	out := []hub.Audit{}
	h.cfg.Replica.View(func(s *state.State) {
		for _, a := range s.Audits() {
			out = append(out, h.auditOf(s, a))
		}
	})
	slices.Reverse(out)
	return out, nil
}

// Audit implements [hub.Hub].
func (h *Hub) Audit(_ context.Context, id string) (out hub.Audit, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var a state.Audit
		if a, err = findAudit(s, id); err == nil {
			out = h.auditOf(s, a)
		}
	})
	return out, err
}

// findAudit returns the audit whose id starts with prefix, at least four hex digits.
func findAudit(s *state.State, prefix string) (state.Audit, error) {
	prefix = strings.ToLower(prefix)
	if len(prefix) < 4 {
		return state.Audit{}, fmt.Errorf("%w: give at least four digits of the audit's id", hub.ErrInvalid)
	}
	var hits []state.Audit
	for _, a := range s.Audits() {
		if strings.HasPrefix(a.ID.String(), prefix) {
			hits = append(hits, a)
		}
	}
	switch len(hits) {
	case 0:
		return state.Audit{}, fmt.Errorf("%w: no audit %q: `crosslight audit list` shows them", hub.ErrNotFound, prefix)
	case 1:
		return hits[0], nil
	}
	return state.Audit{}, fmt.Errorf("%w: %d audits start with %q; give more digits", hub.ErrInvalid, len(hits), prefix)
}

func (h *Hub) auditID(prefix string) (id entry.Hash, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var a state.Audit
		a, err = findAudit(s, prefix)
		id = a.ID
	})
	return id, err
}

func (h *Hub) auditOf(s *state.State, a state.Audit) hub.Audit {
	total, drawn := a.Total(), a.Drawn()
	out := hub.Audit{
		ID: a.ID.String(), Phase: string(a.Phase), Index: a.Index, Elements: total, Drawn: drawn,
		OnePer100: draw.Found(total, max(total/100, 1), drawn),
		Nonces:    []hub.AuditNonceSeen{}, Withheld: list(a.Withheld), Places: []uint64{}, Verdicts: []hub.AuditVerdictGiven{},
		Differ: []hub.LogsDiffer{},
		AuditProposal: hub.AuditProposal{
			Querier: a.Content.Querier, Holder: a.Content.Holder, Positions: a.Content.Positions,
			First: entry.Day(a.Content.First), Last: entry.Day(a.Content.Last), Auditors: []hub.AuditorNamed{},
		},
	}
	for _, x := range a.Content.Auditors {
		out.Auditors = append(out.Auditors, hub.AuditorNamed(x))
	}
	for _, n := range a.Nonces {
		seen := hub.AuditNonceSeen{Member: n.Member, Revealed: n.Revealed}
		if n.Revealed {
			digits := hex.EncodeToString(n.Nonce[:])
			seen.Nonce = &digits
		}
		out.Nonces = append(out.Nonces, seen)
	}
	for _, v := range a.Verdicts {
		out.Verdicts = append(out.Verdicts, hub.AuditVerdictGiven{Member: v.Member, Outcome: v.Outcome.String(), Held: v.Held, Index: v.Index})
	}
	slices.SortFunc(out.Verdicts, func(a, b hub.AuditVerdictGiven) int { return strings.Compare(a.Member, b.Member) })
	out.Places = append(out.Places, a.Positions()...)
	out.RevealBy, out.AnswerBy = instant(a.RevealBy), instant(a.AnswerBy)
	for _, d := range s.Differences(a.Content.First, a.Content.Last) {
		if d.Querier == a.Content.Querier && d.Holder == a.Content.Holder {
			out.Differ = append(out.Differ, differOf(d))
		}
	}
	_, err := h.cfg.Audit.Received(a.ID)
	out.Received = err == nil
	return out
}

func instant(seconds uint64) *string {
	if seconds == 0 {
		return nil
	}
	text := entry.Instant(seconds)
	return &text
}

func differOf(d state.Difference) hub.LogsDiffer {
	return hub.LogsDiffer{
		Day: entry.Day(d.Day), Querier: d.Querier, Holder: d.Holder, Asked: d.Asked.Elements, Answered: d.Answered.Elements,
	}
}

// AuditNonce implements [hub.Hub].
func (h *Hub) AuditNonce(ctx context.Context, req hub.AuditNonceRequest) (hub.Audit, error) {
	id, err := h.auditID(req.Audit)
	if err != nil {
		return hub.Audit{}, err
	}
	if req.DryRun {
		h.cfg.Replica.View(func(s *state.State) { err = s.CheckNonce(h.cfg.Name, id) })
	} else {
		err = h.cfg.Audit.Nonce(ctx, id)
	}
	if err != nil {
		return hub.Audit{}, classed(err)
	}
	out, err := h.Audit(ctx, id.String())
	out.DryRun = req.DryRun
	return out, err
}

// AuditAnswer implements [hub.Hub].
func (h *Hub) AuditAnswer(ctx context.Context, req hub.AuditAnswerRequest) (hub.AuditAnswer, error) {
	id, err := h.auditID(req.Audit)
	if err != nil {
		return hub.AuditAnswer{}, err
	}
	a, err := h.cfg.Audit.Answer(ctx, id, req.Refuse)
	if err != nil {
		return hub.AuditAnswer{}, auditClassed(err)
	}
	out := hub.AuditAnswer{
		Audit: id.String(), Drawn: a.Drawn, Opened: a.Opened, Lost: list(a.Lost), Delivered: []hub.AuditDelivery{}, DryRun: req.DryRun,
	}
	if req.DryRun {
		out.File = []byte{}
		return out, nil
	}
	out.File = a.File
	h.cfg.Log.Info("an audit was answered", "audit", id.String()[:16], "drawn", a.Drawn, "opened", a.Opened)
	if req.Deliver {
		for _, d := range h.cfg.Audit.Deliver(ctx, id, a.File) {
			delivery := hub.AuditDelivery{Auditor: d.Auditor}
			if d.Err != nil {
				text := d.Err.Error()
				delivery.Failure = &text
			}
			out.Delivered = append(out.Delivered, delivery)
		}
	}
	return out, nil
}

func auditClassed(err error) error {
	switch {
	case errors.Is(err, audit.ErrNotAudited), errors.Is(err, audit.ErrNotDrawn), errors.Is(err, audit.ErrNoReveal):
		return fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	case errors.Is(err, audit.ErrNoAnswer):
		return fmt.Errorf("%w: %w", hub.ErrNotFound, err)
	}
	return classed(err)
}

// AuditReceived implements [hub.Hub].
func (h *Hub) AuditReceived(_ context.Context, id string) ([]byte, error) {
	audit, err := h.auditID(id)
	if err != nil {
		return nil, err
	}
	file, err := h.cfg.Audit.Received(audit)
	if err != nil {
		return nil, auditClassed(err)
	}
	return file, nil
}

// AuditVerdict implements [hub.Hub].
func (h *Hub) AuditVerdict(ctx context.Context, req hub.AuditVerdictRequest) (hub.Audit, error) {
	id, err := h.auditID(req.Audit)
	if err != nil {
		return hub.Audit{}, err
	}
	outcome, err := entry.ParseOutcome(req.Outcome)
	if err != nil {
		return hub.Audit{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	b := entry.AuditVerdict{Audit: id, Outcome: outcome, Held: req.Held}
	if req.DryRun {
		h.cfg.Replica.View(func(s *state.State) { err = s.CheckVerdict(h.cfg.Name, b) })
	} else {
		err = h.cfg.Audit.Verdict(ctx, b)
	}
	if err != nil {
		return hub.Audit{}, classed(err)
	}
	out, err := h.Audit(ctx, id.String())
	out.DryRun = req.DryRun
	return out, err
}

// QueryLogs implements [hub.Hub].
func (h *Hub) QueryLogs(context.Context) (out hub.QueryLogs, err error) {
	out.Committed, out.Differ = []hub.LogsCommitted{}, []hub.LogsDiffer{}
	h.cfg.Replica.View(func(s *state.State) {
		out.Today = entry.Day(s.Today())
		if due, ok := s.DueDay(); ok {
			day := entry.Day(due)
			out.Due = &day
		}
		for _, m := range s.Members() {
			c := hub.LogsCommitted{Member: m.Name}
			if last, ok := s.Committed(m.Name); ok {
				day := entry.Day(last)
				c.Last = &day
			}
			out.Committed = append(out.Committed, c)
		}
		for _, d := range s.Differences(0, entry.MaxDay) {
			out.Differ = append(out.Differ, differOf(d))
		}
	})
	return out, nil
}

// LegalHolds implements [hub.Hub].
func (h *Hub) LegalHolds(context.Context) ([]hub.LegalHold, error) {
	out := []hub.LegalHold{}
	h.cfg.Replica.View(func(s *state.State) {
		for _, hold := range s.Holds() {
			out = append(out, holdOf(hold))
		}
	})
	slices.Reverse(out)
	return out, nil
}

func holdOf(hold state.Hold) hub.LegalHold {
	return hub.LegalHold{
		Member: hold.Member, First: entry.Day(hold.First), Last: entry.Day(hold.Last), InForce: hold.InForce(),
		CalledBy: list(hold.Calls), ReleasedBy: list(hold.Releases),
	}
}

// HoldLegally implements [hub.Hub].
func (h *Hub) HoldLegally(ctx context.Context, req hub.LegalHoldRequest) (out hub.LegalHold, err error) {
	b := entry.LegalHold{Member: req.Member, Release: req.Release}
	if b.First, b.Last, err = daysOf(req.First, req.Last); err != nil {
		return out, err
	}
	if req.DryRun {
		h.cfg.Replica.View(func(s *state.State) { err = s.CheckHold(h.cfg.Name, b) })
	} else {
		err = h.cfg.Audit.Hold(ctx, b)
	}
	if err != nil {
		return out, classed(err)
	}
	out = hub.LegalHold{Member: req.Member, First: req.First, Last: req.Last, CalledBy: []string{}, ReleasedBy: []string{}}
	h.cfg.Replica.View(func(s *state.State) {
		for _, hold := range s.Holds() {
			if hold.Member == b.Member && hold.First == b.First && hold.Last == b.Last {
				out = holdOf(hold)
			}
		}
	})
	out.DryRun = req.DryRun
	return out, nil
}
