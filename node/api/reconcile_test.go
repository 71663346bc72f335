package api_test

import (
	"context"

	"github.com/crosslight/crosslight/node/hub"
)

func init() {
	invocations = append(invocations,
		invocation{"RequestReconcile", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) {
			return h.RequestReconcile(ctx, hub.ReconcileRequest{
				Member: "Bank B", Type: "email", Purpose: "p", Case: "c", Learn: "both", Items: 1<<63 + 1, Compact: true, DryRun: true,
			})
		})},
		invocation{"Reconciles", call(func(ctx context.Context, h hub.Hub) (hub.ReconcilePage, error) {
			return h.Reconciles(ctx, hub.PageRequest{Cursor: "c", Limit: 2})
		})},
		invocation{"ReconcileByID", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) {
			return h.ReconcileByID(ctx, "ab/c%2F d")
		})},
		invocation{"DecideReconcile", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) {
			return h.DecideReconcile(ctx, hub.ReconcileDecision{ID: "3f2a", Approve: true})
		})},
		invocation{"DecideReconcile", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) {
			return h.DecideReconcile(ctx, hub.ReconcileDecision{ID: "3f2a", DryRun: true})
		})},
		invocation{"RunReconcile", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) { return h.RunReconcile(ctx, "3f2a") })},
		invocation{"CancelReconcile", call(func(ctx context.Context, h hub.Hub) (hub.Reconcile, error) {
			return h.CancelReconcile(ctx, hub.ReconcileCancel{ID: "3f2a", DryRun: true})
		})},
	)
}

func reconciled() hub.Reconcile {
	n, detail := int64(3), "d"
	return hub.Reconcile{
		ID: "3f2a", Initiator: "A", Other: "B", Here: "other", Type: "email", Own: &n, State: "running", Detail: &detail,
		Progress: &hub.ReconcileProgress{Pass: 1, Done: 2, Total: 1<<63 + 1}, Matches: []hub.Match{{ID: "m", Type: "email", Holder: "A"}},
		Receipts:  []hub.ReconcileReceipt{{Pass: 1, Receiver: "A", Sender: "B", Own: []byte{0, 255}, Theirs: []byte{1}}},
		CreatedAt: at, UpdatedAt: at, ExpiresAt: at,
	}
}

func (f *fake) RequestReconcile(ctx context.Context, req hub.ReconcileRequest) (hub.Reconcile, error) {
	return reconciled(), f.record(ctx, "RequestReconcile", req)
}

func (f *fake) Reconciles(ctx context.Context, page hub.PageRequest) (hub.ReconcilePage, error) {
	return hub.ReconcilePage{Reconciles: []hub.Reconcile{reconciled()}, Next: "n"}, f.record(ctx, "Reconciles", page)
}

func (f *fake) ReconcileByID(ctx context.Context, id string) (hub.Reconcile, error) {
	return reconciled(), f.record(ctx, "ReconcileByID", id)
}

func (f *fake) DecideReconcile(ctx context.Context, req hub.ReconcileDecision) (hub.Reconcile, error) {
	return reconciled(), f.record(ctx, "DecideReconcile", req)
}

func (f *fake) RunReconcile(ctx context.Context, id string) (hub.Reconcile, error) {
	return reconciled(), f.record(ctx, "RunReconcile", id)
}

func (f *fake) CancelReconcile(ctx context.Context, req hub.ReconcileCancel) (hub.Reconcile, error) {
	return reconciled(), f.record(ctx, "CancelReconcile", req)
}
