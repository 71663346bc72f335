package local

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// Matches implements [hub.Matches].
func (h *Hub) Matches(ctx context.Context, f hub.MatchFilter) (hub.MatchPage, error) {
	rows, next, err := h.cfg.Store.Matches(ctx, store.MatchFilter{
		Type: indicator.Type(f.Type), Holder: f.Holder, Source: store.Source(f.Source), State: store.MatchState(f.State),
		Since: filterTime(f.Since), Until: filterTime(f.Until), Origin: f.Query, Case: f.Case,
	}, f.Cursor, f.Limit)
	if err != nil {
		return hub.MatchPage{}, classed(err)
	}
	out := hub.MatchPage{Matches: []hub.MatchRecord{}, Next: next}
	for _, m := range rows {
		out.Matches = append(out.Matches, recordOf(m))
	}
	return out, nil
}

func filterTime(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func recordOf(m store.Match) hub.MatchRecord {
	r := hub.MatchRecord{
		Match: matchOf(m.Type, m.Holder, m.Reference, m.Label), Source: string(m.Source), State: string(m.State),
		FoundAt: m.FirstSeen, LastFoundAt: m.LastSeen,
	}
	r.ID = m.ID
	return r
}

// Notices implements [hub.Matches].
func (h *Hub) Notices(ctx context.Context, f hub.NoticeFilter) (hub.NoticePage, error) {
	rows, next, err := h.cfg.Store.Notices(ctx, store.HeardFilter{
		Type: indicator.Type(f.Type), Member: f.From, State: store.MatchState(f.State), Since: filterTime(f.Since),
	}, f.Cursor, f.Limit)
	if err != nil {
		return hub.NoticePage{}, classed(err)
	}
	out := hub.NoticePage{Notices: []hub.Notice{}, Next: next}
	for _, r := range rows {
		out.Notices = append(out.Notices, noticeOf(r))
	}
	return out, nil
}

func noticeOf(r store.Heard) hub.Notice {
	n := hub.Notice{
		ID: r.ID, From: r.Member, Type: string(r.Type), Item: r.Item, Reference: r.Reference, Purpose: r.Purpose,
		State: string(r.State), At: r.At,
	}
	if r.Digest != nil {
		n.Digest = filled(hex.EncodeToString(r.Digest))
	}
	if s, err := session.ReadBody(session.NoticeKind, r.Body); err == nil {
		n.Case, n.Contact = filled(hex.EncodeToString(s.Notice.Case)), filled(s.Notice.Contact)
	}
	return n
}

// filled is s, or nil where it is empty.
func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Match implements [hub.Matches].
func (h *Hub) Match(ctx context.Context, id string) (hub.MatchDetail, error) {
	out := hub.MatchDetail{Sightings: []hub.Sighting{}, Notes: []hub.MatchNote{}, Said: []hub.Statement{}, Heard: []hub.Statement{}}
	s, err := h.subject(ctx, id)
	if err != nil {
		return out, err
	}
	notes, nerr := s.notes(ctx, h.cfg.Store)
	said, serr := h.cfg.Store.SaidAbout(ctx, s.id())
	heard, herr := h.cfg.Store.FeedbackAbout(ctx, s.id())
	if err := errors.Join(nerr, serr, herr); err != nil {
		return out, classed(err)
	}
	if s.match != nil {
		record := recordOf(*s.match)
		out.Match = &record
		seen, err := h.cfg.Store.Sightings(ctx, s.match.ID)
		if err != nil {
			return out, classed(err)
		}
		for _, g := range seen {
			out.Sightings = append(out.Sightings, hub.Sighting{Source: string(g.Source), Origin: g.Origin, At: g.At, Purpose: g.Purpose, Case: g.Case})
		}
	} else {
		n := noticeOf(*s.heard)
		out.Notice = &n
		out.Heard = append(out.Heard, heardStatement(*s.heard))
	}
	for _, n := range notes {
		out.Notes = append(out.Notes, hub.MatchNote(n))
	}
	for _, d := range said {
		out.Said = append(out.Said, saidStatement(d))
	}
	for _, r := range heard {
		out.Heard = append(out.Heard, heardStatement(r))
	}
	return out, nil
}

func saidStatement(d store.Said) hub.Statement {
	s := hub.Statement{
		Kind: d.Kind, Member: d.Member, Verdict: filled(d.Verdict), State: d.State, Reason: filled(d.Reason), Attempts: d.Attempts,
		At: d.At, Body: d.Body, Signature: d.Signature, Receipt: d.Receipt, ReceiptSignature: d.ReceiptSignature, CaseSalt: d.CaseSalt,
		Contact: contactIn(d.Kind, d.Body),
	}
	if !d.ToldAt.IsZero() {
		s.AnsweredAt = &d.ToldAt
	}
	return s
}

func heardStatement(r store.Heard) hub.Statement {
	return hub.Statement{
		Kind: r.Kind, Member: r.Member, Verdict: filled(r.Verdict), State: "received", At: r.At, AnsweredAt: &r.At, Attempts: 1,
		Body: r.Body, Signature: r.Signature, Receipt: r.Receipt, ReceiptSignature: r.ReceiptSignature,
		Contact: contactIn(r.Kind, r.Body),
	}
}

func contactIn(kind string, body []byte) *string {
	k := session.NoticeKind
	if kind == "feedback" {
		k = session.FeedbackKind
	}
	s, err := session.ReadBody(k, body)
	switch {
	case err != nil:
		return nil
	case s.Notice != nil:
		return filled(s.Notice.Contact)
	}
	return filled(s.Feedback.Contact)
}

// subject is a match of this member's or a notice that came in.
type subject struct {
	match *store.Match
	heard *store.Heard
}

func (h *Hub) subject(ctx context.Context, id string) (s subject, err error) {
	if strings.HasPrefix(id, store.HeardPrefix) {
		r, err := h.cfg.Store.Notice(ctx, id)
		s.heard = &r
		if errors.Is(err, store.ErrNotFound) {
			return s, fmt.Errorf("%w: no notice %q here: `crosslight match list --incoming` shows them", hub.ErrNotFound, id)
		}
		return s, classed(err)
	}
	m, err := h.cfg.Store.Match(ctx, id)
	s.match = &m
	if errors.Is(err, store.ErrNotFound) {
		return s, fmt.Errorf("%w: no match %q here: `crosslight match list` shows them", hub.ErrNotFound, id)
	}
	return s, classed(err)
}

func (s subject) id() string {
	if s.match != nil {
		return s.match.ID
	}
	return s.heard.ID
}

// other is the member at the far side.
func (s subject) other() string {
	if s.match != nil {
		return s.match.Holder
	}
	return s.heard.Member
}

func (s subject) notes(ctx context.Context, st *store.Store) ([]store.Note, error) {
	if s.match != nil {
		return st.Notes(ctx, s.match.ID)
	}
	return st.HeardNotes(ctx, s.heard.ID)
}
