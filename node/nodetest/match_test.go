package nodetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

const sharedRow = "email,shared@example.com,livestream,3,BANK-1,,\n"

var sharedValue = hub.Value{Type: "email", Raw: "shared@example.com"}

// detail shows a match or a notice.
func detail(t *testing.T, c *Consortium, org, id string) hub.MatchDetail {
	t.Helper()
	d, err := c.Hub(org).Match(context.Background(), id)
	c.must(err)
	return d
}

func notices(t *testing.T, c *Consortium, org string) []hub.Notice {
	t.Helper()
	page, err := c.Hub(org).Notices(context.Background(), hub.NoticeFilter{})
	c.must(err)
	return page.Notices
}

func notify(t *testing.T, c *Consortium, org string, ids ...string) hub.NotifyReport {
	t.Helper()
	report, err := c.Hub(org).NotifyMatches(context.Background(), hub.NotifyRequest{IDs: ids, Contact: org + "-desk@example.com"})
	c.must(err)
	return report
}

// TestNoticeReachesTheItemAndComesBack: the holder is told of its item while it was away, knows which one
// it is, and its verdict comes back; both sides have the other's signature.
func TestNoticeReachesTheItemAndComesBack(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", sharedRow+"email,other@example.com,livestream,3,BANK-2,,\n")
	found := ask(t, c, "platform", sharedValue).Matches
	if len(found) != 1 {
		t.Fatalf("%d matches", len(found))
	}
	id := found[0].ID
	dry, err := c.Hub("platform").NotifyMatches(context.Background(), hub.NotifyRequest{IDs: []string{id}, DryRun: true})
	c.must(err)
	if dry.Notices[0].Status != "would-tell" || detail(t, c, "platform", id).Match.State != "new" {
		t.Fatalf("dry run %+v", dry)
	}
	c.Stop("bank")
	if r := notify(t, c, "platform", id); r.Notices[0].Status != "queued" {
		t.Fatalf("%+v", r)
	}
	if r := notify(t, c, "platform", id); r.Notices[0].Status != "told-before" {
		t.Fatalf("the same again: %+v", r)
	}
	c.Stop("platform") // the outbox must outlive it
	c.Start("platform")
	c.Start("bank")
	c.Ready()
	c.Until("the notice is led to its item", func() bool {
		in := notices(t, c, "bank")
		return len(in) == 1 && in[0].Item == "found"
	})
	in := notices(t, c, "bank")[0]
	if in.From != "platform" || *in.Reference != "BANK-1" || in.Digest == nil || *in.Contact != "platform-desk@example.com" ||
		in.Case == nil || in.Purpose != "child-protection-investigation" {
		t.Fatalf("notice %+v", in)
	}
	c.Until("the receipt is back", func() bool { return detail(t, c, "platform", id).Said[0].State == "delivered" })
	said, heard := detail(t, c, "platform", id).Said[0], detail(t, c, "bank", in.ID).Heard[0]
	if !bytes.Equal(said.Body, heard.Body) || !bytes.Equal(said.Receipt, heard.Receipt) || len(said.ReceiptSignature) != 64 || len(heard.Signature) != 64 {
		t.Fatal("the two do not have the same statement and receipt")
	}

	_, err = c.Hub("bank").DisputeMatch(context.Background(), hub.MatchVerdict{ID: in.ID, Verdict: "false-positive"})
	c.must(err)
	c.Until("the verdict is back", func() bool {
		d := detail(t, c, "platform", id)
		return len(d.Heard) == 1 && *d.Heard[0].Verdict == "false-positive" && d.Match.State == "disputed"
	})
	_, err = c.Hub("platform").CloseMatch(context.Background(), hub.MatchVerdict{ID: id, Verdict: "confirmed", Note: "we looked"})
	c.must(err)
	c.Until("the querier's verdict is there", func() bool {
		d := detail(t, c, "bank", in.ID)
		return len(d.Heard) == 2 && *d.Heard[1].Verdict == "confirmed"
	})
	if d := detail(t, c, "platform", id); d.Match.State != "closed" || len(d.Notes) != 1 || len(d.Sightings) != 1 {
		t.Fatalf("at the end %+v", d)
	}
	// The same value again is the same match.
	if again := ask(t, c, "platform", sharedValue).Matches; again[0].ID != id || len(detail(t, c, "platform", id).Sightings) != 2 {
		t.Fatalf("another match: %+v", again)
	}
}

