package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// askWitness shows an export to the witness of a folder, whose key lies in the file key: ask DIR EXPORT
// [FLAGS...]; with "!" the witness must not cosign.
func askWitness(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] ask DIR EXPORT [FLAGS...]")
	}
	address, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), "address"))
	ts.Check(err)
	key, err := os.ReadFile(ts.MkAbs("key"))
	ts.Check(err)
	witness := "http://" + strings.TrimSpace(string(address)) + "#" + strings.TrimSpace(string(key))
	command := append([]string{"witness", "ask", args[1], "--witness", witness}, args[2:]...)
	if err := ts.Exec("crosslight", command...); (err != nil) != neg {
		ts.Fatalf("ask: %v", err)
	}
}
