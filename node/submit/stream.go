package submit

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Deadlines of the exchange. A leader answers when the entry is committed.
const (
	answerWithin = 10 * time.Second
	readWithin   = 10 * time.Second
)

// MaxStreams is how many submissions a peer may have under way here.
const MaxStreams = 8

// exchange sends one request and reads its answer.
func exchange(ctx context.Context, stream p2p.Stream, request forward.Request) (forward.Response, error) {
	deadline := time.Now().Add(answerWithin)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := stream.SetDeadline(deadline); err != nil {
		return forward.Response{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	msg, err := request.Encode()
	if err != nil {
		return forward.Response{}, err
	}
	if err := wire.WriteFrame(stream, msg); err != nil {
		return forward.Response{}, err
	}
	answer, err := wire.ReadFrame(stream, forward.MaxResponse)
	if err != nil {
		return forward.Response{}, err
	}
	return forward.ParseResponse(answer)
}

// Serve answers one submission by another member. The entry is checked by the ledger itself, so who
// brings it does not matter; that a member brings it is the gate's business.
func (s *Submitter) Serve(ctx context.Context, stream p2p.Stream) {
	defer stream.Close()
	if err := stream.SetDeadline(time.Now().Add(readWithin)); err != nil {
		return
	}
	msg, err := wire.ReadFrame(stream, forward.MaxRequest)
	if err != nil {
		_ = stream.Reset()
		return
	}
	answer := s.answer(ctx, msg)
	if answer.Code == forward.Malformed {
		s.log.Warn("a member submitted a malformed entry", "peer", stream.Peer())
	}
	reply, err := answer.Encode()
	if err != nil || stream.SetDeadline(time.Now().Add(readWithin)) != nil {
		return
	}
	_ = wire.WriteFrame(stream, reply) // a peer that went away asks again: submitting is idempotent
}

func (s *Submitter) answer(ctx context.Context, msg []byte) forward.Response {
	request, err := forward.ParseRequest(msg)
	if err != nil {
		return forward.Response{V: 1, Code: forward.Malformed}
	}
	if !bytes.Equal(request.LedgerID, s.id[:]) {
		return forward.Response{V: 1, Code: forward.WrongLedger}
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	index, err := s.apply(ctx, request.Entry)
	if err == nil {
		return forward.Response{V: 1, Code: forward.Accepted, Index: index}
	}
	if rejection := entry.RejectionOf(err); rejection != nil {
		return forward.Response{V: 1, Code: forward.Rejected, Rule: rejection.Code, Reason: err.Error()}
	}
	if errors.Is(err, replica.ErrNotLeader) {
		return s.notLeading(request.Entry)
	}
	s.log.Warn("a submission failed", "error", err)
	return forward.Response{V: 1, Code: forward.Unavailable}
}
