package client

import (
	"context"
	"net/url"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// Matches implements [hub.Matches].
func (c *Client) Matches(ctx context.Context, f hub.MatchFilter) (hub.MatchPage, error) {
	q := paging(f.PageRequest)
	for key, value := range map[string]string{
		"type": f.Type, "holder": f.Holder, "source": f.Source, "state": f.State, "query": f.Query, "case": f.Case,
	} {
		set(q, key, value)
	}
	setTime(q, "since", f.Since)
	setTime(q, "until", f.Until)
	return get[hub.MatchPage](ctx, c, "/v1/matches", q)
}

func setTime(q url.Values, key string, t *time.Time) {
	if t != nil {
		q.Set(key, t.UTC().Format(time.RFC3339Nano))
	}
}

// Match implements [hub.Matches].
func (c *Client) Match(ctx context.Context, id string) (hub.MatchDetail, error) {
	return at[hub.MatchDetail](ctx, c, "/v1/matches/", id)
}

// Notices implements [hub.Matches].
func (c *Client) Notices(ctx context.Context, f hub.NoticeFilter) (hub.NoticePage, error) {
	q := paging(f.PageRequest)
	set(q, "type", f.Type)
	set(q, "from", f.From)
	set(q, "state", f.State)
	setTime(q, "since", f.Since)
	return get[hub.NoticePage](ctx, c, "/v1/notices", q)
}

// NotifyMatches implements [hub.Matches].
func (c *Client) NotifyMatches(ctx context.Context, req hub.NotifyRequest) (hub.NotifyReport, error) {
	req.IDs = append([]string{}, req.IDs...)
	return post[hub.NotifyReport](ctx, c, "/v1/notices", req)
}

// DisputeMatch implements [hub.Matches].
func (c *Client) DisputeMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	return post[hub.MatchChange](ctx, c, "/v1/matches/disputes", req)
}

// CloseMatch implements [hub.Matches].
func (c *Client) CloseMatch(ctx context.Context, req hub.MatchVerdict) (hub.MatchChange, error) {
	return post[hub.MatchChange](ctx, c, "/v1/matches/closures", req)
}
