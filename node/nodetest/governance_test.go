package nodetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// vote casts one seat's vote and returns what became of the proposal.
func vote(t *testing.T, c *Consortium, org, id, how string) hub.Proposal {
	t.Helper()
	c.Until(org+" sees the proposal", func() bool {
		_, err := c.Hub(org).Proposal(context.Background(), id)
		return err == nil
	})
	p, err := c.Hub(org).Vote(context.Background(), hub.VoteRequest{Proposal: id, Vote: how})
	if err != nil {
		t.Fatalf("vote of %s: %v", org, err)
	}
	return p
}

func propose(t *testing.T, c *Consortium, org string, req hub.ProposeRequest) hub.Proposal {
	t.Helper()
	p, err := c.Hub(org).Propose(context.Background(), req)
	if err != nil {
		t.Fatalf("proposal of %s: %v", org, err)
	}
	return p
}

func TestFourthMemberJoins(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	card := c.Init(Org{Name: "hotline", Sector: "hotline"})

	p := propose(t, c, "police", hub.ProposeRequest{Kind: "admit", Card: card, Reason: "runs the national hotline"})
	if p.State != "open" || len(p.Missing) != 3 {
		t.Fatalf("proposal %+v", p)
	}
	if p = vote(t, c, "police", p.ID, "yes"); p.State != "open" {
		t.Fatalf("one yes of three decides: %+v", p)
	}
	if p = vote(t, c, "bank", p.ID[:8], "yes"); p.State != "accepted" {
		t.Fatalf("yes of two seats and two sectors does not decide: %+v", p)
	}

	invitation, err := c.Hub("platform").Invite(context.Background())
	c.must(err)
	c.must(node.Join(c.Home("hotline"), invitation))
	c.Start("hotline")
	c.Ready()

	importCSV(t, c, "hotline", "email,Shared@example.com,livestream,5,HOT-1,,\n")
	report := ask(t, c, "hotline", hub.Value{Type: "email", Raw: "shared@example.com"})
	if len(report.Matches) != 1 || report.Matches[0].Holder != "bank" || report.Partial {
		t.Fatalf("the newcomer asks: %+v", report)
	}
	report = ask(t, c, "platform", hub.Value{Type: "email", Raw: "shared@example.com"})
	if len(report.Matches) != 2 || report.Partial {
		t.Fatalf("the newcomer is asked: %+v", report)
	}
}

// TestInvitationToAnotherHistory: a newcomer whose invitation pins a root that the ledger never had
// stops, and says why.
func TestInvitationToAnotherHistory(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	card := c.Init(Org{Name: "hotline", Sector: "hotline"})
	p := propose(t, c, "police", hub.ProposeRequest{Kind: "admit", Card: card})
	vote(t, c, "police", p.ID, "yes")
	invitation, err := c.Hub("platform").Invite(context.Background())
	c.must(err)
	vote(t, c, "bank", p.ID, "yes")
	c.must(node.Join(c.Home("hotline"), otherRoot(t, invitation)))
	n := c.Start("hotline")
	failed := make(chan error, 1)
	go func() { failed <- n.Wait() }()
	select {
	case err := <-failed:
		if !errors.Is(err, node.ErrForked) {
			t.Fatalf("the node stopped with %v", err)
		}
	case <-time.After(readyWithin):
		t.Fatal("the node goes on with another history")
	}
}

