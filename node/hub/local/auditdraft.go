package local

import (
	"context"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/offline"
)

// draftPart drafts what a seat does in an audit; part says what, and whether the ledger would take it.
func (h *Hub) draftPart(kind entry.Kind, prefix string, part func(*state.State, state.Audit) (offline.Part, error)) (offline.Draft, error) {
	var p offline.Part
	var a state.Audit
	var err error
	h.cfg.Replica.View(func(s *state.State) {
		if a, err = findAudit(s, prefix); err == nil {
			p, err = part(s, a)
		}
	})
	if err != nil {
		return offline.Draft{}, err
	}
	leaf, err := h.openedBy(a.ID)
	return offline.Draft{Kind: kind, Proposal: leaf, Part: &p, Seen: []string{fmt.Sprintf("The audit is %s; %d of %d elements are opened.", a.Phase, a.Drawn(), a.Total())}}, err
}

// openedBy is the entry that proposed an audit, verbatim.
func (h *Hub) openedBy(id entry.Hash) ([]byte, error) {
	var p state.Proposal
	var ok bool
	h.cfg.Replica.View(func(s *state.State) { p, ok = s.Proposal(id) })
	if !ok {
		return nil, entry.ErrUnknownAudit
	}
	leaf, err := h.cfg.Replica.Leaves(p.Index, p.Index+1)
	if err != nil {
		return nil, err
	}
	return leaf[0], nil
}

// draftNonce drafts a commitment. The seat's key draws the nonce where it is, so the node that writes the
// draft does not know it and may be any member's.
func (h *Hub) draftNonce(req hub.DraftRequest) (offline.Draft, error) {
	return h.draftPart(entry.KindAuditNonce, req.Audit, func(s *state.State, a state.Audit) (offline.Part, error) {
		return offline.Part{Round: a.Round}, s.CheckNonce(req.Seat, a.ID)
	})
}

// draftReveal drafts this member's own reveal, once both commitments are final: a node of another's could
// have a seat reveal its nonce too early.
func (h *Hub) draftReveal(req hub.DraftRequest) (offline.Draft, error) {
	if req.Seat != h.cfg.Name {
		return offline.Draft{}, fmt.Errorf("%w: a reveal is drafted by the seat's own node, which knows when it is time", hub.ErrInvalid)
	}
	id, err := h.auditID(req.Audit)
	if err != nil {
		return offline.Draft{}, err
	}
	r, err := h.cfg.Audit.ToReveal(context.Background(), id)
	if err != nil {
		return offline.Draft{}, auditClassed(err)
	}
	return h.draftPart(entry.KindAuditReveal, id.String(), func(*state.State, state.Audit) (offline.Part, error) {
		return offline.Part{Round: r.Round, Commitment: r.Commitment, Nonce: r.Drawn}, nil
	})
}

func (h *Hub) draftVerdict(req hub.DraftRequest) (offline.Draft, error) {
	if req.Verdict == nil {
		return offline.Draft{}, fmt.Errorf("%w: no verdict given", hub.ErrInvalid)
	}
	outcome, err := entry.ParseOutcome(req.Verdict.Outcome)
	if err != nil {
		return offline.Draft{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	return h.draftPart(entry.KindAuditVerdict, req.Verdict.Audit, func(s *state.State, a state.Audit) (offline.Part, error) {
		b := entry.AuditVerdict{Audit: a.ID, Outcome: outcome, Held: req.Verdict.Held}
		return offline.Part{Outcome: outcome, Held: b.Held}, s.CheckVerdict(req.Seat, b)
	})
}

func (h *Hub) draftHold(req hub.DraftRequest) (d offline.Draft, err error) {
	if req.Hold == nil {
		return d, fmt.Errorf("%w: no legal hold given", hub.ErrInvalid)
	}
	b := entry.LegalHold{Member: req.Hold.Member, Release: req.Hold.Release}
	if b.First, b.Last, err = daysOf(req.Hold.First, req.Hold.Last); err != nil {
		return d, err
	}
	h.cfg.Replica.View(func(s *state.State) { err = s.CheckHold(req.Seat, b) })
	return offline.Draft{Kind: entry.KindLegalHold, Hold: &b, Seen: []string{}}, err
}

// roundIsOn refuses a commitment that was signed for a round of nonces that is over: the ledger, which has
// no round in the entry, would take it, and it could not be revealed.
func (h *Hub) roundIsOn(signed offline.Signed) (err error) {
	b, ok := signed.Entry.Body().(entry.AuditNonce)
	if !ok {
		return nil
	}
	h.cfg.Replica.View(func(s *state.State) {
		if a, ok := s.Audit(b.Audit); ok && a.Round != signed.Draft.Part.Round {
			err = fmt.Errorf("%w: the round of nonces that it was signed for is over", offline.ErrStale)
		}
	})
	return err
}
