package nodetest

import (
	"bytes"
	"context"
	"testing"

	"github.com/crosslight/crosslight/node/hub"
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
