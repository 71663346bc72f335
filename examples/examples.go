// Package examples holds the data that the demo runs on when it is given none, so that the program
// finds it wherever it is started. Domains are reserved ones and numbers are fictitious.
package examples

import "embed"

// Files holds the folder three-members: consortium.yaml and a file of indicators for each member.
//
//go:embed three-members/*.yaml three-members/*.csv three-members/*.jsonl
var Files embed.FS
