package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

type removeWatchInput struct {
	ID   string `path:"id"`
	Body struct {
		DryRun bool `json:"dry_run" required:"false"`
	}
}

func (s *server) watchRoutes() {
	add(s, operation{"add-watch", http.MethodPost, "/v1/watches", "watches", "Watch values, or what a past query asked about"},
		func(ctx context.Context, in *body[hub.WatchRequest]) (hub.Watch, error) {
			return s.hub.AddWatch(ctx, in.Body, nil)
		})
	feed := operation{"add-watch-feed", http.MethodPost, "/v1/watches/feed", "watches", "Watch a feed of values"}
	register(s, feed, s.watchFeed, streamed(formType))
	// Only now: huma would read into memory any body whose schema is not plain bytes.
	s.api.OpenAPI().Paths[feed.path].Post.RequestBody.Content[formType].Schema = s.formSchema(reflect.TypeFor[hub.WatchRequest](), "WatchRequest")
	add(s, operation{"list-watches", http.MethodGet, "/v1/watches", "watches", "List watches, newest first"},
		func(ctx context.Context, in *pageInput) (hub.WatchPage, error) {
			return s.hub.Watches(ctx, hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit})
		})
	add(s, operation{"get-watch", http.MethodGet, "/v1/watches/{id}", "watches", "Show a watch and how far each holder is with it"},
		func(ctx context.Context, in *idInput) (hub.Watch, error) { return s.hub.WatchByID(ctx, in.ID) })
	add(s, operation{"remove-watch", http.MethodPost, "/v1/watches/{id}/removal", "watches", "Erase a watch; nothing that was charged comes back"},
		func(ctx context.Context, in *removeWatchInput) (hub.Watch, error) {
			return s.hub.RemoveWatch(ctx, hub.RemoveWatchRequest{ID: in.ID, DryRun: in.Body.DryRun})
		})
}

// watchFeed takes a form like that of a query with a feed.
func (s *server) watchFeed(ctx context.Context, in *queryFeedInput) (*body[hub.Watch], error) {
	var req hub.WatchRequest
	feed, err := in.form(&req)
	if err != nil {
		return nil, s.fail(ctx, fmt.Errorf("%w: %w", hub.ErrInvalid, err))
	}
	return s.watchOf(ctx, req, feed)
}

func (s *server) watchOf(ctx context.Context, req hub.WatchRequest, feed io.Reader) (*body[hub.Watch], error) {
	w, err := s.hub.AddWatch(ctx, req, feed)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	fillArrays(&w)
	return &body[hub.Watch]{w}, nil
}

// formSchema describes a form of a request of type t and a feed.
func (s *server) formSchema(t reflect.Type, name string) *huma.Schema {
	return &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{partRequest, partFeed},
		Properties: map[string]*huma.Schema{
			partRequest: s.api.OpenAPI().Components.Schemas.Schema(t, true, name),
			partFeed:    feedSchema(),
		},
	}
}
