// Package tlog is the ledger's Merkle log: the RFC 6962 SHA-256 tree over its leaves, and its public
// form: checkpoints, cosignatures, proofs and tiles. It implements crosslight/checkpoints/v1
// (specs/checkpoints.md) and "Log" of crosslight/ledger/v1 (specs/ledger.md), which follow C2SP
// signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof and tlog-tiles, so that other people's
// tools read it.
//
//	leaves ─► Frontier ─► Root ─► Checkpoint ─(log key)─► SignedCheckpoint ─(cosigner keys)─► CosignedCheckpoint
//	   └────► Tree ─► Proof (an entry stands in it), Growth (it only grew)
//	   └────► Tiler ─► tile/entries/…, tile/0/…, tile/1/…
//
//	Note (anybody's lines) ─(Policy: which ledger, whose keys, how many)─► Signers
//
// Reading is stricter than C2SP asks: whatever is read has one valid encoding.
//
// What leaks: a checkpoint shows how many entries there are, a cosignature its signer's clock; tiles and
// proofs of inclusion come with entries.
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
