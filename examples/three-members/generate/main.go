// Command generate writes the example data of three-members: the feeds of a platform, a bank and a
// police force. Every byte follows from a seed, so that the committed files can be checked against
// it; a test does.
//
//	go run ./examples/three-members/generate examples/three-members
//
// Nothing in the data belongs to anybody: names are under the domains of RFC 2606 and RFC 6761,
// addresses in the ranges of RFC 5737 and RFC 3849, phone numbers in the ranges kept free for
// fiction (+1 NXX 555 0100 to 0199, +44 20 7946 0xxx); accounts, hashes and devices are random with
// valid check digits.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate DIR (the folder to write the example into)")
		os.Exit(2)
	}
	for name, content := range files() {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
