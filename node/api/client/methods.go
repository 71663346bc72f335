package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/crosslight/crosslight/node/hub"
)

// Status implements [hub.Hub].
func (c *Client) Status(ctx context.Context) (hub.Status, error) {
	return get[hub.Status](ctx, c, "/v1/status", nil)
}

// Indicators implements [hub.Hub].
func (c *Client) Indicators(ctx context.Context, f hub.IndicatorFilter) (hub.IndicatorPage, error) {
	q := paging(f.PageRequest)
	set(q, "type", f.Type)
	set(q, "reference", f.Reference)
	return get[hub.IndicatorPage](ctx, c, "/v1/indicators", q)
}

// Indicator implements [hub.Hub].
func (c *Client) Indicator(ctx context.Context, digest string) (hub.Indicator, error) {
	return at[hub.Indicator](ctx, c, "/v1/indicators/", digest)
}

// Withdraw implements [hub.Hub].
func (c *Client) Withdraw(ctx context.Context, req hub.WithdrawRequest) (hub.WithdrawReport, error) {
	req.Values = append([]hub.Value{}, req.Values...)
	return post[hub.WithdrawReport](ctx, c, "/v1/withdrawals", req)
}

// Queries implements [hub.Hub].
func (c *Client) Queries(ctx context.Context, page hub.PageRequest) (hub.QueryPage, error) {
	return get[hub.QueryPage](ctx, c, "/v1/queries", paging(page))
}

// QueryByID implements [hub.Hub].
func (c *Client) QueryByID(ctx context.Context, id string) (hub.QueryReport, error) {
	return at[hub.QueryReport](ctx, c, "/v1/queries/", id)
}

// Policy implements [hub.Hub].
func (c *Client) Policy(ctx context.Context) (hub.Policy, error) {
	return get[hub.Policy](ctx, c, "/v1/policy", nil)
}

// CheckPolicy implements [hub.Hub].
func (c *Client) CheckPolicy(ctx context.Context, ask hub.PolicyAsk) (hub.PolicyDecision, error) {
	q := url.Values{"from": {ask.From}, "to": {ask.To}, "type": {ask.Type}, "purpose": {ask.Purpose}}
	setBool(q, "has_case", ask.HasCase)
	return get[hub.PolicyDecision](ctx, c, "/v1/policy/check", q)
}

// Members implements [hub.Hub].
func (c *Client) Members(ctx context.Context) ([]hub.Member, error) {
	list, err := get[struct {
		Members []hub.Member `json:"members"`
	}](ctx, c, "/v1/members", nil)
	return list.Members, err
}

// Invite implements [hub.Hub].
func (c *Client) Invite(ctx context.Context) ([]byte, error) {
	out, err := post[struct {
		Invitation []byte `json:"invitation"`
	}](ctx, c, "/v1/invitations", nil)
	return out.Invitation, err
}

// Suspend implements [hub.Hub].
func (c *Client) Suspend(ctx context.Context, req hub.SuspendRequest) (hub.Suspension, error) {
	return post[hub.Suspension](ctx, c, "/v1/suspensions", req)
}

// Propose implements [hub.Hub].
func (c *Client) Propose(ctx context.Context, req hub.ProposeRequest) (hub.Proposal, error) {
	return post[hub.Proposal](ctx, c, "/v1/proposals", filledProposal(req))
}

// Proposals implements [hub.Hub].
func (c *Client) Proposals(ctx context.Context) ([]hub.Proposal, error) {
	list, err := get[struct {
		Proposals []hub.Proposal `json:"proposals"`
	}](ctx, c, "/v1/proposals", nil)
	return list.Proposals, err
}

// Proposal implements [hub.Hub].
func (c *Client) Proposal(ctx context.Context, id string) (hub.Proposal, error) {
	return at[hub.Proposal](ctx, c, "/v1/proposals/", id)
}

// Vote implements [hub.Hub].
func (c *Client) Vote(ctx context.Context, req hub.VoteRequest) (hub.Proposal, error) {
	if err := named(req.Proposal); err != nil {
		return hub.Proposal{}, err
	}
	vote := map[string]any{"vote": req.Vote, "dry_run": req.DryRun}
	return post[hub.Proposal](ctx, c, "/v1/proposals/"+url.PathEscape(req.Proposal)+"/votes", vote)
}

// WithdrawProposal implements [hub.Hub].
func (c *Client) WithdrawProposal(ctx context.Context, req hub.WithdrawProposalRequest) (hub.Proposal, error) {
	if err := named(req.Proposal); err != nil {
		return hub.Proposal{}, err
	}
	path := "/v1/proposals/" + url.PathEscape(req.Proposal) + "/withdrawal"
	return post[hub.Proposal](ctx, c, path, map[string]any{"dry_run": req.DryRun})
}

