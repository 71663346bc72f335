package api_test

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// recorded is one call that reached the fake hub: the method and what it was given.
type recorded struct {
	Method string
	Args   []any
}

// fake is a hub that records its calls and answers with canned values, or with err.
type fake struct {
	mu    sync.Mutex
	calls []recorded
	err   error
	wait  bool // answer only when the context ends
}

var _ hub.Hub = (*fake)(nil)

func (f *fake) record(ctx context.Context, method string, args ...any) error {
	f.mu.Lock()
	f.calls = append(f.calls, recorded{method, args})
	f.mu.Unlock()
	if f.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f *fake) take() []recorded {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func drain(r io.Reader) string {
	if r == nil {
		return "<nil>"
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return string(b)
}

var (
	at    = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	three = 3
	word  = "ref-7"
	label = hub.Label{Category: "csam", Severity: &three, Reference: &word}
	own   = hub.Indicator{Digest: "d1", Type: "email", Label: label, Imported: at}
	match = hub.Match{Type: "email", Reference: &word, Holder: "Bank B", Severity: &three}
	asked = hub.QueryReport{
		ID: "q1", At: at, Purpose: "p", Queried: 2, Refusals: []hub.Refusal{{Line: 4, Type: "iban", Reason: "check digits"}},
		Asked: []hub.Asked{{Member: "Bank B", Status: "ok"}}, Matches: []hub.Match{match}, Partial: true,
	}
	rules = hub.Policy{Version: 1, Purposes: []string{"p"}, Rules: []hub.Rule{{
		ID: "r", FromSectors: []string{"*"}, FromMembers: []string{}, ToSectors: []string{"*"}, ToMembers: []string{},
		Types: []string{"*"}, Purposes: []string{"p"}, Reveal: "label", EvaluationsPerDay: 1 << 63,
		WatchSize: 3, BulkSetSize: 1 << 40, BulkLearn: "both", CountAllowed: true,
	}}, Ceilings: []hub.Ceiling{{Type: "phone", EvaluationsPerDay: 1 << 40}}, EpochDays: 90}
	ballot = hub.Proposal{
		ID: "p1", Kind: "suspend", Votes: []hub.BallotCast{{Member: "A", Sector: "tech", Vote: "yes"}},
		Missing: []string{"B"}, Effect: []string{"x"},
	}
)

func (f *fake) Status(ctx context.Context) (hub.Status, error) {
	return hub.Status{
		Name: "A", Reasons: []string{"r"}, Listen: []string{"l"}, StartedAt: at,
		Peers: []hub.PeerStatus{{Name: "B", Mirrored: 1}},
	}, f.record(ctx, "Status")
}

func (f *fake) Import(ctx context.Context, feed io.Reader, opts hub.FeedOptions) (hub.ImportReport, error) {
	return hub.ImportReport{Lines: 2, Imported: 1, Refused: 1, Refusals: []hub.Refusal{{Line: 2, Type: "ip", Reason: "private"}}},
		f.record(ctx, "Import", drain(feed), opts)
}

func (f *fake) Indicators(ctx context.Context, filter hub.IndicatorFilter) (hub.IndicatorPage, error) {
	return hub.IndicatorPage{Indicators: []hub.Indicator{own}, Next: "n"}, f.record(ctx, "Indicators", filter)
}

func (f *fake) Indicator(ctx context.Context, digest string) (hub.Indicator, error) {
	return own, f.record(ctx, "Indicator", digest)
}

func (f *fake) Withdraw(ctx context.Context, req hub.WithdrawRequest) (hub.WithdrawReport, error) {
	return hub.WithdrawReport{Withdrawn: 1, Digests: []string{"d1"}}, f.record(ctx, "Withdraw", req)
}

func (f *fake) Query(ctx context.Context, req hub.QueryRequest, feed io.Reader) (hub.QueryReport, error) {
	return asked, f.record(ctx, "Query", req, drain(feed))
}

func (f *fake) Queries(ctx context.Context, page hub.PageRequest) (hub.QueryPage, error) {
	return hub.QueryPage{Queries: []hub.QueryReport{asked}, Next: "n"}, f.record(ctx, "Queries", page)
}

func (f *fake) QueryByID(ctx context.Context, id string) (hub.QueryReport, error) {
	return asked, f.record(ctx, "QueryByID", id)
}

func (f *fake) Policy(ctx context.Context) (hub.Policy, error) {
	return rules, f.record(ctx, "Policy")
}

func (f *fake) CheckPolicy(ctx context.Context, ask hub.PolicyAsk) (hub.PolicyDecision, error) {
	return hub.PolicyDecision{Allowed: true, Rule: "r"}, f.record(ctx, "CheckPolicy", ask)
}

func (f *fake) Members(ctx context.Context) ([]hub.Member, error) {
	return []hub.Member{{Name: "A", Addresses: []string{"/ip4/192.0.2.1/tcp/1"}, CalledBy: []string{}}}, f.record(ctx, "Members")
}

func (f *fake) Invite(ctx context.Context) ([]byte, error) {
	return []byte{0, 1, 255}, f.record(ctx, "Invite")
}

func (f *fake) Suspend(ctx context.Context, req hub.SuspendRequest) (hub.Suspension, error) {
	return hub.Suspension{Member: "B", Status: "suspended", CalledBy: []string{"A"}, Until: &word, Effect: []string{"x"}}, f.record(ctx, "Suspend", req)
}

func (f *fake) Propose(ctx context.Context, req hub.ProposeRequest) (hub.Proposal, error) {
	return ballot, f.record(ctx, "Propose", req)
}

func (f *fake) Proposals(ctx context.Context) ([]hub.Proposal, error) {
	return []hub.Proposal{ballot}, f.record(ctx, "Proposals")
}

func (f *fake) Proposal(ctx context.Context, id string) (hub.Proposal, error) {
	return ballot, f.record(ctx, "Proposal", id)
}

func (f *fake) Vote(ctx context.Context, req hub.VoteRequest) (hub.Proposal, error) {
	return ballot, f.record(ctx, "Vote", req)
}

func (f *fake) WithdrawProposal(ctx context.Context, req hub.WithdrawProposalRequest) (hub.Proposal, error) {
	return ballot, f.record(ctx, "WithdrawProposal", req)
}

func (f *fake) Draft(ctx context.Context, req hub.DraftRequest) ([]byte, error) {
	return []byte{0, 2, 254}, f.record(ctx, "Draft", req)
}

func (f *fake) SubmitSigned(ctx context.Context, req hub.SubmitRequest) (hub.Submitted, error) {
	index := uint64(1<<63 + 3)
	return hub.Submitted{Member: "A", Kind: "vote", Seq: 2, Hash: "h", Index: &index, Words: []string{"w"}, Proposal: &ballot, DryRun: true},
		f.record(ctx, "SubmitSigned", req)
}

func (f *fake) LedgerStatus(ctx context.Context) (hub.LedgerStatus, error) {
	return hub.LedgerStatus{ID: "id", Size: 1<<63 + 1}, f.record(ctx, "LedgerStatus")
}

func (f *fake) LedgerLog(ctx context.Context, from uint64, limit int) (hub.LedgerPage, error) {
	return hub.LedgerPage{Entries: []hub.LedgerEntry{{Index: 1, Kind: "Vote"}}, Next: 9}, f.record(ctx, "LedgerLog", from, limit)
}

func (f *fake) LedgerEntry(ctx context.Context, ref string) (hub.LedgerDetail, error) {
	return hub.LedgerDetail{Index: 1<<63 + 1, Kind: "vote", Body: []byte(`{"time":18446744073709551615,"list":[]}`), Raw: []byte{0, 255}},
		f.record(ctx, "LedgerEntry", ref)
}

func (f *fake) LedgerExport(ctx context.Context, w io.Writer) error {
	if err := f.record(ctx, "LedgerExport"); err != nil {
		return err
	}
	_, err := io.WriteString(w, "tar bytes")
	return err
}

func (f *fake) Keys(ctx context.Context) (hub.Keys, error) {
	return hub.Keys{Member: "A", Keys: []hub.KeyInfo{{Role: "node"}}, Epochs: []hub.EpochInfo{{Epoch: 1}}}, f.record(ctx, "Keys")
}

func (f *fake) RotateKey(ctx context.Context, req hub.RotateRequest) (hub.KeyChange, error) {
	return hub.KeyChange{Member: "A", Role: "log", Key: "00", Effect: []string{"x"}, Restart: true}, f.record(ctx, "RotateKey", req)
}

func (f *fake) RevokeKey(ctx context.Context, req hub.RevokeRequest) (hub.KeyChange, error) {
	index := uint64(7)
	return hub.KeyChange{Member: "A", Index: &index, Effect: []string{"x"}}, f.record(ctx, "RevokeKey", req)
}

func (f *fake) LedgerCheckpoint(ctx context.Context) ([]byte, error) {
	return []byte("origin\n7\nroot=\n\n\u2014 name sig\n"), f.record(ctx, "LedgerCheckpoint")
}

func (f *fake) LedgerProof(ctx context.Context, ref string) (hub.LedgerProof, error) {
	return hub.LedgerProof{Index: 3, Size: 1<<63 + 1, Proof: []byte("p"), Entry: []byte{0, 255}}, f.record(ctx, "LedgerProof", ref)
}
