package nodetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
)

// between sets a machine's clock off by some time and back when the test is over.
func (c *clock) between(t *testing.T, off time.Duration) {
	c.added.Store(int64(off))
	t.Cleanup(func() { c.added.Store(0) })
}

// ledgerTime is ledger time as a node has it.
func ledgerTime(t *testing.T, c *Consortium, at string) time.Time {
	t.Helper()
	s, err := c.Hub(at).LedgerStatus(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	on, err := time.Parse(time.RFC3339, s.Time)
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// othersWork has the platform and the bank ask one another, and looks at whether a day began for them that has
// not come.
func othersWork(t *testing.T, c *Consortium, day string) {
	t.Helper()
	importCSV(t, c, "platform", "email,of-platform@example.com,livestream,3,PLAT-1,,\n")
	for org, v := range map[string]string{"platform": "shared@example.com", "bank": "of-platform@example.com"} {
		report, err := c.Hub(org).Query(context.Background(), hub.QueryRequest{
			Values: []hub.Value{{Type: "email", Raw: v}}, Holders: []string{map[string]string{"platform": "bank", "bank": "platform"}[org]},
			Purpose: "child-protection-investigation", Case: "case-1",
		}, nil)
		if err != nil || report.Partial || len(report.Matches) != 1 {
			t.Errorf("%s: %+v, %v", org, report, err)
		}
	}
	for _, at := range []string{"platform", "bank"} {
		if off := time.Since(ledgerTime(t, c, at)).Abs(); off > time.Hour {
			t.Errorf("ledger time is %v off at %s", off, at)
		}
		if got := budget(t, c, at).Day; got != day && got != time.Now().UTC().Format(time.DateOnly) {
			t.Errorf("the budgets' day is %s at %s, and was %s", got, at, day)
		}
		if e := epochOf(c, at, "police").Commit.Epoch; e != 1 {
			t.Errorf("epoch %d of the police at %s", e, at)
		}
	}
}

// clockAhead: a machine whose clock is a day ahead says so, believes nothing that is final to be of today, and
// moves no budget, epoch or day of the others. It works again when the clock is right.
func clockAhead(t *testing.T, c *Consortium, skew *clock) {
	day := budget(t, c, "bank").Day
	skew.between(t, aDay)
	c.Until("the police says that its clock may be wrong", func() bool {
		s, err := c.Hub("police").Status(context.Background())
		return err == nil && !s.Ready && strings.Contains(strings.Join(s.Reasons, " "), "clock")
	})
	c.Until("it has said so on the ledger as well", func() (ok bool) {
		c.Node("bank").Ledger().View(func(s *state.State) { ok = int64(s.Attested("police")) > time.Now().Add(aDay/2).Unix() })
		return ok
	})
	othersWork(t, c, day)
	report := ask(t, c, "platform", shared)
	t.Logf("the police answers %s", statusAt(report, "police"))
	if status := statusAt(report, "police"); len(report.Matches) != 1 || status == "ok" || status == "unreachable" {
		t.Errorf("the police answers %s; %d matches", status, len(report.Matches))
	}
	skew.added.Store(0)
	c.Until("the police answers again", func() bool {
		report := ask(t, c, "platform", shared)
		return statusAt(report, "police") == "ok" && !report.Partial
	})
}

// clockBehind: a machine whose clock is a day behind asks, answers and alerts; days and epochs go by the ledger.
func clockBehind(t *testing.T, c *Consortium, skew *clock) {
	day := budget(t, c, "bank").Day
	w := addWatch(t, c, "police", hub.Value{Type: "email", Raw: "at-night@example.com"})
	skew.between(t, -aDay)
	othersWork(t, c, day)
	used := usedBy(t, c, "bank", "police")
	if report := ask(t, c, "police", shared); len(report.Matches) != 1 || report.Partial {
		t.Errorf("the police asks: %+v", report)
	}
	if now := usedBy(t, c, "bank", "police"); now != used+1 {
		t.Errorf("the police had used %d today, and after a question %d", used, now)
	}
	if got := budget(t, c, "police").Day; got != day && got != time.Now().UTC().Format(time.DateOnly) {
		t.Errorf("the police charges to %s", got)
	}
	importCSV(t, c, "bank", "email,at-night@example.com,livestream,3,BANK-N,2026-01-02,\n")
	c.Until("the police is alerted", func() bool {
		list := alerts(t, c, "police")
		return len(list) == 1 && list[0].Watch == w.ID
	})
}

// usedBy is how many evaluations of e-mail addresses a member has used at a holder today.
func usedBy(t *testing.T, c *Consortium, at, of string) uint64 {
	t.Helper()
	for _, m := range budget(t, c, at).Here {
		if m.Member == of && m.Type == "email" {
			return m.Used
		}
	}
	return 0
}
