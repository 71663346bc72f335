package client

import (
	"context"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// Audits implements [hub.Hub].
func (c *Client) Audits(ctx context.Context) ([]hub.Audit, error) {
	list, err := get[struct {
		Audits []hub.Audit `json:"audits"`
	}](ctx, c, "/v1/audits", nil)
	return list.Audits, err
}

// Audit implements [hub.Hub].
func (c *Client) Audit(ctx context.Context, id string) (hub.Audit, error) {
	return at[hub.Audit](ctx, c, "/v1/audits/", id)
}

// AuditNonce implements [hub.Hub].
func (c *Client) AuditNonce(ctx context.Context, req hub.AuditNonceRequest) (hub.Audit, error) {
	return post[hub.Audit](ctx, c, "/v1/audit-nonces", req)
}

// AuditAnswer implements [hub.Hub].
func (c *Client) AuditAnswer(ctx context.Context, req hub.AuditAnswerRequest) (hub.AuditAnswer, error) {
	return post[hub.AuditAnswer](ctx, c, "/v1/audit-answers", req)
}

// AuditReceived implements [hub.Hub].
func (c *Client) AuditReceived(ctx context.Context, id string) ([]byte, error) {
	if err := named(id); err != nil {
		return nil, err
	}
	out, err := get[struct {
		Answer []byte `json:"answer"`
	}](ctx, c, "/v1/audits/"+url.PathEscape(id)+"/answer", nil)
	return out.Answer, err
}

// AuditVerdict implements [hub.Hub].
func (c *Client) AuditVerdict(ctx context.Context, req hub.AuditVerdictRequest) (hub.Audit, error) {
	return post[hub.Audit](ctx, c, "/v1/audit-verdicts", req)
}

// QueryLogs implements [hub.Hub].
func (c *Client) QueryLogs(ctx context.Context) (hub.QueryLogs, error) {
	return get[hub.QueryLogs](ctx, c, "/v1/query-logs", nil)
}

// LegalHolds implements [hub.Hub].
func (c *Client) LegalHolds(ctx context.Context) ([]hub.LegalHold, error) {
	list, err := get[struct {
		Holds []hub.LegalHold `json:"holds"`
	}](ctx, c, "/v1/legal-holds", nil)
	return list.Holds, err
}

// HoldLegally implements [hub.Hub].
func (c *Client) HoldLegally(ctx context.Context, req hub.LegalHoldRequest) (hub.LegalHold, error) {
	return post[hub.LegalHold](ctx, c, "/v1/legal-holds", req)
}
