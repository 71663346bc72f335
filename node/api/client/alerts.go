package client

import (
	"context"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// Alerts implements [hub.Hub].
func (c *Client) Alerts(ctx context.Context, f hub.AlertFilter) (hub.AlertPage, error) {
	q := paging(f.PageRequest)
	set(q, "watch", f.Watch)
	set(q, "holder", f.Holder)
	set(q, "type", f.Type)
	setBool(q, "open", f.Open)
	return get[hub.AlertPage](ctx, c, "/v1/alerts", q)
}

// Alert implements [hub.Hub].
func (c *Client) Alert(ctx context.Context, id string) (hub.Alert, error) {
	return at[hub.Alert](ctx, c, "/v1/alerts/", id)
}

// AckAlerts implements [hub.Hub].
func (c *Client) AckAlerts(ctx context.Context, req hub.AckRequest) (hub.AckReport, error) {
	req.IDs = append([]string{}, req.IDs...)
	return post[hub.AckReport](ctx, c, "/v1/alerts/acks", req)
}

// Quarantines implements [hub.Hub].
func (c *Client) Quarantines(ctx context.Context, all bool) ([]hub.Quarantine, error) {
	q := url.Values{}
	setBool(q, "all", all)
	list, err := get[struct {
		Quarantines []hub.Quarantine `json:"quarantines"`
	}](ctx, c, "/v1/quarantines", q)
	return list.Quarantines, err
}

// SettleQuarantine implements [hub.Hub].
func (c *Client) SettleQuarantine(ctx context.Context, req hub.SettleRequest) (hub.Quarantine, error) {
	if err := named(req.ID); err != nil {
		return hub.Quarantine{}, err
	}
	return post[hub.Quarantine](ctx, c, "/v1/quarantines/"+url.PathEscape(req.ID), map[string]any{"act": req.Act, "dry_run": req.DryRun})
}
