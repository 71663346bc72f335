package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crosslight/crosslight/node/hub"
)

// reconcileNewest runs a verb on the newest reconciliation of a home and checks the exit code:
// reconcile CODE HOME VERB [FLAGS...]
func reconcileNewest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: reconcile CODE HOME VERB [FLAGS...]")
	}
	var page hub.ReconcilePage
	poll(ts, "a reconciliation", func() bool {
		return asks(ts, &page, args[1], "reconcile", "list") && len(page.Reconciles) > 0
	})
	command := []string{args[0], "crosslight", "--home", args[1], "reconcile", args[2], page.Reconciles[0].ID}
	exits(ts, false, append(command, args[3:]...))
}
