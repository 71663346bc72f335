package nodetest

import (
	"context"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/node/hub"
)

const header = "type,value,category,severity,reference,first_seen,expires\n"

func importCSV(t *testing.T, c *Consortium, org, rows string) hub.ImportReport {
	t.Helper()
	report, err := c.Hub(org).Import(context.Background(), strings.NewReader(header+rows), hub.FeedOptions{})
	if err != nil {
		t.Fatalf("import at %s: %v", org, err)
	}
	return report
}

func ask(t *testing.T, c *Consortium, org string, values ...hub.Value) hub.QueryReport {
	t.Helper()
	report, err := c.Hub(org).Query(context.Background(), hub.QueryRequest{
		Values: values, Purpose: "child-protection-investigation", Case: "case-1",
	}, nil)
	if err != nil {
		t.Fatalf("query by %s: %v", org, err)
	}
	return report
}

func TestSharedIndicatorIsFound(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,Offender@Example.COM,livestreamed-abuse,4,BANK-7,2026-01-02,\n")
	importCSV(t, c, "police", "email,other@example.org,livestreamed-abuse,4,POL-1,,\n")
	report := ask(t, c, "platform",
		hub.Value{Type: "email", Raw: " offender@example.com"}, hub.Value{Type: "email", Raw: "nobody@example.com"})
	if len(report.Matches) != 1 {
		t.Fatalf("matches %+v, asked %+v", report.Matches, report.Asked)
	}
	m := report.Matches[0]
	if m.Holder != "bank" || *m.HolderReference != "BANK-7" || *m.Category != "livestream" || *m.Severity != 4 {
		t.Fatalf("match %+v", m)
	}
	if report.Evaluations != 4 || report.ProofsVerified != 4 || report.Partial {
		t.Fatalf("report %+v", report)
	}
}
