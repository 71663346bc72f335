package api

import (
	"context"
	"net/http"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

type matchListInput struct {
	Cursor string    `query:"cursor" doc:"The page before's next"`
	Limit  int       `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
	Type   string    `query:"type"`
	Holder string    `query:"holder"`
	Source string    `query:"source" enum:"query,watch,reconcile"`
	State  string    `query:"state" enum:"new,notified,disputed,closed"`
	Since  time.Time `query:"since" doc:"First found then or later"`
	Until  time.Time `query:"until" doc:"First found before"`
	Query  string    `query:"query" doc:"Id of the query, watch or reconcile that found it"`
	Case   string    `query:"case" doc:"Case reference under which it was found"`
}

type noticeListInput struct {
	Cursor string    `query:"cursor" doc:"The page before's next"`
	Limit  int       `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
	Type   string    `query:"type"`
	From   string    `query:"from" doc:"Member that sent it"`
	State  string    `query:"state" enum:"new,disputed,closed"`
	Since  time.Time `query:"since" doc:"Received then or later"`
}

func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *server) matchRoutes() {
	add(s, operation{"list-matches", http.MethodGet, "/v1/matches", "matches", "List matches, newest first"},
		func(ctx context.Context, in *matchListInput) (hub.MatchPage, error) {
			return s.hub.Matches(ctx, hub.MatchFilter{
				PageRequest: hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit}, Type: in.Type, Holder: in.Holder,
				Source: in.Source, State: in.State, Since: given(in.Since), Until: given(in.Until), Query: in.Query, Case: in.Case,
			})
		})
	add(s, operation{"get-match", http.MethodGet, "/v1/matches/{id}", "matches", "Show a match or a notice with all that was said of it"},
		func(ctx context.Context, in *idInput) (hub.MatchDetail, error) { return s.hub.Match(ctx, in.ID) })
	add(s, operation{"notify-matches", http.MethodPost, "/v1/notices", "matches", "Tell the holders of matches"},
		func(ctx context.Context, in *body[hub.NotifyRequest]) (hub.NotifyReport, error) {
			return s.hub.NotifyMatches(ctx, in.Body)
		})
	add(s, operation{"list-notices", http.MethodGet, "/v1/notices", "matches", "List the notices of other members, newest first"},
		func(ctx context.Context, in *noticeListInput) (hub.NoticePage, error) {
			return s.hub.Notices(ctx, hub.NoticeFilter{
				PageRequest: hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit}, Type: in.Type, From: in.From, State: in.State,
				Since: given(in.Since),
			})
		})
	add(s, operation{"dispute-match", http.MethodPost, "/v1/matches/disputes", "matches", "Dispute a match or a notice"},
		func(ctx context.Context, in *body[hub.MatchVerdict]) (hub.MatchChange, error) {
			return s.hub.DisputeMatch(ctx, in.Body)
		})
	add(s, operation{"close-match", http.MethodPost, "/v1/matches/closures", "matches", "Close a match or a notice"},
		func(ctx context.Context, in *body[hub.MatchVerdict]) (hub.MatchChange, error) {
			return s.hub.CloseMatch(ctx, in.Body)
		})
}
