// Package cosign passes cosignatures of final checkpoints on between members' nodes. It implements "Between
// members" of crosslight/checkpoints/v1 (specs/checkpoints.md).
//
//	asker                                  another member
//	  Request{ledger, size, root}  ->
//	                               <-      Response{signature lines}
//
// One exchange serves two purposes. A member without a vote cosigns what is final with its own node, and
// others ask for that. And a node that was away while the voters changed asks for the cosignatures of the
// checkpoint with which those of before ended, which nobody sends any more.
//
// The asker verifies each line with the key that it knows; an answer can leave lines out, and add none.
//
// What leaks: that the asker holds a checkpoint of that size and root, which every member does in time.
package cosign

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Protocol names the exchange on a stream.
const Protocol = "crosslight/checkpoints/v1"

// Limits in bytes: of a request, and of a response with the 100 lines that a checkpoint can have.
const (
	MaxRequest  = 128
	MaxResponse = 32 << 10
)

// ErrMessage reports a request or response that the protocol does not allow.
var ErrMessage = errors.New("crosslight/checkpoints/v1: message refused")

// Request asks for the cosignatures of one checkpoint.
type Request struct {
	V        uint64   `cbor:"1,keyasint"`
	LedgerID [32]byte `cbor:"2,keyasint"`
	Size     uint64   `cbor:"3,keyasint"` // 1 to 2^48
	Root     [32]byte `cbor:"4,keyasint"`
}

// maxSize bounds sizes, as everywhere on the ledger.
const maxSize = 1 << 48

// NewRequest asks for the cosignatures of c. The error is [tlog.ErrCheckpoint]: c is of no ledger of ours.
func NewRequest(c tlog.Checkpoint) (Request, error) {
	id, err := tlog.ParseOrigin(c.Origin)
	return Request{V: 1, LedgerID: id, Size: c.Size, Root: c.Root}, err
}

// Checkpoint is what is asked for.
func (r Request) Checkpoint() tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin(r.LedgerID), Size: r.Size, Root: r.Root}
}

// Encode returns the bytes of a request.
func (r Request) Encode() ([]byte, error) { return wire.Encode(r) }

// ParseRequest reads a request. Errors wrap [ErrMessage].
func ParseRequest(b []byte) (Request, error) {
	var r Request
	if err := wire.Decode(b, &r, MaxRequest); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if r.V != 1 || r.Size == 0 || r.Size > maxSize {
		return Request{}, fmt.Errorf("%w: version %d, size %d", ErrMessage, r.V, r.Size)
	}
	return r, nil
}

// Response carries cosignatures of the checkpoint that was asked for, as far as the member holds them.
type Response struct {
	V     uint64 `cbor:"1,keyasint"`
	Lines []byte `cbor:"2,keyasint"` // signature lines of C2SP signed-note, one after the other; empty for none
}

// NewResponse answers with cosignatures, as many as fit.
func NewResponse(list []tlog.Cosignature) Response {
	out := Response{V: 1, Lines: []byte{}}
	for i, s := range list {
		line := s.Line().Bytes()
		if i == tlog.MaxLines || len(out.Lines)+len(line) > MaxResponse-responseFrame {
			break
		}
		out.Lines = append(out.Lines, line...)
	}
	return out
}

// responseFrame is what stands around the lines: a map, two keys, the version, a length of 2 bytes.
const responseFrame = 16

// Encode returns the bytes of a response.
func (r Response) Encode() ([]byte, error) { return wire.Encode(r) }

// ParseResponse reads a response and returns its cosignatures, of which none has been verified. Each line has
// one encoding, and none stands twice. Errors wrap [ErrMessage].
func ParseResponse(b []byte) ([]tlog.Cosignature, error) {
	var r Response
	if err := wire.Decode(b, &r, MaxResponse); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if r.V != 1 {
		return nil, fmt.Errorf("%w: version %d is unknown", ErrMessage, r.V)
	}
	if len(r.Lines) == 0 {
		return nil, nil
	}
	lines, err := tlog.ParseLines(r.Lines)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	out := make([]tlog.Cosignature, 0, len(lines))
	for _, l := range lines {
		s, err := tlog.CosignatureOf(l)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMessage, err)
		}
		out = append(out, s)
	}
	if again := NewResponse(out); !bytes.Equal(again.Lines, r.Lines) {
		return nil, fmt.Errorf("%w: lines beyond what an answer holds", ErrMessage)
	}
	return out, nil
}
