package main

import (
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// until runs a command again and again until its output matches: until REGEXP COMMAND ARG...
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND ARG...")
	}
	want := regexp.MustCompile("(?m)" + args[0])
	poll(ts, args[0], func() bool {
		return ts.Exec(args[1], args[2:]...) == nil && want.MatchString(ts.ReadFile("stdout"))
	})
}

// take keeps what a group of a regexp matched in the last output: take VARIABLE REGEXP
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take VARIABLE REGEXP")
	}
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("no %s in the last output", args[1])
	}
	ts.Setenv(args[0], found[1])
}
