package holder

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxStreams is how many query or mirror streams a peer may have open here.
const MaxStreams = 16

// Deadlines of a stream: how long the peer may be silent, and how long it may take to read.
const (
	idle  = 60 * time.Second
	flush = 30 * time.Second
)

// serve reads messages of at most limit bytes from a stream and writes what answer makes of each, one
// after the other, until the peer is done, answer says that there is no more, or ctx ends. A message
// above the limit is answered too, with the reason, and is the last.
func (h *Holder) serve(ctx context.Context, stream p2p.Stream, limit int, answer func(msg []byte, tooLarge error) (reply []byte, more bool, err error)) {
	defer stream.Close()
	for ctx.Err() == nil {
		if stream.SetDeadline(time.Now().Add(idle)) != nil {
			return
		}
		msg, err := wire.ReadFrame(stream, limit)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !errors.Is(err, wire.ErrTooLarge) {
			h.streamFault(stream, err)
			return
		}
		reply, more, err := answer(msg, err)
		if err != nil {
			h.streamFault(stream, err)
			return
		}
		if stream.SetDeadline(time.Now().Add(flush)) != nil || wire.WriteFrame(stream, reply) != nil || !more {
			return
		}
	}
}

// streamFault ends a stream that broke or misbehaved, and nobody else's.
func (h *Holder) streamFault(stream p2p.Stream, err error) {
	_ = stream.Reset()
	h.cfg.Metrics.StreamErrors.WithLabelValues(stream.Protocol(), "broken").Inc()
	h.cfg.Log.Debug("a stream broke", "peer", stream.Peer(), "protocol", stream.Protocol(), "error", err)
}
