package p2p

import (
	"context"
	"net"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
)

// Tap sees every byte above Noise, in both directions. Each byte of a stream is shown twice: once
// with its protocol, in order and unbroken, and once with protocol "" inside the connection as the
// multiplexer cut it, where libp2p's own messages are too. b must not be kept. Tests only.
type Tap func(peer, protocol string, outbound bool, b []byte)

// tappedNoise is the Noise transport with a tap on the plaintext side.
type tappedNoise struct {
	*noise.Transport
	tap Tap
}

func newTappedNoise(tap Tap) func(protocol.ID, crypto.PrivKey, []upgrader.StreamMuxer) (*tappedNoise, error) {
	return func(id protocol.ID, key crypto.PrivKey, muxers []upgrader.StreamMuxer) (*tappedNoise, error) {
		inner, err := noise.New(id, key, muxers)
		return &tappedNoise{inner, tap}, err
	}
}

// SecureInbound implements sec.SecureTransport.
func (t *tappedNoise) SecureInbound(ctx context.Context, c net.Conn, p peer.ID) (sec.SecureConn, error) {
	return t.wrap(t.Transport.SecureInbound(ctx, c, p))
}

// SecureOutbound implements sec.SecureTransport.
func (t *tappedNoise) SecureOutbound(ctx context.Context, c net.Conn, p peer.ID) (sec.SecureConn, error) {
	return t.wrap(t.Transport.SecureOutbound(ctx, c, p))
}

func (t *tappedNoise) wrap(c sec.SecureConn, err error) (sec.SecureConn, error) {
	if err != nil {
		return nil, err
	}
	return &tappedConn{c, t.tap}, nil
}

type tappedConn struct {
	sec.SecureConn
	tap Tap
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.SecureConn.Read(b)
	c.tap(c.RemotePeer().String(), "", false, b[:n])
	return n, err
}

func (c *tappedConn) Write(b []byte) (int, error) {
	c.tap(c.RemotePeer().String(), "", true, b)
	return c.SecureConn.Write(b)
}
