// Package tlog is the ledger's Merkle log: the RFC 6962 SHA-256 tree over its leaves, proofs in it, and
// its public form: checkpoints and tiles. It implements "Log" of crosslight/ledger/v1
// (specs/ledger.md), which follows C2SP signed-note, tlog-checkpoint and tlog-tiles, so that other
// people's tools read it.
//
//	leaves ─► Frontier ─► Root ─► Checkpoint ─(log key)─► SignedCheckpoint
//	   └────► Tree ─► inclusion and consistency proofs
//	   └────► Tiler ─► tile/entries/…, tile/0/…, tile/1/…
//
// Reading is stricter than C2SP asks: a checkpoint has one valid encoding, and so has every tile.
//
// What leaks: a checkpoint shows how many entries there are; tiles show the entries.
package tlog

import (
	"encoding/hex"
	"errors"
	"strings"
)

const originPrefix = "crosslight/ledger/"

// Origin is the name of a ledger in checkpoints and signatures: "crosslight/ledger/" and the ledger id
// in hex.
func Origin(ledgerID [32]byte) string { return originPrefix + hex.EncodeToString(ledgerID[:]) }

// ParseOrigin returns the ledger id in an origin.
func ParseOrigin(origin string) ([32]byte, error) {
	digits, ok := strings.CutPrefix(origin, originPrefix)
	if !ok {
		return [32]byte{}, errors.New("origin is not that of a Crosslight ledger")
	}
	return ParseID(digits)
}

// ParseID reads a ledger id from 64 lower-case hex digits.
func ParseID(s string) ([32]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 || hex.EncodeToString(b) != s {
		return [32]byte{}, errors.New("a ledger id is 64 lower-case hex digits")
	}
	return [32]byte(b), nil
}
