package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

type epochList struct {
	Epochs []hub.Epoch `json:"epochs"`
}

type epochsInput struct {
	Member string `query:"member" doc:"Of this member alone"`
	Over   bool   `query:"over" doc:"Those that are over, too"`
}

func (s *server) budgetRoutes() {
	add(s, operation{"list-epochs", http.MethodGet, "/v1/epochs", "governance", "List the members' epochs, the newest of each first"},
		func(ctx context.Context, in *epochsInput) (epochList, error) {
			epochs, err := s.hub.Epochs(ctx, hub.EpochsRequest(*in))
			return epochList{epochs}, err
		})
	add(s, operation{"get-budget", http.MethodGet, "/v1/budget", "queries", "What others have used here today, and what this member has left elsewhere"},
		func(ctx context.Context, _ *none) (hub.Budget, error) { return s.hub.Budget(ctx) })
	add(s, operation{"declare-affiliates", http.MethodPost, "/v1/affiliates", "governance", "Declare which members count as one with this one"},
		func(ctx context.Context, in *body[hub.AffiliatesRequest]) (hub.Affiliates, error) {
			return s.hub.DeclareAffiliates(ctx, in.Body)
		})
}