// Draft implements [hub.Hub].
func (c *Client) Draft(ctx context.Context, req hub.DraftRequest) ([]byte, error) {
	if req.Propose != nil {
		p := filledProposal(*req.Propose)
		req.Propose = &p
	}
	out, err := post[struct {
		Draft []byte `json:"draft"`
	}](ctx, c, "/v1/drafts", req)
	return out.Draft, err
}

// SubmitSigned implements [hub.Hub].
func (c *Client) SubmitSigned(ctx context.Context, req hub.SubmitRequest) (hub.Submitted, error) {
	return post[hub.Submitted](ctx, c, "/v1/submissions", req)
}

// LedgerStatus implements [hub.Hub].
func (c *Client) LedgerStatus(ctx context.Context) (hub.LedgerStatus, error) {
	return get[hub.LedgerStatus](ctx, c, "/v1/ledger", nil)
}

// LedgerLog implements [hub.Hub].
func (c *Client) LedgerLog(ctx context.Context, from uint64, limit int) (hub.LedgerPage, error) {
	q := url.Values{"from": {strconv.FormatUint(from, 10)}, "limit": {strconv.Itoa(limit)}}
	return get[hub.LedgerPage](ctx, c, "/v1/ledger/entries", q)
}

// LedgerEntry implements [hub.Hub].
func (c *Client) LedgerEntry(ctx context.Context, ref string) (hub.LedgerDetail, error) {
	return at[hub.LedgerDetail](ctx, c, "/v1/ledger/entries/", ref)
}

// LedgerCheckpoint implements [hub.Hub].
func (c *Client) LedgerCheckpoint(ctx context.Context) ([]byte, error) {
	out, err := get[struct {
		Checkpoint string `json:"checkpoint"`
	}](ctx, c, "/v1/ledger/checkpoint", nil)
	if err != nil {
		return nil, err
	}
	return []byte(out.Checkpoint), nil
}

// LedgerProof implements [hub.Hub].
func (c *Client) LedgerProof(ctx context.Context, ref string) (hub.LedgerProof, error) {
	if err := named(ref); err != nil {
		return hub.LedgerProof{}, err
	}
	return get[hub.LedgerProof](ctx, c, "/v1/ledger/entries/"+url.PathEscape(ref)+"/proof", nil)
}

// LedgerExport implements [hub.Hub]. After an error, what was written to w is not an export.
func (c *Client) LedgerExport(ctx context.Context, w io.Writer) error {
	resp, err := c.send(ctx, call{method: http.MethodGet, path: "/v1/ledger/export"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	out := &sink{w: w}
	_, err = io.Copy(out, resp.Body)
	switch {
	case out.err != nil:
		return fmt.Errorf("%w: %w", hub.ErrStorage, out.err)
	case err != nil:
		return cut(ctx, "the export was cut off; run it again", err)
	}
	return nil
}

// Keys implements [hub.Hub].
func (c *Client) Keys(ctx context.Context) (hub.Keys, error) {
	return get[hub.Keys](ctx, c, "/v1/keys", nil)
}

// RotateKey implements [hub.Hub].
func (c *Client) RotateKey(ctx context.Context, req hub.RotateRequest) (hub.KeyChange, error) {
	return post[hub.KeyChange](ctx, c, "/v1/keys/rotations", req)
}

// RevokeKey implements [hub.Hub].
func (c *Client) RevokeKey(ctx context.Context, req hub.RevokeRequest) (hub.KeyChange, error) {
	return post[hub.KeyChange](ctx, c, "/v1/keys/revocations", req)
}

// sink remembers that it was the caller's writer that failed, and not the node.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}

// at fetches the thing called id below path.
func at[T any](ctx context.Context, c *Client, path, id string) (T, error) {
	if err := named(id); err != nil {
		var zero T
		return zero, err
	}
	return get[T](ctx, c, path+url.PathEscape(id), nil)
}

// named refuses ids that a path cannot carry: it would name another route.
func named(id string) error {
	if id == "" || id == "." || id == ".." {
		return fmt.Errorf("%w: no such id", hub.ErrNotFound)
	}
	return nil
}

func paging(p hub.PageRequest) url.Values {
	q := url.Values{}
	set(q, "cursor", p.Cursor)
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	return q
}

func filledProposal(req hub.ProposeRequest) hub.ProposeRequest {
	if req.Policy != nil {
		p := filledPolicy(*req.Policy)
		req.Policy = &p
	}
	return req
}

func filledPolicy(p hub.Policy) hub.Policy {
	p.Purposes = append([]string{}, p.Purposes...)
	p.Rules = append([]hub.Rule{}, p.Rules...)
	p.Ceilings = append([]hub.Ceiling{}, p.Ceilings...)
	for i := range p.Rules {
		r := &p.Rules[i]
		for _, list := range []*[]string{&r.FromSectors, &r.FromMembers, &r.ToSectors, &r.ToMembers, &r.Types, &r.Purposes} {
			*list = append([]string{}, *list...)
		}
	}
	return p
}
