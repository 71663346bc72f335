package nodetest

import (
	"runtime"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/session"
)

// pauseBriefly lets others work between two looks.
func pauseBriefly() { time.Sleep(20 * time.Millisecond) }

// floodGossip has the rogue announce what is new without end. Of all that the others look at no more than one
// neighbour may send, keep no more than they would of an honest holder, and go on hearing one another.
func floodGossip(t *testing.T, c *Consortium, r *twoFaced) {
	const flood = 20_000
	before, kept := runtime.NumGoroutine(), len(evidenceAt(t, c, "platform"))
	start := time.Now()
	for n := range uint64(flood) {
		r.say(t, session.IndexVersion{Epoch: 1, Type: "email", Version: 100 + n, Manifest: [32]byte{byte(n), byte(n >> 8)}})
	}
	sent := time.Since(start)
	importCSV(t, c, "police", "email,amid@example.com,livestream,3,POL-9,,\n")
	c.Until("the platform hears the police amid the flood", func() bool { return mirrored(c, "platform", "police") == 2 })
	t.Logf("%d announcements in %v; the police's import is seen %v after them", flood, sent, time.Since(start)-sent)
	for n := range uint64(2000) { // of one version, each another: all of them are evidence
		r.say(t, session.IndexVersion{Epoch: 1, Type: "email", Version: 100 + flood, Manifest: [32]byte{byte(n), byte(n >> 8), 1}})
	}
	importCSV(t, c, "police", "email,after@example.com,livestream,3,POL-10,,\n")
	c.Until("the platform hears the police after the flood", func() bool { return mirrored(c, "platform", "police") == 3 })
	if n := len(evidenceAt(t, c, "platform")); n < kept || n > 50 {
		t.Errorf("%d records of evidence, %d before", n, kept)
	}
	c.Until("no goroutines are left of it", func() bool { return runtime.NumGoroutine() < before+100 })
}
