// Package feed reads indicator feeds: Crosslight CSV, JSON Lines and the lines of
// python-threatexchange (specs/indicators.md, "Feed formats").
//
//	io.Reader --lines--> record --fields--> Canonicalise, Label --> Row
//
// A feed is a stream of any length read in bounded memory: one line, at most [MaxLine] bytes, is held
// at a time. Every data line yields exactly one [Row]: accepted, suppressed, or refused with a reason
// and its line number. A line that cannot be read spoils no other.
//
// A Row holds a digest and a label, never a raw value, and no reason quotes one.
package feed
