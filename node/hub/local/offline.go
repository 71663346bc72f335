package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/offline"
	"github.com/crosslight/crosslight/protocol/member"
)

// Draft implements [hub.Hub]. It refuses what the ledger would refuse now.
func (h *Hub) Draft(ctx context.Context, req hub.DraftRequest) ([]byte, error) {
	if req.Seat == "" {
		req.Seat = h.cfg.Name
	}
	if req.Ahead > offline.MaxAhead {
		return nil, fmt.Errorf("%w: at most %d drafts ahead of another", hub.ErrInvalid, offline.MaxAhead)
	}
	var d offline.Draft
	var err error
	switch req.Act {
	case "vote":
		d, err = h.draftOn(req, entry.KindVote, (*state.State).CheckVote)
	case "withdraw":
		d, err = h.draftOn(req, entry.KindWithdrawProposal, (*state.State).CheckWithdraw)
	case "propose":
		d, err = h.draftProposal(req)
	case "suspend":
		d, err = h.draftSuspension(req)
	case "nonce":
		d, err = h.draftNonce(req)
	case "reveal":
		d, err = h.draftReveal(req)
	case "verdict":
		d, err = h.draftVerdict(req)
	case "hold":
		d, err = h.draftHold(req)
	case "rotate":
		d, err = h.draftRotation(req)
	case "revoke":
		d, err = h.draftRevocation(req)
	default:
		err = fmt.Errorf("%w: no draft is to %q", hub.ErrInvalid, req.Act)
	}
	if err == nil {
		err = h.address(&d, req)
	}
	if err != nil {
		return nil, classed(err)
	}
	return d.Bytes()
}

// draftOn drafts a vote on a proposal, or its withdrawal.
func (h *Hub) draftOn(req hub.DraftRequest, kind entry.Kind, check func(*state.State, string, entry.Hash) error) (offline.Draft, error) {
	_, p, err := h.checked(req.Seat, req.Proposal, check)
	if err != nil {
		return offline.Draft{}, err
	}
	leaf, err := h.cfg.Replica.Leaves(p.Index, p.Index+1)
	if err != nil {
		return offline.Draft{}, err
	}
	return offline.Draft{Kind: kind, Proposal: leaf[0], Seen: seen(p)}, nil
}

func (h *Hub) draftProposal(req hub.DraftRequest) (offline.Draft, error) {
	if req.Propose == nil {
		return offline.Draft{}, fmt.Errorf("%w: nothing to propose", hub.ErrInvalid)
	}
	content, err := h.contentOf(*req.Propose)
	if err != nil {
		return offline.Draft{}, err
	}
	preview, err := h.previewProposal(req.Seat, content, req.Propose.Reason)
	if err != nil {
		return offline.Draft{}, err
	}
	body, err := entry.ProposeBody(content, req.Propose.Reason)
	return offline.Draft{Kind: entry.KindPropose, Propose: &body, Seen: seen(preview)}, err
}

func (h *Hub) draftSuspension(req hub.DraftRequest) (d offline.Draft, err error) {
	if req.Suspend == nil {
		return d, fmt.Errorf("%w: nobody to suspend", hub.ErrInvalid)
	}
	d.Kind = entry.KindSuspend
	d.Suspend = &entry.EmergencySuspend{Member: req.Suspend.Member, Reason: req.Suspend.Reason}
	h.cfg.Replica.View(func(s *state.State) {
		if err = s.CheckEmergency(req.Seat, req.Suspend.Member); err == nil {
			d.Seen = s.DescribeEmergency(req.Seat, req.Suspend.Member)
		}
	})
	return d, err
}

// address says which seat signs the draft, with which number, and where the ledger stands.
func (h *Hub) address(d *offline.Draft, req hub.DraftRequest) (err error) {
	h.cfg.Replica.View(func(s *state.State) {
		m, ok := s.Member(req.Seat)
		if !ok {
			err = fmt.Errorf("%w: %q", entry.ErrUnknownMember, req.Seat)
			return
		}
		d.V, d.LedgerID, d.Incarnation = 1, s.LedgerID(), s.Incarnation()
		d.Member, d.Key = m.Name, m.Keys.Of(d.Role())
		d.Seq = s.NextSeq(d.Key.ID()) + req.Ahead
		d.Size, d.Root, d.Time = s.Size(), s.Root(), s.Time()
	})
	return err
}

// maxSeen bounds what a draft says of the node's own view, in lines.
const maxSeen = 200

func seen(p hub.Proposal) []string {
	lines := p.Effect
	if p.Needs != "" {
		lines = append(lines, "Still needed: "+p.Needs+".")
	}
	if len(lines) > maxSeen {
		lines = append(lines[:maxSeen:maxSeen], "And more that does not fit here: see the node.")
	}
	return lines
}

