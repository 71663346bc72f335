package api_test

import (
	"context"

	"github.com/crosslight/crosslight/node/hub"
)

func init() {
	invocations = append(invocations,
		invocation{"Epochs", call(func(ctx context.Context, h hub.Hub) ([]hub.Epoch, error) {
			return h.Epochs(ctx, hub.EpochsRequest{Member: "A & B", Over: true})
		})},
		invocation{"Epochs", call(func(ctx context.Context, h hub.Hub) ([]hub.Epoch, error) {
			return h.Epochs(ctx, hub.EpochsRequest{})
		})},
		invocation{"Budget", call(func(ctx context.Context, h hub.Hub) (hub.Budget, error) { return h.Budget(ctx) })},
		invocation{"DeclareAffiliates", call(func(ctx context.Context, h hub.Hub) (hub.Affiliates, error) {
			return h.DeclareAffiliates(ctx, hub.AffiliatesRequest{Members: []string{"Bank B"}, DryRun: true})
		})},
	)
}

func (f *fake) Epochs(ctx context.Context, req hub.EpochsRequest) ([]hub.Epoch, error) {
	here := true
	return []hub.Epoch{{
		Member: "Bank B", Epoch: 1<<63 + 1, State: "called", CalledAt: &word, KeyHere: &here, Mirrored: 7,
		Keys: []hub.EpochKey{{Type: "email", Public: "00"}},
	}}, f.record(ctx, "Epochs", req)
}

func (f *fake) Budget(ctx context.Context) (hub.Budget, error) {
	left := uint64(1<<63 + 1)
	return hub.Budget{
		Day: "2026-03-01", Group: []string{"A"}, Here: []hub.BudgetUsed{{Member: "B", Type: "phone", Used: 3, Limit: 9, Left: 6, With: []string{}}},
		Ceilings: []hub.BudgetCeiling{{Type: "phone", Used: 3}}, Elsewhere: []hub.BudgetLeft{{Holder: "B", Type: "email", Left: &left}},
	}, f.record(ctx, "Budget")
}

func (f *fake) DeclareAffiliates(ctx context.Context, req hub.AffiliatesRequest) (hub.Affiliates, error) {
	index := uint64(9)
	return hub.Affiliates{
		Member: "A", Declared: []string{"Bank B"}, Waiting: []string{}, Group: []string{"A"}, Index: &index, Effect: []string{"x"},
	}, f.record(ctx, "DeclareAffiliates", req)
}
