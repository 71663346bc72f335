// Package indicator brings indicators to the one form under which members compare them, and says
// what a holder may attach to one. It implements crosslight/indicator/v1 (specs/indicators.md).
//
//	raw value --Canonicalise--> Canonical --Digest--> 32 bytes: all that the store and the engines see
//
// Two members match only if both write a value the same way, so the canonical form is a protocol:
// versioned, specified with vectors (specs/vectors/indicator-*.json), strict. A value that cannot be
// brought to it is refused with a reason. Nothing is guessed silently.
//
// What leaks: a digest of a value that can be guessed (a phone number, an IBAN) is as good as the
// value. A [Digest] therefore never leaves a member; only the engines of privacy/ turn it into
// something that may. Reasons for refusal never quote a value, and neither [Canonical] nor [Digest]
// prints itself, so that a careless log line holds neither.
package indicator