// SubmitSigned implements [hub.Hub]. A file that has been submitted before is answered as the first
// time: sending it again is harmless.
func (h *Hub) SubmitSigned(ctx context.Context, req hub.SubmitRequest) (hub.Submitted, error) {
	signed, err := offline.ParseSigned(req.File)
	if err == nil {
		err = signed.Draft.For(h.cfg.LedgerID)
	}
	if err != nil {
		return hub.Submitted{}, classed(err)
	}
	out, err := submittedOf(signed)
	if err != nil {
		return out, classed(err)
	}
	raw := signed.Entry.Raw()
	older, err := h.acceptable(raw)
	if err == nil && older == nil {
		err = h.roundIsOn(signed)
	}
	if err != nil {
		return hub.Submitted{}, classed(err)
	}
	out.DryRun, out.Index = req.DryRun, older
	if !req.DryRun && older == nil {
		bring := h.cfg.Submit.Signed
		if h.cutsOff(signed) {
			bring = h.cfg.Submit.Entered
		}
		index, err := bring(ctx, raw)
		if err != nil {
			return hub.Submitted{}, classed(timely(err))
		}
		h.cfg.Log.Info("submitted what a seat signed elsewhere", "member", out.Member, "kind", out.Kind, "index", index)
		out.Index = &index
	}
	out.Proposal, err = h.subjectOf(signed)
	return out, classed(err)
}

// cutsOff says whether the other nodes know this one no longer once the entry stands.
func (h *Hub) cutsOff(signed offline.Signed) bool {
	r, ok := signed.Entry.Body().(entry.Rotate)
	return ok && r.Role == string(member.Node) && signed.Draft.Member == h.cfg.Name
}

func submittedOf(signed offline.Signed) (hub.Submitted, error) {
	words, err := signed.Draft.Words(signed.Vote())
	return hub.Submitted{
		Member: signed.Draft.Member, Kind: signed.Entry.Kind().String(), Seq: signed.Draft.Seq,
		Hash: signed.Entry.Hash().String(), Words: words,
	}, err
}

// acceptable says whether the ledger would take an entry now, or has it. The state remembers the newest entry
// of a key alone, so an older one that stands looks there like any other that uses its number again; among the
// leaves it is found, and its index returned.
func (h *Hub) acceptable(raw []byte) (older *uint64, err error) {
	h.cfg.Replica.View(func(s *state.State) { err = s.Check(raw) })
	switch {
	case errors.Is(err, entry.ErrDuplicate):
		return nil, nil
	case errors.Is(err, entry.ErrReplayed):
		if index, ok := h.standsAt(entry.HashOf(raw)); ok {
			return &index, nil
		}
	}
	return nil, timely(err)
}

// standsAt looks for an entry among the leaves, from the newest on.
func (h *Hub) standsAt(hash entry.Hash) (index uint64, ok bool) {
	var size uint64
	h.cfg.Replica.View(func(s *state.State) { size = s.Size() })
	leaves, err := h.cfg.Replica.Leaves(0, size)
	if err != nil {
		return 0, false
	}
	for i := len(leaves) - 1; i >= 0; i-- {
		if entry.HashOf(leaves[i]) == hash {
			return uint64(i), true
		}
	}
	return 0, false
}

// timely says what to do about a sequence number that is not the seat's next.
func timely(err error) error {
	switch {
	case errors.Is(err, entry.ErrReplayed):
		return fmt.Errorf("%w: %w", offline.ErrStale, err)
	case errors.Is(err, entry.ErrSequenceGap):
		return fmt.Errorf("%w: %w", offline.ErrEarly, err)
	}
	return err
}

// subjectOf is the proposal that a signed draft is about, as it stands now; before the entry that
// opens it stands, what it would change.
func (h *Hub) subjectOf(signed offline.Signed) (*hub.Proposal, error) {
	var id entry.Hash
	switch b := signed.Entry.Body().(type) {
	case entry.Vote:
		id = b.Proposal
	case entry.WithdrawProposal:
		id = b.Proposal
	case entry.Propose:
		id = signed.Entry.Hash()
		if !h.stands(id) {
			content, err := b.Decode()
			if err != nil {
				return nil, err
			}
			p, err := h.previewProposal(signed.Draft.Member, content, b.Reason)
			return &p, err
		}
	default:
		return nil, nil
	}
	p, err := h.Proposal(context.Background(), id.String())
	return &p, err
}

func (h *Hub) stands(proposal entry.Hash) (ok bool) {
	h.cfg.Replica.View(func(s *state.State) { _, ok = s.Proposal(proposal) })
	return ok
}