// TestDisputeTellsTheHolderOfTheMatch: a holder that was never told hears of the match and the verdict.
func TestDisputeTellsTheHolderOfTheMatch(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", sharedRow)
	id := ask(t, c, "platform", sharedValue).Matches[0].ID
	_, err := c.Hub("platform").DisputeMatch(context.Background(), hub.MatchVerdict{ID: id, Verdict: "not-ours", Local: true})
	c.must(err)
	if d := detail(t, c, "platform", id); d.Match.State != "disputed" || len(d.Said) != 0 {
		t.Fatalf("local %+v", d)
	}
	_, err = c.Hub("platform").DisputeMatch(context.Background(), hub.MatchVerdict{ID: id, Verdict: "false-positive"})
	c.must(err)
	c.Until("the holder knows", func() bool {
		in := notices(t, c, "bank")
		if len(in) != 1 || in[0].State != "disputed" {
			return false
		}
		d := detail(t, c, "bank", in[0].ID)
		return len(d.Heard) == 2 && *d.Heard[1].Verdict == "false-positive"
	})
}

// TestSuspendedMemberTellsNobody: what waits when a member is suspended is not told, and goes when it is
// reinstated.
func TestSuspendedMemberTellsNobody(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", sharedRow)
	id := ask(t, c, "platform", sharedValue).Matches[0].ID
	p := propose(t, c, "bank", hub.ProposeRequest{Kind: "suspend", Member: "platform", Reason: "key lost"})
	vote(t, c, "bank", p.ID, "yes")
	vote(t, c, "police", p.ID, "yes")
	for _, org := range []string{"bank", "platform"} {
		c.Until(org+" sees the suspension", func() bool { return status(t, c, org, "platform") == "suspended" })
	}
	if r := notify(t, c, "platform", id); r.Notices[0].Status != "not-possible" {
		t.Fatalf("a suspended member may tell: %+v", r)
	}
	if in := notices(t, c, "bank"); len(in) != 0 {
		t.Fatalf("the holder heard %+v", in)
	}
}

// tellAll has the platform tell the bank of everything that a query found, and the bank dispute it all.
func tellAll(t *testing.T, c *Consortium, query string) {
	t.Helper()
	_, err := c.Hub("platform").NotifyMatches(context.Background(), hub.NotifyRequest{Query: query, Contact: "desk@platform.example"})
	c.must(err)
	c.Until("every notice is led to its item", func() bool {
		in := notices(t, c, "bank")
		for _, n := range in {
			if n.Item != "found" {
				return false
			}
		}
		return len(in) == len(canaries)
	})
	for _, n := range notices(t, c, "bank") {
		_, err := c.Hub("bank").DisputeMatch(context.Background(), hub.MatchVerdict{ID: n.ID, Verdict: "not-ours", Note: canaryCase})
		c.must(err)
	}
	c.Until("every verdict is back", func() bool {
		page, err := c.Hub("platform").Matches(context.Background(), hub.MatchFilter{State: "disputed"})
		c.must(err)
		return len(page.Matches) == len(canaries)
	})
}

