package client

import (
	"context"
	"io"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// AddWatch implements [hub.Hub].
func (c *Client) AddWatch(ctx context.Context, req hub.WatchRequest, feed io.Reader) (hub.Watch, error) {
	req.Values = append([]hub.Value{}, req.Values...)
	req.Holders = append([]string{}, req.Holders...)
	req.Types = append([]string{}, req.Types...)
	return postWithFeed[hub.Watch](ctx, c, "/v1/watches", req, feed)
}

// Watches implements [hub.Hub].
func (c *Client) Watches(ctx context.Context, page hub.PageRequest) (hub.WatchPage, error) {
	return get[hub.WatchPage](ctx, c, "/v1/watches", paging(page))
}

// WatchByID implements [hub.Hub].
func (c *Client) WatchByID(ctx context.Context, id string) (hub.Watch, error) {
	return at[hub.Watch](ctx, c, "/v1/watches/", id)
}

// RemoveWatch implements [hub.Hub].
func (c *Client) RemoveWatch(ctx context.Context, req hub.RemoveWatchRequest) (hub.Watch, error) {
	if err := named(req.ID); err != nil {
		return hub.Watch{}, err
	}
	return post[hub.Watch](ctx, c, "/v1/watches/"+url.PathEscape(req.ID)+"/removal", map[string]any{"dry_run": req.DryRun})
}
