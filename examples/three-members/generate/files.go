package main

import (
	"fmt"
	"strings"
)

// files returns the example's generated files by name.
func files() map[string][]byte {
	all := members()
	distribute(newRandom(seed), all)
	out := make(map[string][]byte)
	var b strings.Builder
	b.WriteString("# Three organisations that share some indicators and must not show one another the rest.\n")
	b.WriteString("# Written by ./generate; README.md says what is in the files.\nmembers:\n")
	for i, m := range all {
		out[m.file] = m.encode(m.rows(newRandom(seed + uint64(i) + 1)))
		fmt.Fprintf(&b, "  - name: %s\n    sector: %s\n    jurisdiction: %s\n    region: %s\n    indicators: %s\n",
			m.name, m.sector, m.jurisdiction, m.region, m.file)
	}
	out["consortium.yaml"] = []byte(b.String())
	return out
}
