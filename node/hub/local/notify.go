package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"unicode/utf8"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/notify"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// maxNote bounds a note, in bytes.
const maxNote = 2048

// NotifyMatches implements [hub.Matches].
func (h *Hub) NotifyMatches(ctx context.Context, req hub.NotifyRequest) (hub.NotifyReport, error) {
	report := hub.NotifyReport{Notices: []hub.NotifyOutcome{}, DryRun: req.DryRun}
	matches, err := h.toNotify(ctx, req)
	if err != nil {
		return report, err
	}
	var changes []store.Change
	for _, m := range matches {
		out, change, err := h.notice(ctx, m, req)
		if err != nil {
			return report, err
		}
		report.Notices = append(report.Notices, out)
		if change != nil {
			changes = append(changes, *change)
		}
	}
	if req.DryRun || len(changes) == 0 {
		return report, nil
	}
	if err := h.cfg.Store.Decide(ctx, changes...); err != nil {
		return report, classed(err)
	}
	h.cfg.Notify.Kick()
	return report, nil
}

// toNotify finds the matches of a request, each once.
func (h *Hub) toNotify(ctx context.Context, req hub.NotifyRequest) (out []store.Match, err error) {
	if len(req.IDs) == 0 && req.Query == "" {
		return nil, fmt.Errorf("%w: name matches by id, or the query that found them", hub.ErrInvalid)
	}
	seen := map[string]bool{}
	for _, id := range req.IDs {
		s, err := h.subject(ctx, id)
		if err != nil {
			return nil, err
		}
		if s.match == nil {
			return nil, fmt.Errorf("%w: %s is another member's notice: answer it with `match dispute` or `match close`", hub.ErrInvalid, id)
		}
		if !seen[s.match.ID] {
			seen[s.match.ID], out = true, append(out, *s.match)
		}
	}
	for cursor := ""; req.Query != ""; {
		page, next, err := h.cfg.Store.Matches(ctx, store.MatchFilter{Origin: req.Query}, cursor, store.MaxPage)
		if err != nil {
			return nil, classed(err)
		}
		for _, m := range page {
			if !seen[m.ID] {
				seen[m.ID], out = true, append(out, m)
			}
		}
		if cursor = next; cursor == "" || len(out) > hub.MaxNotify {
			break
		}
	}
	if len(out) > hub.MaxNotify {
		return nil, fmt.Errorf("%w: more than %d matches at once: narrow them", hub.ErrInvalid, hub.MaxNotify)
	}
	return out, nil
}

// notice decides what becomes of one match. The change is nil where nothing is to be told.
func (h *Hub) notice(ctx context.Context, m store.Match, req hub.NotifyRequest) (hub.NotifyOutcome, *store.Change, error) {
	out := hub.NotifyOutcome{ID: m.ID, Holder: m.Holder, Status: "not-possible"}
	before, err := h.noticeOf(ctx, m.ID)
	if err != nil {
		return out, nil, err
	}
	if before != nil {
		out.Status, out.Detail = "told-before", before.State
		return out, nil, nil
	}
	say, detail, err := h.writeNotice(ctx, m, req)
	if err != nil {
		return out, nil, classed(err)
	}
	out.Detail = detail
	if say == nil {
		return out, nil, nil
	}
	if out.Status = "queued"; req.DryRun {
		out.Status = "would-tell"
	}
	change := &store.Change{MatchID: m.ID, State: store.MatchNotified, Say: []store.Said{*say}}
	if m.State == store.MatchDisputed || m.State == store.MatchClosed {
		change.State = ""
	}
	return out, change, nil
}

// noticeOf is the notice that this member has sent, or is to send, about a match of its own: nil where
// there is none, or it was refused and another may be tried.
func (h *Hub) noticeOf(ctx context.Context, id string) (*store.Said, error) {
	said, err := h.cfg.Store.SaidAbout(ctx, id)
	if err != nil {
		return nil, classed(err)
	}
	for i := range said {
		if said[i].Kind == "notice" && said[i].State != store.SaidRefused {
			return &said[i], nil
		}
	}
	return nil, nil
}

