package cosigning

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger/cosign"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/wire"
)

const (
	// MaxStreams is how many questions a peer may have under way here.
	MaxStreams = 4

	answerWithin = 5 * time.Second
)

// Serve answers one question by another member: with what this node holds of the very checkpoint.
func (c *Cosigning) Serve(_ context.Context, stream p2p.Stream) {
	defer stream.Close()
	if stream.SetDeadline(time.Now().Add(answerWithin)) != nil {
		return
	}
	b, err := wire.ReadFrame(stream, cosign.MaxRequest)
	if err != nil {
		_ = stream.Reset()
		return
	}
	r, err := cosign.ParseRequest(b)
	if err != nil || r.LedgerID != c.cfg.LedgerID {
		c.cfg.Log.Debug("a question about cosignatures was refused", "peer", stream.Peer(), "reason", err)
		_ = stream.Reset()
		return
	}
	c.follow() // the newest may be a moment old
	cp := r.Checkpoint()
	answer, err := cosign.NewResponse(append(c.held(cp), c.cfg.Ledger.Cosignatures(cp)...)).Encode()
	if err == nil {
		_ = wire.WriteFrame(stream, answer) // a peer that went away asks again
	}
}

// ask asks one member for cosignatures of a checkpoint. None of them has been verified.
func (c *Cosigning) ask(ctx context.Context, peer string, cp tlog.Checkpoint) ([]tlog.Cosignature, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	r, err := cosign.NewRequest(cp)
	if err != nil {
		return nil, err
	}
	b, err := r.Encode()
	if err != nil {
		return nil, err
	}
	stream, err := c.cfg.Host.Open(ctx, peer, cosign.Protocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if err := stream.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := wire.WriteFrame(stream, b); err != nil {
		return nil, err
	}
	if b, err = wire.ReadFrame(stream, cosign.MaxResponse); err != nil {
		return nil, err
	}
	return cosign.ParseResponse(b)
}
