package p2p

import (
	"context"
	"runtime/debug"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Handler serves one inbound stream. Its context ends with the host. The stream is closed when it
// returns, unless it was reset; a handler sets its own deadlines.
type Handler func(context.Context, Stream)

// Handle serves a protocol with at most limit concurrent streams a peer; further ones are reset.
// A panic in a handler is our own bug: it is logged, the stream is reset, the node goes on.
func (h *Host) Handle(proto string, limit int, handler Handler) {
	h.host.SetStreamHandler(protocol.ID(proto), func(raw network.Stream) {
		s := newInbound(raw, proto, h.cfg.Tap)
		if !h.begin(s, limit) {
			_ = raw.Reset()
			return
		}
		defer h.end(s)
		handler(h.ctx, s)
		_ = s.Close()
	})
}

// begin counts a stream in, if its peer is still admitted and below the limit.
func (h *Host) begin(s *stream, limit int) bool {
	if !h.cfg.Admit(s.peer) {
		h.logRefused(s.peer)
		return false
	}
	key := service{s.peer, s.protocol}
	h.mu.Lock()
	full := h.closed || h.serving[key] >= limit
	if !full {
		h.serving[key]++
		h.wg.Add(1)
	}
	h.mu.Unlock()
	if full {
		h.log.Debug("stream refused: too many at once", "peer", s.peer, "protocol", s.protocol)
		return false
	}
	if !h.track(s) {
		h.countOut(s)
		return false
	}
	return true
}

// end counts a stream out and catches a panic of its handler.
func (h *Host) end(s *stream) {
	if cause := recover(); cause != nil {
		// Only the place is logged: the value of a panic may quote what the peer sent.
		h.log.Error("a stream handler panicked", "peer", s.peer, "protocol", s.protocol, "stack", string(debug.Stack()))
		_ = s.Reset()
	}
	h.countOut(s)
}

func (h *Host) countOut(s *stream) {
	key := service{s.peer, s.protocol}
	h.mu.Lock()
	if h.serving[key]--; h.serving[key] == 0 {
		delete(h.serving, key)
	}
	h.mu.Unlock()
	h.wg.Done()
}
