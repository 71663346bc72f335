package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/crosslight/crosslight/node/hub"
)

// Mirrors implements [hub.Hub].
func (c *Client) Mirrors(ctx context.Context, f hub.MirrorFilter) ([]hub.Mirror, error) {
	q := url.Values{}
	set(q, "holder", f.Holder)
	set(q, "type", f.Type)
	list, err := get[struct {
		Mirrors []hub.Mirror `json:"mirrors"`
	}](ctx, c, "/v1/mirrors", q)
	return list.Mirrors, err
}

// UpdateMirrors implements [hub.Hub].
func (c *Client) UpdateMirrors(ctx context.Context, f hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	return c.mirrorOutcomes(ctx, "/v1/mirrors/updates", f)
}

// VerifyMirrors implements [hub.Hub].
func (c *Client) VerifyMirrors(ctx context.Context, f hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	return c.mirrorOutcomes(ctx, "/v1/mirrors/verifications", f)
}

func (c *Client) mirrorOutcomes(ctx context.Context, path string, f hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	list, err := post[struct {
		Outcomes []hub.MirrorOutcome `json:"outcomes"`
	}](ctx, c, path, f)
	return list.Outcomes, err
}

// Removals implements [hub.Hub].
func (c *Client) Removals(ctx context.Context, page hub.PageRequest) (hub.RemovalPage, error) {
	return get[hub.RemovalPage](ctx, c, "/v1/removals", paging(page))
}

// Removal implements [hub.Hub].
func (c *Client) Removal(ctx context.Context, id int64) (hub.Removal, error) {
	return at[hub.Removal](ctx, c, "/v1/removals/", strconv.FormatInt(id, 10))
}
