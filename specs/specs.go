// Package specs carries Crosslight's specifications and their vectors. Tests import it; the program
// does not.
package specs

import "embed"

// Vectors holds vectors/*.json: what an implementation must accept and, mostly, what it must refuse.
//
//go:embed vectors
var Vectors embed.FS
