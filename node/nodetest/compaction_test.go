package nodetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/node/hub"
)

// compactWhileAsked imports and withdraws at the bank until its index has been compacted several times, while the
// others mirror it and ask without a pause. Every answer is right, and in the end they have what the bank has.
func compactWhileAsked(t *testing.T, c *Consortium) {
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-S,,\n"+emails(0, 100))
	value := hub.Value{Type: "email", Raw: "shared@example.com"}
	c.Until("the import is mirrored", func() bool { return mirrored(c, "platform", "bank") == 101 && mirrored(c, "police", "bank") == 101 })
	asker := askOn(t, c, "platform", []hub.Value{value}, 1)
	bases := map[string]bool{}
	base := func() string {
		m, ok := mirrorOf(c, "police", "bank", "email")
		if !ok {
			t.Fatal("the police has no mirror of the bank")
		}
		bases[m.Segments[0].Name] = true
		return m.Segments[0].Name
	}
	const rounds, each = 20, 10
	for n := range rounds { // additions and withdrawals beyond what a manifest may list before it is compacted
		first := 1000 + n*each
		before := base()
		importCSV(t, c, "bank", emails(first, first+each))
		withdrawn := withdrawEmails(t, c, "bank", n*5, n*5+5)
		if withdrawn != 5 {
			t.Fatalf("%d withdrawn", withdrawn)
		}
		if n == rounds-1 {
			c.Until("the index has been compacted", func() bool { return base() != before || len(bases) > 1 })
		}
	}
	const want = 1 + 100 - rounds*5 + rounds*each
	for _, org := range []string{"platform", "police"} {
		c.Until(fmt.Sprintf("%s has %d items, in few segments", org, want), func() bool {
			m, ok := mirrorOf(c, org, "bank", "email")
			return ok && int(m.Items)-int(m.Withdrawn) == want && len(m.Segments) <= 16
		})
		verified, err := c.Hub(org).VerifyMirrors(context.Background(), hub.MirrorFilter{Holder: "bank", Type: "email"})
		if err != nil || len(verified) != 1 || verified[0].Status != "whole" {
			t.Errorf("%s: %+v, %v", org, verified, err)
		}
	}
	asker.end(t)
	gone := ask(t, c, "police", hub.Value{Type: "email", Raw: "person3@example.com"}, hub.Value{Type: "email", Raw: "person1003@example.com"})
	if len(gone.Matches) != 1 || !strings.HasSuffix(*gone.Matches[0].HolderReference, "REF-1003") {
		t.Errorf("%+v", gone.Matches)
	}
}

func withdrawEmails(t *testing.T, c *Consortium, org string, from, to int) int64 {
	t.Helper()
	var values []hub.Value
	for i := from; i < to; i++ {
		values = append(values, hub.Value{Type: "email", Raw: fmt.Sprintf("person%d@example.com", i)})
	}
	report, err := c.Hub(org).Withdraw(context.Background(), hub.WithdrawRequest{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return report.Withdrawn
}
