package p2p

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

// Stream is one conversation with one member. Both ends know who the other is: Noise proved it. It
// has no deadline until one is set.
type Stream interface {
	net.Conn
	// Peer returns the peer ID at the other end.
	Peer() string
	// Protocol returns the protocol identifier that the stream was opened with.
	Protocol() string
	// Reset ends the stream at once in both directions; the peer sees an error. Use Close after a
	// conversation that went well.
	Reset() error
	// CloseWrite says that nothing more will be written; the peer reads io.EOF. Reading goes on.
	CloseWrite() error
}

// closePatience bounds how long Close waits for the peer's half of the protocol negotiation.
const closePatience = 2 * time.Second

type stream struct {
	inner    network.Stream
	rw       io.ReadWriteCloser // inner, or the lazy negotiation around it
	peer     string
	protocol string
	tap      Tap
	release  func()
	once     sync.Once
}

var _ Stream = (*stream)(nil)

// newOutbound starts a stream whose protocol is negotiated with the first message: opening costs no
// round trip, and a peer that does not serve the protocol shows at the first read.
func newOutbound(s network.Stream, proto string, tap Tap) *stream {
	out := newInbound(s, proto, tap)
	out.rw = multistream.NewMSSelect(s, protocol.ID(proto))
	return out
}

func newInbound(s network.Stream, proto string, tap Tap) *stream {
	return &stream{
		inner: s, rw: s, peer: s.Conn().RemotePeer().String(), protocol: proto, tap: tap,
		release: func() {},
	}
}

func (s *stream) Peer() string     { return s.peer }
func (s *stream) Protocol() string { return s.protocol }

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.rw.Read(b)
	if s.tap != nil && n > 0 {
		s.tap(s.peer, s.protocol, false, b[:n])
	}
	return n, streamError(err)
}

func (s *stream) Write(b []byte) (int, error) {
	if s.tap != nil {
		s.tap(s.peer, s.protocol, true, b)
	}
	n, err := s.rw.Write(b)
	return n, streamError(err)
}

// Close ends the stream gracefully: what was written still arrives.
func (s *stream) Close() error {
	defer s.once.Do(s.release)
	_ = s.inner.SetReadDeadline(time.Now().Add(closePatience))
	return streamError(s.rw.Close())
}

func (s *stream) Reset() error {
	defer s.once.Do(s.release)
	return s.inner.Reset()
}

func (s *stream) CloseWrite() error {
	if lazy, ok := s.rw.(interface{ Flush() error }); ok {
		_ = lazy.Flush() // an error shows at the next read
	}
	return streamError(s.inner.CloseWrite())
}

func (s *stream) SetDeadline(t time.Time) error      { return s.inner.SetDeadline(t) }
func (s *stream) SetReadDeadline(t time.Time) error  { return s.inner.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.inner.SetWriteDeadline(t) }

func (s *stream) LocalAddr() net.Addr {
	a, _ := manet.ToNetAddr(s.inner.Conn().LocalMultiaddr())
	return a
}

func (s *stream) RemoteAddr() net.Addr {
	a, _ := manet.ToNetAddr(s.inner.Conn().RemoteMultiaddr())
	return a
}
