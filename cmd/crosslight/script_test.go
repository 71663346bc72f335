package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crosslight/crosslight/node/hub"
)

// exits runs a command line and checks its exit code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// serving waits until a demo in the background has come as far as writing a file: serving FILE
func serving(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serving FILE")
	}
	poll(ts, args[0], func() bool { return exists(ts.MkAbs(args[0])) })
}

var lockOwner = regexp.MustCompile(`\d+`)

// killNode kills the node of a home as a power cut would: kill-node HOME
func killNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: kill-node HOME")
	}
	lock, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), "node.lock"))
	ts.Check(err)
	pid, err := strconv.Atoi(lockOwner.FindString(string(lock)))
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Kill())
	// The kernel gives the lock back when it has ended the process, which may take a moment.
	poll(ts, "the end of the node", func() bool {
		l := flock.New(filepath.Join(ts.MkAbs(args[0]), "node.lock"))
		free, err := l.TryLock()
		return err == nil && free && l.Unlock() == nil
	})
}

// vote casts the vote of a home's seat on the newest proposal, as soon as the home's node has seen it:
// vote HOME yes|no [FLAGS...]
func vote(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: vote HOME yes|no [FLAGS...]")
	}
	id := newestOpen(ts, args[0])
	command := []string{"--home", args[0], "proposal", "vote", id}
	ts.Check(ts.Exec("crosslight", append(command, args[1:]...)...))
}

// withdraw takes back the newest proposal as the member of a home, as soon as the home's node has seen
// it; with "!" it must be refused: withdraw HOME [FLAGS...]
func withdraw(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: [!] withdraw HOME [FLAGS...]")
	}
	command := []string{"--home", args[0], "proposal", "withdraw", newestOpen(ts, args[0])}
	if err := ts.Exec("crosslight", append(command, args[1:]...)...); (err != nil) != neg {
		ts.Fatalf("withdraw: %v", err)
	}
}

// draftVote has a home's node draft a vote on the newest proposal: draft-vote HOME FILE [FLAGS...]
func draftVote(ts *testscript.TestScript, neg bool, args []string) { draft(ts, neg, "show", args) }

// draftWithdrawal has a home's node draft the withdrawal of the newest proposal:
// draft-withdrawal HOME FILE [FLAGS...]
func draftWithdrawal(ts *testscript.TestScript, neg bool, args []string) {
	draft(ts, neg, "withdraw", args)
}

func draft(ts *testscript.TestScript, neg bool, verb string, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: draft-vote|draft-withdrawal HOME FILE [FLAGS...]")
	}
	command := []string{"--home", args[0], "proposal", verb, newestOpen(ts, args[0]), "--out", args[1]}
	ts.Check(ts.Exec("crosslight", append(command, args[2:]...)...))
}

// flip changes one byte of a file: flip FILE OFFSET
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[at] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// newestOpen waits until the newest proposal that a home's node knows is open, and returns its id.
func newestOpen(ts *testscript.TestScript, home string) string {
	var newest hub.Proposal
	poll(ts, "an open proposal", func() bool {
		var page proposalPage
		if asks(ts, &page, home, "proposal", "list") && len(page.Proposals) > 0 {
			newest = page.Proposals[0]
		}
		return newest.State == "open"
	})
	return newest.ID
}

// agree waits until the nodes of all homes stand at the same ledger: agree HOME...
func agree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: agree HOME...")
	}
	poll(ts, "agreement", func() bool {
		roots := map[string]bool{}
		for _, home := range args {
			var s hub.LedgerStatus
			if !asks(ts, &s, home, "ledger", "status") {
				return false
			}
			roots[s.Root] = true
		}
		return len(roots) == 1
	})
}

// asks runs a command on a home and reads its JSON; false says that it failed.
func asks(ts *testscript.TestScript, out any, home string, args ...string) bool {
	err := ts.Exec("crosslight", append([]string{"--home", home, "-o", "json"}, args...)...)
	return err == nil && json.Unmarshal([]byte(ts.ReadFile("stdout")), out) == nil
}

// patience is how long a transcript waits for what takes a busy machine long.
const patience = 3 * time.Minute

// poll looks again and again, for what takes the nodes a moment.
func poll(ts *testscript.TestScript, what string, done func() bool) {
	for end := time.Now().Add(patience); !done(); time.Sleep(pollEvery) {
		if time.Now().After(end) {
			ts.Fatalf("no %s within %v", what, patience)
		}
	}
}
