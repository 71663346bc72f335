package client

import (
	"context"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// RequestReconcile implements [hub.Hub].
func (c *Client) RequestReconcile(ctx context.Context, req hub.ReconcileRequest) (hub.Reconcile, error) {
	return post[hub.Reconcile](ctx, c, "/v1/reconciles", req)
}

// Reconciles implements [hub.Hub].
func (c *Client) Reconciles(ctx context.Context, page hub.PageRequest) (hub.ReconcilePage, error) {
	return get[hub.ReconcilePage](ctx, c, "/v1/reconciles", paging(page))
}

// ReconcileByID implements [hub.Hub].
func (c *Client) ReconcileByID(ctx context.Context, id string) (hub.Reconcile, error) {
	return at[hub.Reconcile](ctx, c, "/v1/reconciles/", id)
}

// DecideReconcile implements [hub.Hub].
func (c *Client) DecideReconcile(ctx context.Context, req hub.ReconcileDecision) (hub.Reconcile, error) {
	if err := named(req.ID); err != nil {
		return hub.Reconcile{}, err
	}
	return post[hub.Reconcile](ctx, c, reconcilePath(req.ID, "decision"), map[string]bool{"approve": req.Approve, "dry_run": req.DryRun})
}

// RunReconcile implements [hub.Hub].
func (c *Client) RunReconcile(ctx context.Context, id string) (hub.Reconcile, error) {
	if err := named(id); err != nil {
		return hub.Reconcile{}, err
	}
	return post[hub.Reconcile](ctx, c, reconcilePath(id, "run"), nil)
}

// CancelReconcile implements [hub.Hub].
func (c *Client) CancelReconcile(ctx context.Context, req hub.ReconcileCancel) (hub.Reconcile, error) {
	if err := named(req.ID); err != nil {
		return hub.Reconcile{}, err
	}
	return post[hub.Reconcile](ctx, c, reconcilePath(req.ID, "cancel"), map[string]bool{"dry_run": req.DryRun})
}

func reconcilePath(id, verb string) string {
	return "/v1/reconciles/" + url.PathEscape(id) + "/" + verb
}