func TestSuspendedMemberIsRefused(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	value := hub.Value{Type: "email", Raw: "shared@example.com"}
	if got := ask(t, c, "platform", value); len(got.Matches) != 1 {
		t.Fatalf("before: %+v", got)
	}
	p := propose(t, c, "bank", hub.ProposeRequest{Kind: "suspend", Member: "platform", Reason: "key lost"})
	vote(t, c, "bank", p.ID, "yes")
	if p = vote(t, c, "police", p.ID, "yes"); p.State != "accepted" {
		t.Fatalf("proposal %+v", p)
	}
	for _, org := range []string{"bank", "police"} {
		c.Until(org+" sees the suspension", func() bool { return status(t, c, org, "platform") == "suspended" })
	}
	// The suspended node may not have noticed yet: then every holder refuses it by itself.
	got := ask(t, c, "platform", value)
	if len(got.Matches) != 0 || got.Evaluations != 0 {
		t.Fatalf("a suspended member is answered: %+v", got)
	}
	for _, a := range got.Asked {
		if a.Status != "suspended" && a.Status != "unreachable" {
			t.Errorf("%s answers %s", a.Member, a.Status)
		}
	}
	// Its vote still counts, and a reinstatement lets it in again.
	c.Until("platform sees its suspension", func() bool { return status(t, c, "platform", "platform") == "suspended" })
	p = propose(t, c, "bank", hub.ProposeRequest{Kind: "reinstate", Member: "platform"})
	vote(t, c, "platform", p.ID, "yes")
	if p = vote(t, c, "bank", p.ID, "yes"); p.State != "accepted" {
		t.Fatalf("reinstatement %+v", p)
	}
	c.Until("all see the reinstatement", func() bool {
		return status(t, c, "bank", "platform") == "active" && status(t, c, "police", "platform") == "active" &&
			status(t, c, "platform", "platform") == "active" // which decides whether it asks at all
	})
	for _, org := range []string{"bank", "police"} { // under those of before it is answered no more
		opens(c, org, 2, trio...)
	}
	c.allFinal()
	if got := ask(t, c, "platform", value); len(got.Matches) != 1 || got.Partial {
		t.Fatalf("after the reinstatement: %+v", got)
	}
}

// allFinal waits until what each running node has executed by now is final there: permissions are by then.
func (c *Consortium) allFinal() {
	c.t.Helper()
	for _, name := range c.up() {
		size := c.Node(name).Ledger().Status().Size
		c.must(c.Node(name).Ledger().WaitFinal(c.t.Context(), size))
	}
}

func status(t *testing.T, c *Consortium, at, of string) string {
	t.Helper()
	members, err := c.Hub(at).Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if m.Name == of {
			return m.Status
		}
	}
	return ""
}

// TestPolicyIsDefaultDeny: what no rule allows is denied on the asking side and, should that side
// cheat, by the holder; where only matches are revealed, labels stay away.
func TestPolicy(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{Policy: &hub.Policy{
		Version: 1, Purposes: []string{"child-protection-investigation"},
		Rules: []hub.Rule{{
			ID: "platform-asks-bank", FromSectors: []string{"tech"}, ToSectors: []string{"finance"}, Types: []string{"email"},
			Purposes: []string{"*"}, Reveal: "match", CaseRequired: true, EvaluationsPerDay: 5, RetentionDays: 30,
		}},
	}})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\nphone,+12125550142,livestream,3,BANK-2,,\n")
	report := ask(t, c, "platform",
		hub.Value{Type: "email", Raw: "shared@example.com"}, hub.Value{Type: "phone", Raw: "+12125550142"})
	if len(report.Matches) != 1 || report.Matches[0].Category != nil || report.Matches[0].HolderReference != nil {
		t.Fatalf("match without label expected: %+v", report.Matches)
	}
	for _, a := range report.Asked {
		switch {
		case a.Member == "bank" && (a.Status != "ok" || !strings.Contains(a.Detail, "phone")):
			t.Errorf("bank: %+v", a)
		case a.Member == "police" && a.Status != "not-permitted":
			t.Errorf("police: %+v", a)
		}
	}
	if got := ask(t, c, "bank", hub.Value{Type: "email", Raw: "shared@example.com"}); got.Evaluations != 0 {
		t.Fatalf("nobody lets the bank ask: %+v", got)
	}
	for range 4 { // 1 of 5 is spent
		ask(t, c, "platform", hub.Value{Type: "email", Raw: "shared@example.com"})
	}
	report = ask(t, c, "platform", hub.Value{Type: "email", Raw: "shared@example.com"})
	for _, a := range report.Asked {
		if a.Member == "bank" && (a.Status != "budget-spent" || !strings.Contains(a.Detail, "T00:00:00Z")) {
			t.Errorf("after five evaluations: %+v", a)
		}
	}
	if !report.Partial {
		t.Error("a refusal for want of budget is a partial answer")
	}
}

