package api

import (
	"context"
	"net/http"

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
	addForm(s, operation{"add-watch-feed", http.MethodPost, "/v1/watches/feed", "watches", "Watch a feed of values"}, s.hub.AddWatch)
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