// TestForgedNotices: a member that has the bank's index, but not the value, cannot make a notice that
// leads anywhere; one without a rule, or about nothing, is told so, signed.
func TestForgedNotices(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", sharedRow)
	id := ask(t, c, "platform", sharedValue).Matches[0].ID
	notify(t, c, "platform", id)
	c.Until("the true notice is there", func() bool { return len(notices(t, c, "bank")) == 1 })
	told, err := session.ReadBody(session.NoticeKind, detail(t, c, "platform", id).Said[0].Body)
	c.must(err)

	r := c.Rogue("platform")
	bank := c.Card("bank")
	stream := r.open(t, bank, session.MatchProtocol)
	machine := session.NewNotifier(session.NotifierConfig{Ledger: r.LedgerID, Key: r.Ring.Private(member.Node), Receiver: bank.Keys.Node})
	say := func(s *session.Statement, err error) error {
		t.Helper()
		c.must(err)
		msg, err := machine.Send(s)
		c.must(err)
		c.must(wire.WriteFrame(stream, msg))
		reply, err := wire.ReadFrame(stream, session.MaxTold)
		c.must(err)
		_, err = machine.Receive(reply)
		return err
	}
	forged := *told.Notice // the tag is right: every mirror shows it
	forged.ID, forged.Reference = session.StatementID{1}, ""
	if err := say(session.SignNotice(forged, r.Ring.Private(member.Node), [32]byte{1})); err != nil {
		t.Fatal(err)
	}
	c.Until("the forged notice leads nowhere", func() bool {
		in := notices(t, c, "bank")
		return len(in) == 2 && in[0].Item == "unknown" && in[1].Item == "found"
	})
	other := forged
	other.Contact = "somebody else"
	refused := func(name string, code session.Code, err error) {
		t.Helper()
		var d *session.Declined
		if !errors.As(err, &d) || d.Code != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("an id used again", session.RequestReused, say(session.SignNotice(other, r.Ring.Private(member.Node), [32]byte{1})))
	other.ID, other.Purpose = session.StatementID{2}, "no-such-purpose"
	refused("without a rule", session.NotPermitted, say(session.SignNotice(other, r.Ring.Private(member.Node), [32]byte{1})))
	refused("a verdict about nothing", session.NotFound, say(session.SignFeedback(session.Feedback{
		Ledger: r.LedgerID, Receiver: bank.Keys.Node.PeerID(), ID: session.StatementID{3}, Verdict: session.Confirmed,
	}, r.Ring.Private(member.Node))))

	// The same statement again gets its receipt again.
	if err := say(session.SignNotice(forged, r.Ring.Private(member.Node), [32]byte{1})); err != nil {
		t.Error(err)
	}
	if in := notices(t, c, "bank"); len(in) != 2 {
		t.Errorf("%d notices kept", len(in))
	}
}

// TestTransparency: what is counted, and that the counts of different members of one exchange agree.
func TestTransparency(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", sharedRow)
	for range 11 {
		ask(t, c, "platform", sharedValue)
	}
	_, err := c.Hub("police").Query(context.Background(), hub.QueryRequest{
		Values: []hub.Value{sharedValue}, Purpose: "child-protection-investigation", Case: "case-1", Holders: []string{"bank"},
	}, nil)
	c.must(err)
	period := hub.TransparencyRequest{
		From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	report := func(org string) hub.TransparencyReport {
		t.Helper()
		r, err := c.Hub(org).Transparency(context.Background(), period)
		c.must(err)
		return r
	}
	if r := report("platform"); !r.Whole || r.Warning != nil || len(r.Figures) == 0 {
		t.Errorf("an empty month: %+v", r)
	}
	now := time.Now().UTC()
	period.From = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	period.To = period.From.AddDate(0, 1, 0)
	figure := func(r hub.TransparencyReport, kind, sector string) string {
		t.Helper()
		for _, f := range r.Figures {
			if f.Kind == kind && *f.Sector == sector && *f.Purpose == "child-protection-investigation" {
				return f.Shown
			}
		}
		t.Fatalf("no figure %s/%s", kind, sector)
		return ""
	}
	asked, answered := report("platform"), report("bank")
	for _, f := range []struct{ name, got, want string }{
		{"asked of the bank", figure(asked, "queries-asked", "finance"), "11"},
		{"asked of the police", figure(asked, "queries-asked", "law-enforcement"), "11"},
		{"answered to the platform", figure(answered, "queries-answered", "tech"), "11"},
		{"answered to the police", figure(answered, "queries-answered", "law-enforcement"), "<10"},
		{"one match", figure(asked, "matches", "finance"), "<10"},
		{"none", figure(asked, "notices-sent", "finance"), "<10"},
	} {
		if f.got != f.want {
			t.Errorf("%s: %s, want %s", f.name, f.got, f.want)
		}
	}
	for _, f := range answered.Totals {
		if f.Kind == "queries-answered" && f.Sector == nil && (f.Count != nil || len(f.Entries) != 0) {
			t.Errorf("a total over a hidden count is shown: %+v", f)
		}
	}
}
