package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

type pageInput struct {
	Cursor string `query:"cursor" doc:"The page before's next"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
}

type idInput struct {
	ID string `path:"id"`
}

func (s *server) queryRoutes() {
	add(s, operation{"query", http.MethodPost, "/v1/queries", "queries", "Ask holders about values"},
		func(ctx context.Context, in *body[hub.QueryRequest]) (hub.QueryReport, error) {
			return s.hub.Query(ctx, in.Body, nil)
		})
	addForm(s, operation{"query-feed", http.MethodPost, "/v1/queries/feed", "queries", "Ask holders about a feed of values"}, s.hub.Query)
	add(s, operation{"list-queries", http.MethodGet, "/v1/queries", "queries", "List past queries, newest first"},
		func(ctx context.Context, in *pageInput) (hub.QueryPage, error) {
			return s.hub.Queries(ctx, hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit})
		})
	add(s, operation{"get-query", http.MethodGet, "/v1/queries/{id}", "queries", "Show a past query with its matches"},
		func(ctx context.Context, in *idInput) (hub.QueryReport, error) {
			return s.hub.QueryByID(ctx, in.ID)
		})
}