// writeNotice signs the notice of a match. Where that cannot be, say is nil and detail says why; where it
// can, detail says what the holder is told.
func (h *Hub) writeNotice(ctx context.Context, m store.Match, req hub.NotifyRequest) (say *store.Said, detail string, err error) {
	if m.Place == nil {
		return nil, "where it stands in the holder's index was not kept: ask the holder again", nil
	}
	purpose, caseRef, err := h.under(ctx, m, req)
	if err != nil {
		return nil, "", err
	}
	holder, denial := h.mayNotify(m, purpose, caseRef != "")
	if denial != nil {
		return nil, denial.Error(), nil
	}
	n := session.Notice{
		Ledger: h.cfg.LedgerID, Receiver: holder.PeerID, ID: notify.NewID(), Epoch: m.Place.Epoch, Type: string(m.Type),
		Tag: m.Place.Tag, Purpose: purpose, Contact: req.Contact, Reference: holderReference(m.Label),
	}
	say = &store.Said{Kind: "notice", Member: m.Holder, Purpose: purpose}
	if caseRef != "" {
		var salt [32]byte
		_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
		commitment := session.CommitCase(salt, caseRef)
		n.Case, say.CaseSalt = commitment[:], salt[:]
	}
	s, err := session.SignNotice(n, h.cfg.Ring.Private(member.Node), m.Place.Proof)
	if err != nil {
		return nil, "", err
	}
	say.Hash, say.Body, say.Signature = s.Hash, s.Raw, s.Signature
	with := "no case reference"
	if caseRef != "" {
		with = "a commitment to the case reference"
	}
	return say, fmt.Sprintf("%s learns that this member knows this %s, for %s, with %s", m.Holder, m.Type, purpose, with), nil
}

// under is the purpose and the case reference that a notice goes under.
func (h *Hub) under(ctx context.Context, m store.Match, req hub.NotifyRequest) (purpose, caseRef string, err error) {
	seen, err := h.cfg.Store.Sightings(ctx, m.ID)
	if err != nil {
		return "", "", err
	}
	if len(seen) > 0 {
		purpose, caseRef = seen[0].Purpose, seen[0].Case
	}
	if req.Purpose != "" {
		purpose = req.Purpose
	}
	if req.Case != "" {
		caseRef = req.Case
	}
	if req.NoCase {
		caseRef = ""
	}
	if purpose == "" {
		return "", "", fmt.Errorf("%w: a purpose is needed: `crosslight policy show` lists them", hub.ErrInvalid)
	}
	if len(caseRef) > maxCase {
		return "", "", fmt.Errorf("%w: a case reference has at most %d bytes", hub.ErrInvalid, maxCase)
	}
	return purpose, caseRef, nil
}

// mayNotify asks the one door, as the holder will.
func (h *Hub) mayNotify(m store.Match, purpose string, hasCase bool) (holder state.Member, err error) {
	stale := h.cfg.Authority(func(final, tip *state.State) {
		var known bool
		if holder, known = tip.Member(m.Holder); !known {
			err = &ledger.Denial{Err: ledger.ErrNotAMember, Reason: m.Holder + " has left the ledger"}
			return
		}
		self, _ := tip.Member(h.cfg.Name)
		err = ledger.AuthorisedNotice(final, tip, ledger.NoticeAsk{
			LedgerID: h.cfg.LedgerID, Sender: self.PeerID, Holder: holder.PeerID, Type: string(m.Type), Purpose: purpose, HasCase: hasCase,
		})
	})
	if stale != nil {
		return holder, stale
	}
	return holder, err
}

// holderReference is the holder's own, from its label: a second way to the item once the epoch is over.
func holderReference(label []byte) string {
	if label == nil {
		return ""
	}
	l, err := indicator.DecodeLabel(label)
	if err != nil || l.Reference == nil {
		return ""
	}
	return *l.Reference
}

// DisputeMatch implements [hub.Matches].
func (h *Hub) DisputeMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	if v := session.Verdict(req.Verdict); v != session.NotOurs && v != session.FalsePositive {
		return hub.MatchChange{}, fmt.Errorf("%w: a dispute says %s or %s", hub.ErrInvalid, session.NotOurs, session.FalsePositive)
	}
	return h.judge(ctx, req, store.MatchDisputed)
}

