package api_test

import (
	"context"

	"github.com/crosslight/crosslight/node/hub"
)

var opened = hub.Audit{
	ID: "a1b2", Phase: "drawn", Elements: 1<<63 + 1, OnePer100: 0.951, RevealBy: &word, Places: []uint64{1, 1<<63 + 2},
	AuditProposal: hub.AuditProposal{Querier: "A", Auditors: []hub.AuditorNamed{{Member: "C", Recipient: "age1"}}},
	Nonces:        []hub.AuditNonceSeen{{Member: "C", Revealed: true, Nonce: &word}}, Withheld: []string{"D"},
	Verdicts: []hub.AuditVerdictGiven{{Member: "C", Outcome: "true", Held: 3}},
	Differ:   []hub.LogsDiffer{{Day: "2026-01-01", Querier: "A", Holder: "B", Asked: 1, Answered: 2}},
}

func (f *fake) Audits(ctx context.Context) ([]hub.Audit, error) {
	return []hub.Audit{opened}, f.record(ctx, "Audits")
}

func (f *fake) Audit(ctx context.Context, id string) (hub.Audit, error) {
	return opened, f.record(ctx, "Audit", id)
}

func (f *fake) AuditNonce(ctx context.Context, req hub.AuditNonceRequest) (hub.Audit, error) {
	return opened, f.record(ctx, "AuditNonce", req)
}

func (f *fake) AuditAnswer(ctx context.Context, req hub.AuditAnswerRequest) (hub.AuditAnswer, error) {
	return hub.AuditAnswer{
		Audit: "a1b2", Drawn: 3, Opened: 2, Lost: []string{"x"}, File: []byte{0, 255},
		Delivered: []hub.AuditDelivery{{Auditor: "C", Failure: &word}},
	}, f.record(ctx, "AuditAnswer", req)
}

func (f *fake) AuditReceived(ctx context.Context, id string) ([]byte, error) {
	return []byte{0, 3, 255}, f.record(ctx, "AuditReceived", id)
}

func (f *fake) AuditVerdict(ctx context.Context, req hub.AuditVerdictRequest) (hub.Audit, error) {
	return opened, f.record(ctx, "AuditVerdict", req)
}

func (f *fake) QueryLogs(ctx context.Context) (hub.QueryLogs, error) {
	return hub.QueryLogs{Today: "2026-01-02", Due: &word, Committed: []hub.LogsCommitted{{Member: "A", Last: &word}}, Differ: opened.Differ},
		f.record(ctx, "QueryLogs")
}

func (f *fake) LegalHolds(ctx context.Context) ([]hub.LegalHold, error) {
	return []hub.LegalHold{{Member: "B", InForce: true, CalledBy: []string{"A"}, ReleasedBy: []string{}}}, f.record(ctx, "LegalHolds")
}

func (f *fake) HoldLegally(ctx context.Context, req hub.LegalHoldRequest) (hub.LegalHold, error) {
	return hub.LegalHold{Member: "B", First: "x", CalledBy: []string{"A"}, ReleasedBy: []string{}}, f.record(ctx, "HoldLegally", req)
}
