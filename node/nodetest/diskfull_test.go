package nodetest

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/crosslight/crosslight/node/hub"
)

// fillDisk has the platform's disk full while the bank publishes: the platform says so, goes on with the index
// that it has, and has the new one as soon as there is room. The police notices nothing.
func fillDisk(t *testing.T, c *Consortium, full *atomic.Bool) {
	before := mirrored(c, "platform", "bank")
	full.Store(true)
	importCSV(t, c, "bank", "email,while-full@example.com,livestream,3,BANK-F,,\n")
	c.Until("the police mirrors it", func() bool { return mirrored(c, "police", "bank") == before+1 })
	done, err := c.Hub("platform").UpdateMirrors(context.Background(), hub.MirrorFilter{Holder: "bank"})
	if err != nil || len(done) != 1 || done[0].Type != "email" || done[0].Status != "failed" || !strings.Contains(*done[0].Reason, "the disk is full") {
		t.Fatalf("%+v, %v", done, err)
	}
	late := hub.Value{Type: "email", Raw: "while-full@example.com"}
	report := ask(t, c, "platform", shared, late)
	if len(report.Matches) != 1 || mirrored(c, "platform", "bank") != before {
		t.Errorf("%d matches in the index of before, %d items", len(report.Matches), mirrored(c, "platform", "bank"))
	}
	if found := ask(t, c, "police", shared, late); len(found.Matches) != 2 || found.Partial {
		t.Errorf("the police: %+v", found)
	}
	importCSV(t, c, "police", "email,from-police@example.com,livestream,3,POL-F,,\n")
	if report := ask(t, c, "bank", hub.Value{Type: "email", Raw: "from-police@example.com"}); len(report.Matches) != 1 {
		t.Errorf("the bank: %+v", report)
	}
	full.Store(false)
	c.Until("the platform has caught up by itself", func() bool { return mirrored(c, "platform", "bank") == before+1 })
	if report := ask(t, c, "platform", shared, late); len(report.Matches) != 2 || report.Partial {
		t.Errorf("with room again: %+v", report)
	}
}
