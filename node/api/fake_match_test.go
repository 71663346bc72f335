package api_test

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

var (
	record = hub.MatchRecord{Match: match, Source: "watch", State: "new", FoundAt: at, LastFoundAt: at}
	notice = hub.Notice{ID: "in-1", From: "B", Type: "email", Item: "found", Digest: &word, State: "new", At: at}
	spoken = hub.Statement{Kind: "notice", Member: "B", State: "delivered", At: at, AnsweredAt: &at, Body: []byte{0, 255}}
	figure = hub.TransparencyFigure{Kind: "matches", Sector: &word, Shown: "<10", Entries: []uint64{7}}
)

func (f *fake) Matches(ctx context.Context, filter hub.MatchFilter) (hub.MatchPage, error) {
	return hub.MatchPage{Matches: []hub.MatchRecord{record}, Next: "n"}, f.record(ctx, "Matches", filter)
}

func (f *fake) Match(ctx context.Context, id string) (hub.MatchDetail, error) {
	return hub.MatchDetail{
		Match: &record, Sightings: []hub.Sighting{{Source: "query", At: at}}, Notes: []hub.MatchNote{{At: at, Text: "x"}},
		Said: []hub.Statement{spoken}, Heard: []hub.Statement{},
	}, f.record(ctx, "Match", id)
}

func (f *fake) Notices(ctx context.Context, filter hub.NoticeFilter) (hub.NoticePage, error) {
	return hub.NoticePage{Notices: []hub.Notice{notice}, Next: "n"}, f.record(ctx, "Notices", filter)
}

func (f *fake) NotifyMatches(ctx context.Context, req hub.NotifyRequest) (hub.NotifyReport, error) {
	return hub.NotifyReport{Notices: []hub.NotifyOutcome{{ID: "m", Status: "queued"}}}, f.record(ctx, "NotifyMatches", req)
}

func (f *fake) DisputeMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	return hub.MatchChange{ID: "m", State: "disputed", Effect: []string{"e"}}, f.record(ctx, "DisputeMatch", req)
}

func (f *fake) CloseMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	return hub.MatchChange{ID: "m", State: "closed", Effect: []string{"e"}}, f.record(ctx, "CloseMatch", req)
}

func (f *fake) Transparency(ctx context.Context, req hub.TransparencyRequest) (hub.TransparencyReport, error) {
	return hub.TransparencyReport{
		Member: "A", From: at, To: at, Figures: []hub.TransparencyFigure{figure}, Totals: []hub.TransparencyFigure{figure},
		Ledger: []hub.TransparencyFigure{figure}, Entries: []hub.TransparencyEntry{{Index: 7, Kind: "vote"}},
	}, f.record(ctx, "Transparency", req)
}

var verdict = hub.MatchVerdict{ID: "in-1", Verdict: "not-ours", Note: "n", Contact: "c", Local: true, DryRun: true}

var matchInvocations = []invocation{
	{"Matches", call(func(ctx context.Context, h hub.Hub) (hub.MatchPage, error) {
		since, until := at, at.Add(time.Nanosecond)
		f := hub.MatchFilter{Type: "email", Holder: "B & C", Source: "watch", State: "new", Since: &since, Until: &until, Query: "q", Case: "K-1 é"}
		f.Cursor, f.Limit = "c", 7
		return h.Matches(ctx, f)
	})},
	{"Matches", call(func(ctx context.Context, h hub.Hub) (hub.MatchPage, error) { return h.Matches(ctx, hub.MatchFilter{}) })},
	{"Match", call(func(ctx context.Context, h hub.Hub) (hub.MatchDetail, error) { return h.Match(ctx, "in-1") })},
	{"Notices", call(func(ctx context.Context, h hub.Hub) (hub.NoticePage, error) {
		return h.Notices(ctx, hub.NoticeFilter{Type: "email", From: "B & C", State: "closed", Since: &at})
	})},
	{"NotifyMatches", call(func(ctx context.Context, h hub.Hub) (hub.NotifyReport, error) {
		return h.NotifyMatches(ctx, hub.NotifyRequest{IDs: []string{"m"}, Query: "q", Contact: "c", Purpose: "p", Case: "k", NoCase: true, DryRun: true})
	})},
	{"DisputeMatch", call(func(ctx context.Context, h hub.Hub) (hub.MatchChange, error) { return h.DisputeMatch(ctx, verdict) })},
	{"CloseMatch", call(func(ctx context.Context, h hub.Hub) (hub.MatchChange, error) { return h.CloseMatch(ctx, verdict) })},
	{"Transparency", call(func(ctx context.Context, h hub.Hub) (hub.TransparencyReport, error) {
		return h.Transparency(ctx, hub.TransparencyRequest{From: at, To: at.Add(time.Hour)})
	})},
}

func init() { invocations = append(invocations, matchInvocations...) }
