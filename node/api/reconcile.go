package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

type reconcileDecision struct {
	Approve bool `json:"approve"`
	DryRun  bool `json:"dry_run" required:"false"`
}

type reconcileDecide struct {
	ID   string `path:"id"`
	Body reconcileDecision
}

type reconcileCancel struct {
	ID   string `path:"id"`
	Body struct {
		DryRun bool `json:"dry_run" required:"false"`
	}
}

func (s *server) reconcileRoutes() {
	add(s, operation{"request-reconcile", http.MethodPost, "/v1/reconciles", "reconciles", "Offer another member to compare whole sets"},
		func(ctx context.Context, in *body[hub.ReconcileRequest]) (hub.Reconcile, error) {
			return s.hub.RequestReconcile(ctx, in.Body)
		})
	add(s, operation{"list-reconciles", http.MethodGet, "/v1/reconciles", "reconciles", "List the reconciliations of both sides, newest first"},
		func(ctx context.Context, in *pageInput) (hub.ReconcilePage, error) {
			return s.hub.Reconciles(ctx, hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit})
		})
	add(s, operation{"get-reconcile", http.MethodGet, "/v1/reconciles/{id}", "reconciles", "Show a reconciliation, how far it is and what it found"},
		func(ctx context.Context, in *idInput) (hub.Reconcile, error) { return s.hub.ReconcileByID(ctx, in.ID) })
	add(s, operation{"decide-reconcile", http.MethodPost, "/v1/reconciles/{id}/decision", "reconciles", "Approve or deny what another member offers"},
		func(ctx context.Context, in *reconcileDecide) (hub.Reconcile, error) {
			return s.hub.DecideReconcile(ctx, hub.ReconcileDecision{ID: in.ID, Approve: in.Body.Approve, DryRun: in.Body.DryRun})
		})
	add(s, operation{"run-reconcile", http.MethodPost, "/v1/reconciles/{id}/run", "reconciles", "Deliver an offer again and, where it is approved, begin to compare"},
		func(ctx context.Context, in *idInput) (hub.Reconcile, error) { return s.hub.RunReconcile(ctx, in.ID) })
	add(s, operation{"cancel-reconcile", http.MethodPost, "/v1/reconciles/{id}/cancel", "reconciles", "End a reconciliation at once"},
		func(ctx context.Context, in *reconcileCancel) (hub.Reconcile, error) {
			return s.hub.CancelReconcile(ctx, hub.ReconcileCancel{ID: in.ID, DryRun: in.Body.DryRun})
		})
}
