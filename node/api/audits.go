package api

import (
	"context"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

type (
	auditList struct {
		Audits []hub.Audit `json:"audits"`
	}
	holdList struct {
		Holds []hub.LegalHold `json:"holds"`
	}
	auditFile struct {
		Answer []byte `json:"answer" doc:"The encrypted answer, an age file, base64"`
	}
)

func (s *server) auditRoutes() {
	add(s, operation{"list-audits", http.MethodGet, "/v1/audits", "audits", "List audits by opening, newest first"},
		func(ctx context.Context, _ *none) (auditList, error) {
			audits, err := s.hub.Audits(ctx)
			return auditList{audits}, err
		})
	add(s, operation{"get-audit", http.MethodGet, "/v1/audits/{id}", "audits", "Show an audit by its id or a unique prefix"},
		func(ctx context.Context, in *idInput) (hub.Audit, error) { return s.hub.Audit(ctx, in.ID) })
	add(s, operation{"commit-nonce", http.MethodPost, "/v1/audit-nonces", "audits", "Commit this member's seat to a nonce of an audit"},
		func(ctx context.Context, in *body[hub.AuditNonceRequest]) (hub.Audit, error) {
			return s.hub.AuditNonce(ctx, in.Body)
		})
	add(s, operation{"answer-audit", http.MethodPost, "/v1/audit-answers", "audits", "Open what was drawn of this member's questions, encrypted to the auditors"},
		func(ctx context.Context, in *body[hub.AuditAnswerRequest]) (hub.AuditAnswer, error) {
			return s.hub.AuditAnswer(ctx, in.Body)
		})
	add(s, operation{"get-audit-answer", http.MethodGet, "/v1/audits/{id}/answer", "audits", "Fetch the answer that a querier has brought to this node"},
		func(ctx context.Context, in *idInput) (auditFile, error) {
			file, err := s.hub.AuditReceived(ctx, in.ID)
			return auditFile{file}, err
		})
	add(s, operation{"judge-audit", http.MethodPost, "/v1/audit-verdicts", "audits", "Enter this member's verdict as an auditor"},
		func(ctx context.Context, in *body[hub.AuditVerdictRequest]) (hub.Audit, error) {
			return s.hub.AuditVerdict(ctx, in.Body)
		})
	add(s, operation{"get-query-logs", http.MethodGet, "/v1/query-logs", "audits", "Show how far members have committed to their query logs, and which do not agree"},
		func(ctx context.Context, _ *none) (hub.QueryLogs, error) { return s.hub.QueryLogs(ctx) })
	add(s, operation{"list-legal-holds", http.MethodGet, "/v1/legal-holds", "audits", "List legal holds, newest first"},
		func(ctx context.Context, _ *none) (holdList, error) {
			holds, err := s.hub.LegalHolds(ctx)
			return holdList{holds}, err
		})
	add(s, operation{"hold-legally", http.MethodPost, "/v1/legal-holds", "audits", "Call for a legal hold, or for its release"},
		func(ctx context.Context, in *body[hub.LegalHoldRequest]) (hub.LegalHold, error) {
			return s.hub.HoldLegally(ctx, in.Body)
		})
}