// entries are the first n entries of the ledger as the bank has it. Clocks are attested all the time, so
// more may follow.
func entries(t *testing.T, c *Consortium, n uint64) []hub.LedgerEntry {
	t.Helper()
	page, err := c.Hub("bank").LedgerLog(context.Background(), 0, int(n))
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

// TestLedgerSurvivesRestarts: the whole consortium goes down and comes back with the same history, and
// an export verifies.
func TestLedgerSurvivesRestarts(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	before, err := c.Hub("bank").LedgerStatus(context.Background())
	c.must(err)
	entriesBefore := entries(t, c, before.Size)
	for _, o := range Trio() {
		c.Stop(o.Name)
	}
	for _, o := range Trio() {
		c.Start(o.Name)
	}
	c.Ready()
	after, err := c.Hub("bank").LedgerStatus(context.Background())
	c.must(err)
	if after.Size < before.Size || after.ID != before.ID {
		t.Fatalf("before %+v, after %+v", before, after)
	}
	if diff := cmp.Diff(entriesBefore, entries(t, c, before.Size)); diff != "" {
		t.Fatalf("history changed over the restart (-before +after):\n%s", diff)
	}
	if got := ask(t, c, "platform", hub.Value{Type: "email", Raw: "shared@example.com"}); len(got.Matches) != 1 {
		t.Fatalf("after the restart: %+v", got)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "export.tar"))
	c.must(err)
	defer file.Close()
	c.must(c.Hub("police").LedgerExport(context.Background(), file))
}

// TestSuspensionClosesStreams: a data stream that a member holds open when it is suspended ends at once,
// and a new one is answered with the reason.
func TestSuspensionClosesStreams(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	rogue := c.Rogue("platform")
	bank := c.Card("bank")
	open := rogue.open(t, bank, session.MirrorProtocol)
	c.must(open.SetDeadline(time.Now().Add(readyWithin)))
	c.must(wire.WriteFrame(open, mirrorQuestion(t, rogue, bank)))
	_, err := wire.ReadFrame(open, session.MaxMirrorAnswer)
	c.must(err)

	p := propose(t, c, "bank", hub.ProposeRequest{Kind: "suspend", Member: "platform", Reason: "key lost"})
	vote(t, c, "bank", p.ID, "yes")
	vote(t, c, "police", p.ID, "yes")
	voted := time.Now()
	if _, err := open.Read(make([]byte, 1)); err == nil || errors.Is(err, p2p.ErrTimeout) {
		t.Fatalf("the stream is still open: %v", err)
	}
	if took := time.Since(voted); took > 5*time.Second {
		t.Errorf("the stream was closed after %s", took)
	}
	c.Until("a suspended member is answered", func() bool {
		s, err := rogue.Host.Open(t.Context(), bank.Keys.Node.PeerID(), session.MirrorProtocol)
		c.must(err)
		c.must(s.SetDeadline(time.Now().Add(readyWithin)))
		if wire.WriteFrame(s, mirrorQuestion(t, rogue, bank)) != nil {
			return false // its streams are closed with each entry that the ledger takes
		}
		answer, err := wire.ReadFrame(s, session.MaxMirrorAnswer)
		if err != nil {
			return false
		}
		got, err := session.ParseMirrorAnswer(answer)
		if err != nil || got.Code != session.Suspended {
			t.Fatalf("it is answered %+v, %v", got, err)
		}
		return true
	})
}

