package p2p

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Open starts a stream of the given protocol to the peer, dialling it if there is no connection.
// ctx bounds dialling and opening only; the stream has no deadline of its own yet. The protocol is
// negotiated together with the first message, so that a peer that does not serve it, or does not
// admit this node, shows as an error of the first Read. Errors: [ErrRefused], [ErrUnreachable],
// [ErrTimeout], [ErrBusy], [ErrClosed].
func (h *Host) Open(ctx context.Context, id, proto string) (Stream, error) {
	p, err := peer.Decode(id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: not a peer ID", id, ErrUnreachable)
	}
	if h.ctx.Err() != nil {
		return nil, ErrClosed
	}
	if !h.cfg.Admit(id) {
		return nil, fmt.Errorf("%s: %w", id, ErrRefused)
	}
	raw, err := h.newStream(ctx, p)
	if err != nil {
		return nil, openError(ctx, id, err)
	}
	if err := raw.SetProtocol(protocol.ID(proto)); err != nil {
		_ = raw.Reset()
		return nil, openError(ctx, id, err)
	}
	s := newOutbound(raw, proto, h.cfg.Tap)
	if !h.track(s) {
		_ = raw.Reset()
		return nil, ErrClosed
	}
	return s, nil
}

// newStream opens a stream, and once more if the connection that it found was dying.
func (h *Host) newStream(ctx context.Context, p peer.ID) (network.Stream, error) {
	var errs []error
	for range 2 {
		if err := h.connect(ctx, p); err != nil {
			return nil, errors.Join(append(errs, err)...)
		}
		s, err := h.swarm.NewStream(network.WithNoDial(ctx, "connected above"), p)
		if err == nil {
			return s, nil
		}
		if errors.Is(err, network.ErrResourceLimitExceeded) || ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
