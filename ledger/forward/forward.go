// Package forward carries a signed entry from the node that made it to the node that leads the
// ledger. It implements the exchange crosslight/ledger/v1 (specs/ledger.md, "Submitting").
//
//	member                                 leader
//	  Request{ledger, entry}      ->
//	                              <-       Response{accepted, index}
//	                                  or   Response{not-leader, leader}
//	                                  or   Response{rejected, the rule that refused it}
//
// The exchange is idempotent: an entry is named by its hash, and the key's sequence number keeps it
// from being applied twice. An answer is only news: the member believes it when its own replica has
// applied the entry.
//
// What leaks: nothing that the ledger does not show to every member.
package forward

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Protocol names the exchange on a stream.
const Protocol = "crosslight/ledger/v1"

// Limits in bytes. An entry is at most 60 KiB.
const (
	MaxRequest  = 61 << 10
	MaxResponse = 1 << 10
	maxReason   = 512
	maxPeer     = 128
)

// Code is the outcome of a submission.
type Code string

// The outcomes.
const (
	Accepted    Code = "accepted"
	Rejected    Code = "rejected"
	NotLeader   Code = "not-leader"
	WrongLedger Code = "wrong-ledger"
	Malformed   Code = "malformed"
	Unavailable Code = "unavailable"
)

// Request asks the leader to put Entry on the ledger.
type Request struct {
	V        uint64 `cbor:"1,keyasint"`
	LedgerID []byte `cbor:"2,keyasint"` // 32 bytes
	Entry    []byte `cbor:"3,keyasint"` // a signed envelope, verbatim
}

// Response says what became of it. Index counts when Code is accepted, Leader (a peer ID) when it is
// not-leader, Rule and Reason when it is rejected.
type Response struct {
	V      uint64 `cbor:"1,keyasint"`
	Code   Code   `cbor:"2,keyasint"`
	Index  uint64 `cbor:"3,keyasint"`
	Leader string `cbor:"4,keyasint"`
	Rule   uint16 `cbor:"5,keyasint"` // the number of an entry.Rejection
	Reason string `cbor:"6,keyasint"`
}

// ErrMessage reports a request or response that the protocol does not allow.
var ErrMessage = errors.New("crosslight/ledger/v1: message refused")

// Encode returns the bytes of a request.
func (r Request) Encode() ([]byte, error) { return wire.Encode(r) }

// ParseRequest reads a request. Errors wrap [ErrMessage].
func ParseRequest(b []byte) (Request, error) {
	var r Request
	if err := wire.Decode(b, &r, MaxRequest); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	switch {
	case r.V != 1:
		return Request{}, fmt.Errorf("%w: version %d is unknown", ErrMessage, r.V)
	case len(r.LedgerID) != 32:
		return Request{}, fmt.Errorf("%w: ledger id of %d bytes", ErrMessage, len(r.LedgerID))
	case len(r.Entry) == 0:
		return Request{}, fmt.Errorf("%w: no entry", ErrMessage)
	}
	return r, nil
}

// Encode returns the bytes of a response, its texts cut to their limits.
func (r Response) Encode() ([]byte, error) {
	r.Reason = printable(r.Reason)
	return wire.Encode(r)
}

// ParseResponse reads a response. Its texts come from another member and are held to printable
// ASCII, so that a terminal that shows them cannot be played with. Errors wrap [ErrMessage].
func ParseResponse(b []byte) (Response, error) {
	var r Response
	if err := wire.Decode(b, &r, MaxResponse); err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	switch {
	case r.V != 1:
		return Response{}, fmt.Errorf("%w: version %d is unknown", ErrMessage, r.V)
	case (r.Code == Rejected) != (r.Rule != 0):
		return Response{}, fmt.Errorf("%w: a rejection and its rule come together", ErrMessage)
	case r.Reason != printable(r.Reason) || len(r.Leader) > maxPeer || r.Leader != printable(r.Leader):
		return Response{}, fmt.Errorf("%w: a text is too long or not printable", ErrMessage)
	}
	switch r.Code {
	case Accepted, Rejected, NotLeader, WrongLedger, Malformed, Unavailable:
		return r, nil
	}
	return Response{}, fmt.Errorf("%w: unknown code", ErrMessage)
}

// printable cuts s to its limit and replaces what is not printable ASCII.
func printable(s string) string {
	b := []byte(s)
	if len(b) > maxReason {
		b = b[:maxReason]
	}
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
