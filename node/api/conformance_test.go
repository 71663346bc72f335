package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/node/api"
	"github.com/crosslight/crosslight/node/api/client"
	"github.com/crosslight/crosslight/node/hub"
)

const token = "t0ken"

func serve(t *testing.T, h hub.Hub) (*client.Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(api.New(h, api.Config{Token: token, Version: "test"}))
	t.Cleanup(server.Close)
	return client.New(server.URL, token), server
}

// invocation calls one method of a hub and returns everything that it answered.
type invocation struct {
	name string
	call func(context.Context, hub.Hub) (any, error)
}

func call[T any](f func(context.Context, hub.Hub) (T, error)) func(context.Context, hub.Hub) (any, error) {
	return func(ctx context.Context, h hub.Hub) (any, error) { return f(ctx, h) }
}

var invocations = []invocation{
	{"Status", call(func(ctx context.Context, h hub.Hub) (hub.Status, error) { return h.Status(ctx) })},
	{"Import", call(func(ctx context.Context, h hub.Hub) (hub.ImportReport, error) {
		return h.Import(ctx, strings.NewReader("type,value\n"), hub.FeedOptions{Format: "csv", Region: "GB", DryRun: true})
	})},
	{"Import", call(func(ctx context.Context, h hub.Hub) (hub.ImportReport, error) {
		return h.Import(ctx, strings.NewReader(""), hub.FeedOptions{})
	})},
	{"Indicators", call(func(ctx context.Context, h hub.Hub) (hub.IndicatorPage, error) {
		f := hub.IndicatorFilter{Type: "email", Reference: "a b&c=d/é"}
		f.Cursor, f.Limit = "c+/=", 7
		return h.Indicators(ctx, f)
	})},
	{"Indicator", call(func(ctx context.Context, h hub.Hub) (hub.Indicator, error) { return h.Indicator(ctx, "ab/c%2F d") })},
	{"Withdraw", call(func(ctx context.Context, h hub.Hub) (hub.WithdrawReport, error) {
		return h.Withdraw(ctx, hub.WithdrawRequest{Values: []hub.Value{{Type: "ip", Raw: "192.0.2.1"}}, Reference: "r", Region: "IT", DryRun: true})
	})},
	{"Mirrors", call(func(ctx context.Context, h hub.Hub) ([]hub.Mirror, error) {
		return h.Mirrors(ctx, hub.MirrorFilter{Holder: "Bank & B", Type: "email"})
	})},
	{"UpdateMirrors", call(func(ctx context.Context, h hub.Hub) ([]hub.MirrorOutcome, error) {
		return h.UpdateMirrors(ctx, hub.MirrorFilter{Holder: "B"})
	})},
	{"VerifyMirrors", call(func(ctx context.Context, h hub.Hub) ([]hub.MirrorOutcome, error) {
		return h.VerifyMirrors(ctx, hub.MirrorFilter{Type: "email"})
	})},
	{"Removals", call(func(ctx context.Context, h hub.Hub) (hub.RemovalPage, error) {
		return h.Removals(ctx, hub.PageRequest{Cursor: "c", Limit: 2})
	})},
	{"Removal", call(func(ctx context.Context, h hub.Hub) (hub.Removal, error) { return h.Removal(ctx, 7) })},
	{"Query", call(func(ctx context.Context, h hub.Hub) (hub.QueryReport, error) {
		return h.Query(ctx, hub.QueryRequest{
			Values: []hub.Value{{Type: "email", Raw: "a@example.com"}}, Holders: []string{"B"}, Types: []string{"email"},
			Purpose: "p", Case: "c", DryRun: true,
		}, nil)
	})},
	{"Query", call(func(ctx context.Context, h hub.Hub) (hub.QueryReport, error) {
		req := hub.QueryRequest{Values: []hub.Value{}, Holders: []string{}, Types: []string{}, Feed: hub.FeedOptions{Format: "jsonl", Region: "DE"}}
		return h.Query(ctx, req, strings.NewReader("--boundary\r\n{}\r\n"))
	})},
	{"Queries", call(func(ctx context.Context, h hub.Hub) (hub.QueryPage, error) {
		return h.Queries(ctx, hub.PageRequest{Cursor: "c", Limit: 2})
	})},
	{"QueryByID", call(func(ctx context.Context, h hub.Hub) (hub.QueryReport, error) { return h.QueryByID(ctx, "q1") })},
	{"Policy", call(func(ctx context.Context, h hub.Hub) (hub.Policy, error) { return h.Policy(ctx) })},
	{"CheckPolicy", call(func(ctx context.Context, h hub.Hub) (hub.PolicyDecision, error) {
		return h.CheckPolicy(ctx, hub.PolicyAsk{From: "A & Söhne", To: "B", Type: "email", Purpose: "p", HasCase: true})
	})},
	{"Members", call(func(ctx context.Context, h hub.Hub) ([]hub.Member, error) { return h.Members(ctx) })},
	{"Invite", call(func(ctx context.Context, h hub.Hub) ([]byte, error) { return h.Invite(ctx) })},
	{"Suspend", call(func(ctx context.Context, h hub.Hub) (hub.Suspension, error) {
		return h.Suspend(ctx, hub.SuspendRequest{Member: "Bank B", Reason: "r", DryRun: true})
	})},
	{"Propose", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) {
		return h.Propose(ctx, hub.ProposeRequest{Kind: "admit", Card: []byte{0, 255}, Reason: "r", DryRun: true})
	})},
	{"Propose", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) {
		return h.Propose(ctx, hub.ProposeRequest{Kind: "policy", Policy: &rules})
	})},
	{"Propose", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) {
		return h.Propose(ctx, hub.ProposeRequest{
			Kind: "sector", Member: "B", Seat: true, Voter: true, Sector: "ngo", Key: "00ff", Version: 2,
			Thresholds: &hub.Thresholds{Grave: "at least 3/4", Sectors: 3},
		})
	})},
	{"Proposals", call(func(ctx context.Context, h hub.Hub) ([]hub.Proposal, error) { return h.Proposals(ctx) })},
	{"Proposal", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) { return h.Proposal(ctx, "p1") })},
	{"Vote", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) {
		return h.Vote(ctx, hub.VoteRequest{Proposal: "p1", Vote: "no", DryRun: true})
	})},
	{"WithdrawProposal", call(func(ctx context.Context, h hub.Hub) (hub.Proposal, error) {
		return h.WithdrawProposal(ctx, hub.WithdrawProposalRequest{Proposal: "p1", DryRun: true})
	})},
	{"Draft", call(func(ctx context.Context, h hub.Hub) ([]byte, error) {
		return h.Draft(ctx, hub.DraftRequest{Act: "vote", Proposal: "p1", Seat: "B", Ahead: 2})
	})},
	{"Draft", call(func(ctx context.Context, h hub.Hub) ([]byte, error) {
		return h.Draft(ctx, hub.DraftRequest{Act: "propose", Propose: &hub.ProposeRequest{Kind: "policy", Policy: &rules}})
	})},
	{"Draft", call(func(ctx context.Context, h hub.Hub) ([]byte, error) {
		return h.Draft(ctx, hub.DraftRequest{Act: "suspend", Suspend: &hub.SuspendRequest{Member: "B", Reason: "r"}})
	})},
	{"SubmitSigned", call(func(ctx context.Context, h hub.Hub) (hub.Submitted, error) {
		return h.SubmitSigned(ctx, hub.SubmitRequest{File: []byte{0, 255}, DryRun: true})
	})},
	{"LedgerStatus", call(func(ctx context.Context, h hub.Hub) (hub.LedgerStatus, error) { return h.LedgerStatus(ctx) })},
	{"LedgerLog", call(func(ctx context.Context, h hub.Hub) (hub.LedgerPage, error) { return h.LedgerLog(ctx, 1<<63+5, 3) })},
	{"LedgerEntry", call(func(ctx context.Context, h hub.Hub) (hub.LedgerDetail, error) { return h.LedgerEntry(ctx, "12") })},
	{"LedgerCheckpoint", call(func(ctx context.Context, h hub.Hub) ([]byte, error) { return h.LedgerCheckpoint(ctx) })},
	{"LedgerProof", call(func(ctx context.Context, h hub.Hub) (hub.LedgerProof, error) { return h.LedgerProof(ctx, "12") })},
	{"LedgerExport", call(func(ctx context.Context, h hub.Hub) (string, error) {
		var b bytes.Buffer
		err := h.LedgerExport(ctx, &b)
		return b.String(), err
	})},
	{"RotateKey", call(func(ctx context.Context, h hub.Hub) (hub.KeyChange, error) {
		return h.RotateKey(ctx, hub.RotateRequest{Role: "log", DryRun: true})
	})},
	{"RevokeKey", call(func(ctx context.Context, h hub.Hub) (hub.KeyChange, error) {
		return h.RevokeKey(ctx, hub.RevokeRequest{Key: "00ff", DryRun: true})
	})},
	{"Draft", call(func(ctx context.Context, h hub.Hub) ([]byte, error) {
		return h.Draft(ctx, hub.DraftRequest{Act: "rotate", Role: "root", Key: "00", Root: []byte{1, 2}})
	})},
	{"Keys", call(func(ctx context.Context, h hub.Hub) (hub.Keys, error) { return h.Keys(ctx) })},
}

