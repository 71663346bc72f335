package api

import (
	"context"
	"net/http"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

type periodInput struct {
	From time.Time `query:"from" required:"true" doc:"Beginning of a day, UTC"`
	To   time.Time `query:"to" required:"true" doc:"Beginning of the first day after the period, UTC"`
}

func (s *server) transparencyRoutes() {
	add(s, operation{"transparency", http.MethodGet, "/v1/transparency", "transparency", "Count what this member did, small counts hidden"},
		func(ctx context.Context, in *periodInput) (hub.TransparencyReport, error) {
			return s.hub.Transparency(ctx, hub.TransparencyRequest{From: in.From, To: in.To})
		})
}
