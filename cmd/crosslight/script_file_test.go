package main

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// onlyFile puts the path of the one file in a folder into $FILE: names that a clock and a hash make.
func onlyFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: only-file DIR")
	}
	list, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(list) != 1 {
		ts.Fatalf("%d files in %s", len(list), args[0])
	}
	ts.Setenv("FILE", filepath.Join(args[0], list[0].Name()))
}