// TestEveryMethodIsInvoked holds the table against the interface: a method that is added to the hub
// fails here until it crosses HTTP too.
func TestEveryMethodIsInvoked(t *testing.T) {
	seen := map[string]bool{}
	for _, inv := range invocations {
		seen[inv.name] = true
	}
	for m := range reflect.TypeFor[hub.Hub]().Methods() {
		if !seen[m.Name] {
			t.Errorf("hub method %s is not in the table", m.Name)
		}
	}
}

// TestConformance calls every method directly and over HTTP; the hub must see the same arguments and
// the caller the same answer.
func TestConformance(t *testing.T) {
	for i, inv := range invocations {
		t.Run(fmt.Sprintf("%d %s", i, inv.name), func(t *testing.T) {
			near, far := &fake{}, &fake{}
			remote, _ := serve(t, far)
			want, err := inv.call(t.Context(), near)
			if err != nil {
				t.Fatal(err)
			}
			got, err := inv.call(t.Context(), remote)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer differs (-direct +http):\n%s", diff)
			}
			if diff := cmp.Diff(near.take(), far.take()); diff != "" {
				t.Errorf("hub saw a different call (-direct +http):\n%s", diff)
			}
		})
	}
}

// TestErrorsCross runs every method against a hub that fails, once for each error.
func TestErrorsCross(t *testing.T) {
	sentinels := []error{
		hub.ErrInvalid, hub.ErrNotFound, hub.ErrDenied, hub.ErrConflict, hub.ErrUnavailable, hub.ErrStorage,
	}
	for _, sentinel := range sentinels {
		far := &fake{err: fmt.Errorf("%w: do this next", sentinel)}
		remote, _ := serve(t, far)
		for _, inv := range invocations {
			_, err := inv.call(t.Context(), remote)
			if !errors.Is(err, sentinel) || err.Error() != far.err.Error() {
				t.Errorf("%s: got %v, want %v", inv.name, err, far.err)
			}
			for _, other := range sentinels {
				if other != sentinel && errors.Is(err, other) {
					t.Errorf("%s: %v is also %v", inv.name, err, other)
				}
			}
		}
	}
}

// TestOwnBugsStayInside shows that the text of an error which is not the hub's does not cross.
func TestOwnBugsStayInside(t *testing.T) {
	remote, _ := serve(t, &fake{err: errors.New("nil map in row a@example.com")})
	for _, inv := range invocations {
		_, err := inv.call(t.Context(), remote)
		if err == nil || strings.Contains(err.Error(), "example.com") || !strings.Contains(err.Error(), "request id") {
			t.Errorf("%s: got %v", inv.name, err)
		}
	}
}