// CloseMatch implements [hub.Matches].
func (h *Hub) CloseMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	if v := session.Verdict(req.Verdict); req.Verdict != "" && !v.Valid() {
		return hub.MatchChange{}, fmt.Errorf("%w: a verdict is %s, %s or %s", hub.ErrInvalid, session.Confirmed, session.NotOurs, session.FalsePositive)
	}
	return h.judge(ctx, req, store.MatchClosed)
}

// judge moves a match, or a notice that came in, to a state and tells the other side the verdict, if there
// is one to tell. The holder of a match that was never told of it is told in the same breath: without the
// notice it could not know what the verdict is about.
func (h *Hub) judge(ctx context.Context, req hub.MatchVerdict, to store.MatchState) (hub.MatchChange, error) {
	if len(req.Note) > maxNote || !utf8.ValidString(req.Note) {
		return hub.MatchChange{}, fmt.Errorf("%w: a note is at most %d bytes of UTF-8", hub.ErrInvalid, maxNote)
	}
	s, err := h.subject(ctx, req.ID)
	if err != nil {
		return hub.MatchChange{}, err
	}
	out := hub.MatchChange{ID: s.id(), State: string(to), Effect: []string{}, DryRun: req.DryRun}
	change := store.Change{State: to, Note: req.Note}
	if s.match != nil {
		change.MatchID = s.id()
	} else {
		change.HeardID = s.id()
	}
	if req.Verdict != "" && !req.Local {
		if change.Say, err = h.verdict(ctx, s, req); err != nil {
			return out, err
		}
		for _, say := range change.Say {
			out.Effect = append(out.Effect, sayWords(say))
		}
	}
	if len(out.Effect) == 0 {
		out.Effect = append(out.Effect, "nobody is told")
	}
	if req.DryRun {
		return out, nil
	}
	if err := h.cfg.Store.Decide(ctx, change); err != nil {
		return out, classed(err)
	}
	h.cfg.Notify.Kick()
	return out, nil
}

func sayWords(s store.Said) string {
	if s.Kind == "notice" {
		return s.Member + " is told of the match"
	}
	return s.Member + " is told: " + s.Verdict
}

// verdict writes the feedback, behind a notice where the other side does not know the match yet.
func (h *Hub) verdict(ctx context.Context, s subject, req hub.MatchVerdict) (say []store.Said, err error) {
	var about [32]byte
	if s.heard != nil {
		about = s.heard.Hash
	} else {
		before, err := h.noticeOf(ctx, s.match.ID)
		if err != nil {
			return nil, err
		}
		if before == nil {
			var detail string
			if before, detail, err = h.writeNotice(ctx, *s.match, hub.NotifyRequest{Contact: req.Contact}); err != nil {
				return nil, classed(err)
			}
			if before == nil {
				return nil, fmt.Errorf("%w: %s cannot be told: %s; keep the verdict to this node with --local", hub.ErrConflict, s.other(), detail)
			}
			say = append(say, *before)
		}
		about = before.Hash
	}
	feedback, err := h.writeFeedback(s.other(), about, req)
	if err != nil {
		return nil, err
	}
	return append(say, feedback), nil
}

func (h *Hub) writeFeedback(to string, about [32]byte, req hub.MatchVerdict) (say store.Said, err error) {
	var peer string
	h.cfg.Replica.View(func(s *state.State) {
		m, _ := s.Member(to)
		peer = m.PeerID
	})
	if peer == "" {
		return say, fmt.Errorf("%w: %s has left the ledger; keep the verdict to this node with --local", hub.ErrConflict, to)
	}
	s, err := session.SignFeedback(session.Feedback{
		Ledger: h.cfg.LedgerID, Receiver: peer, ID: notify.NewID(), About: about, Verdict: session.Verdict(req.Verdict), Contact: req.Contact,
	}, h.cfg.Ring.Private(member.Node))
	if err != nil {
		return say, classed(err)
	}
	return store.Said{
		Kind: "feedback", Member: to, Hash: s.Hash, Body: s.Raw, Signature: s.Signature, Verdict: req.Verdict,
	}, nil
}
