// Package watch is the standing question of specs/watch.md: indicators that a member asks every holder
// about once an epoch, and then looks up in each new segment of the holder's index by itself.
//
//	add       elements -> runs, sealed ------------------------------------> store
//	enrol     run -> crosslight/query/v1, like any question -> outputs, sealed -> store
//	match     a mirror's update -> tags of the watch joined with the new segments -> hits
//	hits      -> node/alert
//
// The [Enroller] decides what is to be asked of whom and keeps what came; the [Matcher] finds hits. Both
// start from the store: what is kept there is done, whatever else was under way when a process ended.
//
// What leaks. To a holder: questions in number, type, purpose and time, as with every query; that they
// are of a watch it is not told, but may guess, since the same number comes again when its next epoch
// begins. Whether and when anything matches: nothing, for nothing is sent. To whoever reads watch.db
// without the ring: names of watches, purposes, case references, how many elements of which type, and
// which holders evaluated how many of them. Digests, references and outputs are sealed.
package watch

import (
	"errors"

	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// RunSize is how many elements a run has at most, and a question to a holder.
const RunSize = 1024

// MaxReference is the longest reference of an element in bytes.
const MaxReference = 255

// Element is one watched indicator.
type Element struct {
	Digest    indicator.Digest
	Reference *string // this member's own, nil where it has none
}

// Place names an element of a watch: its run and its position there.
type Place struct{ Run, At int }

// Output is what a holder's function gives for an element, 64 bytes.
type Output = [index.OutputSize]byte

// The errors of this package.
var (
	// ErrSealed reports a row of watch.db that was not sealed by this member's ring for its place: the
	// database was damaged or exchanged.
	ErrSealed = errors.New("what is kept of a watch does not open: restore watch.db from a backup, or remove the watch and add it again")
	// ErrElement reports an element that does not fit a run.
	ErrElement = errors.New("not an element of a watch")
)

// Watch is a watch with its key opened.
type Watch struct {
	store.Watch
	Key Key
}
