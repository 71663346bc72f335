package client

import (
	"context"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// Epochs implements [hub.Hub].
func (c *Client) Epochs(ctx context.Context, req hub.EpochsRequest) ([]hub.Epoch, error) {
	q := url.Values{}
	set(q, "member", req.Member)
	if req.Over {
		q.Set("over", "true")
	}
	out, err := get[struct {
		Epochs []hub.Epoch `json:"epochs"`
	}](ctx, c, "/v1/epochs", q)
	return out.Epochs, err
}

// Budget implements [hub.Hub].
func (c *Client) Budget(ctx context.Context) (hub.Budget, error) {
	return get[hub.Budget](ctx, c, "/v1/budget", nil)
}

// DeclareAffiliates implements [hub.Hub].
func (c *Client) DeclareAffiliates(ctx context.Context, req hub.AffiliatesRequest) (hub.Affiliates, error) {
	req.Members = append([]string{}, req.Members...)
	return post[hub.Affiliates](ctx, c, "/v1/affiliates", req)
}
