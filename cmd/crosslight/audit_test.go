package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
)

// clockFile is the variable that names a file with how many seconds all programs of a transcript are
// ahead of the machine.
const clockFile = "TEST_CLOCK"

// testClock is the machine's clock, put forward by what the transcript's file says.
func testClock() func() time.Time {
	path := os.Getenv(clockFile)
	if path == "" {
		return time.Now
	}
	var mu sync.Mutex
	var read time.Time
	var ahead time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(read) > 100*time.Millisecond {
			ahead, read = secondsIn(path), time.Now()
		}
		return time.Now().Add(ahead)
	}
}

func secondsIn(path string) time.Duration {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// putClock puts the clocks of all programs to shortly before midnight, or forward: clock evening|3h
func putClock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clock evening|DURATION")
	}
	path := ts.MkAbs("clock")
	ahead := secondsIn(path)
	if args[0] == "evening" {
		now := time.Now().UTC()
		ahead = now.Truncate(24 * time.Hour).Add(24*time.Hour - 15*time.Minute).Sub(now)
	} else {
		d, err := time.ParseDuration(args[0])
		ts.Check(err)
		ahead += d
	}
	ts.Check(os.WriteFile(path+".new", []byte(strconv.FormatInt(int64(ahead/time.Second), 10)), 0o600))
	ts.Check(os.Rename(path+".new", path))
	ts.Setenv(clockFile, path)
}

// committedLogs waits until every member has committed to the newest day that is due, and puts that into
// $DAY: logs HOME
func committedLogs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: logs HOME")
	}
	poll(ts, "logs of all members", func() bool {
		var r auditReport
		if !asks(ts, &r, args[0], "audit", "report") || r.Due == nil {
			return false
		}
		for _, c := range r.Committed {
			if c.Last == nil || *c.Last != *r.Due {
				return false
			}
		}
		ts.Setenv("DAY", *r.Due)
		return true
	})
}

// auditIn waits until a home's node sees the newest audit in a phase, and puts its id into $AUDIT:
// audit-in HOME PHASE
func auditIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: audit-in HOME PHASE")
	}
	poll(ts, "audit in the phase "+args[1], func() bool {
		var page auditPage
		if !asks(ts, &page, args[0], "audit", "list") || len(page.Audits) == 0 {
			return false
		}
		var newest hub.Audit = page.Audits[0]
		ts.Setenv("AUDIT", newest.ID)
		return newest.Phase == args[1]
	})
}

// recipientOf puts what is encrypted to an identity into $RECIPIENT: recipient-of FILE
func recipientOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recipient-of FILE")
	}
	auditor, err := keys.LoadAuditor(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv("RECIPIENT", auditor.Recipient())
}
