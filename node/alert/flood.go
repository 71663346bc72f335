package alert

import "time"

// Limits bound what may be raised without an operator. Zero is the default.
type Limits struct {
	FloodFactor int64 // times as many alerts as before, of one watch about one holder, within [FloodWindow]
	FloodFloor  int64 // alerts within the window that are never a flood
	PerValue    int64 // alerts of one value of one watch, over all holders
}

// The defaults of Limits.
const (
	DefaultFloodFactor = 10
	DefaultFloodFloor  = 1000
	DefaultPerValue    = 25
)

// FloodWindow is over how long a flood is measured, so that one which comes in slices is one.
const FloodWindow = 24 * time.Hour

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	if l.FloodFactor == 0 {
		l.FloodFactor = DefaultFloodFactor
	}
	if l.FloodFloor == 0 {
		l.FloodFloor = DefaultFloodFloor
	}
	if l.PerValue == 0 {
		l.PerValue = DefaultPerValue
	}
	return l
}

// Flood says whether fresh more alerts of one watch about one holder would be a flood, where before were
// raised before the window and recent within it: more than the floor, and more than lets all of them
// together be FloodFactor times what was there.
func (l Limits) Flood(before, recent, fresh int64) bool {
	n := recent + fresh
	return n > l.FloodFloor && before+n > l.FloodFactor*before
}
