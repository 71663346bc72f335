package client

import (
	"context"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// Transparency implements [hub.Transparencies].
func (c *Client) Transparency(ctx context.Context, req hub.TransparencyRequest) (hub.TransparencyReport, error) {
	q := url.Values{}
	setTime(q, "from", &req.From)
	setTime(q, "to", &req.To)
	return get[hub.TransparencyReport](ctx, c, "/v1/transparency", q)
}