// mirrorQuestion asks for a holder's manifests.
func mirrorQuestion(t *testing.T, r *Rogue, holder member.Card) []byte {
	t.Helper()
	msg, err := session.NewPuller(r.LedgerID, holder.Keys.Node).AskManifests(0)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// TestLedgerTimeGoesOn: the founders' nodes attest their clocks by themselves, and ledger time comes to
// stand where those are, on every node.
func TestLedgerTimeGoesOn(t *testing.T) {
	repeats(t)
	t.Parallel()
	before := time.Now().Add(-2 * time.Second)
	c := New(t, Trio(), Options{})
	for _, o := range Trio() {
		c.Until(o.Name+" sees ledger time", func() bool {
			s, err := c.Hub(o.Name).LedgerStatus(context.Background())
			c.must(err)
			at, err := time.Parse(time.RFC3339, s.Time)
			c.must(err)
			return s.ClockFresh == 3 && s.ClockQuorum == 2 && at.After(before) && !at.After(time.Now())
		})
	}
	p := propose(t, c, "police", hub.ProposeRequest{Kind: "suspend", Member: "bank"})
	if p.Expires == nil {
		t.Fatal("an open proposal does not say when it expires")
	}
	at, err := time.Parse(time.RFC3339, *p.Expires)
	c.must(err)
	if left := time.Until(at); left < 29*24*time.Hour || left > 30*24*time.Hour {
		t.Errorf("a new proposal is open for %s", left)
	}
}

// TestEmergencySuspensionCutsOff: with the second call every other node refuses the member, within the
// five seconds that the ledger promises, and its vote and its clock go on counting.
func TestEmergencySuspensionCutsOff(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	value := hub.Value{Type: "email", Raw: "shared@example.com"}
	call := func(org string) hub.Suspension {
		s, err := c.Hub(org).Suspend(t.Context(), hub.SuspendRequest{Member: "platform", Reason: "key stolen"})
		c.must(err)
		return s
	}
	if s := call("bank"); s.Status != "active" || s.Until != nil || len(s.CalledBy) != 1 {
		t.Fatalf("one call: %+v", s)
	}
	if got := ask(t, c, "platform", value); len(got.Matches) != 1 {
		t.Fatalf("after one call: %+v", got)
	}
	c.Until("police sees the call", func() bool {
		s, err := c.Hub("police").Suspend(t.Context(), hub.SuspendRequest{Member: "platform", DryRun: true})
		return err == nil && len(s.CalledBy) == 1
	})
	began := time.Now()
	if s := call("police"); s.Status != "suspended" || s.Until == nil || len(s.CalledBy) != 2 {
		t.Fatalf("two calls: %+v", s)
	}
	c.Until("the bank sees the suspension", func() bool { return status(t, c, "bank", "platform") == "suspended" })
	got := ask(t, c, "platform", value)
	if len(got.Matches) != 0 || got.Evaluations != 0 {
		t.Fatalf("a suspended member is answered: %+v", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("cut off after %s", took)
	}
	for _, org := range []string{"bank", "platform"} {
		c.Until(org+" sees three voters and their clocks, the suspended one's among them", func() bool {
			s, err := c.Hub(org).LedgerStatus(t.Context())
			return err == nil && s.Voters == 3 && s.ClockFresh == 3
		})
	}
	p := propose(t, c, "bank", hub.ProposeRequest{Kind: "reinstate", Member: "platform"})
	vote(t, c, "platform", p.ID, "yes")
	if p = vote(t, c, "bank", p.ID, "yes"); p.State != "accepted" {
		t.Fatalf("reinstatement %+v", p)
	}
	_, err := c.Hub("bank").Suspend(t.Context(), hub.SuspendRequest{Member: "police", DryRun: true})
	if !errors.Is(err, hub.ErrConflict) {
		t.Errorf("a seat whose suspension was overturned: %v", err)
	}
}
