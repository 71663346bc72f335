package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

type mirrorsInput struct {
	Holder string `query:"holder" doc:"Only this member's indexes"`
	Type   string `query:"type" doc:"Only this indicator type"`
}

type removalInput struct {
	ID int64 `path:"id" doc:"Number of the removal"`
}

type removalsInput struct {
	Cursor string `query:"cursor" doc:"The page before's next"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
}

type mirrorList struct {
	Mirrors []hub.Mirror `json:"mirrors"`
}

type mirrorOutcomes struct {
	Outcomes []hub.MirrorOutcome `json:"outcomes"`
}

func (s *server) mirrorRoutes() {
	add(s, operation{"list-mirrors", http.MethodGet, "/v1/mirrors", "mirrors", "List other members' indexes that are mirrored here"},
		func(ctx context.Context, in *mirrorsInput) (mirrorList, error) {
			list, err := s.hub.Mirrors(ctx, hub.MirrorFilter{Holder: in.Holder, Type: in.Type})
			return mirrorList{list}, err
		})
	add(s, operation{"update-mirrors", http.MethodPost, "/v1/mirrors/updates", "mirrors", "Pull what is missing now"},
		func(ctx context.Context, in *body[hub.MirrorFilter]) (mirrorOutcomes, error) {
			list, err := s.hub.UpdateMirrors(ctx, in.Body)
			return mirrorOutcomes{list}, err
		})
	add(s, operation{"verify-mirrors", http.MethodPost, "/v1/mirrors/verifications", "mirrors", "Read every byte of mirrored indexes and compare it with what was signed"},
		func(ctx context.Context, in *body[hub.MirrorFilter]) (mirrorOutcomes, error) {
			list, err := s.hub.VerifyMirrors(ctx, in.Body)
			return mirrorOutcomes{list}, err
		})
	add(s, operation{"list-removals", http.MethodGet, "/v1/removals", "indicators", "List what was taken out of the own index, newest first"},
		func(ctx context.Context, in *removalsInput) (hub.RemovalPage, error) {
			return s.hub.Removals(ctx, hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit})
		})
	add(s, operation{"get-removal", http.MethodGet, "/v1/removals/{id}", "indicators", "Show which mirrors have acknowledged a removal"},
		func(ctx context.Context, in *removalInput) (hub.Removal, error) { return s.hub.Removal(ctx, in.ID) })
}
