// Command crosslight is the one binary of Crosslight: it founds consortia, runs a member's node and
// asks that node things (specs/cli.md). A file holds a noun. Nothing here knows a protocol: what needs
// a node goes through [hub.Hub], which the node serves on a local HTTP API.
//
// Data goes to standard output, messages to standard error; exit codes are in exit.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(run())
}

// run is main with a return value, so that deferred functions run before the process ends.
func run() int { return runAt(time.Now) }

// runAt is run by a clock, which a transcript can put forward.
func runAt(now func() time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.now = now
	return a.execute(ctx, os.Args[1:])
}
