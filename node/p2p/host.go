package p2p

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
)

// Config says who this node is and whom it admits.
type Config struct {
	// Key is the member's node key, 64 bytes. Its public half is the peer ID.
	Key ed25519.PrivateKey
	// Listen holds TCP multiaddrs such as /ip4/0.0.0.0/tcp/7481. Empty: this node only dials.
	Listen []string
	// Admit says whether a peer may be connected, in either direction. It is asked for each
	// connection and each stream, from many goroutines, and must be quick.
	Admit func(peer string) bool
	// Logger may be nil.
	Logger *slog.Logger
	// Tap is nil in production.
	Tap Tap
}

// Host is a running libp2p host. Its methods may be called from many goroutines.
type Host struct {
	cfg   Config
	host  host.Host
	swarm *swarm.Swarm
	log   *slog.Logger

	ctx    context.Context // ends with the host; handlers run under it
	cancel context.CancelFunc
	wg     sync.WaitGroup // handlers

	mu      sync.Mutex
	closed  bool
	peers   map[string][]multiaddr.Multiaddr // from the ledger
	streams map[string]map[*stream]struct{}  // open ones, by peer
	serving map[service]int                  // inbound streams under way
}

type service struct{ peer, protocol string }

// closeWait bounds how long Close waits for handlers after their streams have been reset.
const closeWait = 10 * time.Second

// New starts a host that listens on every address of cfg.Listen, or fails: [ErrPortInUse],
// [ErrAddress].
func New(cfg Config) (*Host, error) {
	if cfg.Admit == nil || len(cfg.Key) != ed25519.PrivateKeySize {
		return nil, errors.New("p2p: Config needs a Key and an Admit function")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	takeLibp2pLog(cfg.Logger)
	h := &Host{
		cfg: cfg, log: cfg.Logger,
		peers:   map[string][]multiaddr.Multiaddr{},
		streams: map[string]map[*stream]struct{}{},
		serving: map[service]int{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	if err := h.start(); err != nil {
		h.cancel()
		return nil, err
	}
	return h, nil
}

func (h *Host) start() error {
	key, err := crypto.UnmarshalEd25519PrivateKey(h.cfg.Key)
	if err != nil {
		return fmt.Errorf("p2p: node key: %w", err)
	}
	limits, err := newResourceManager()
	if err != nil {
		return fmt.Errorf("p2p: resource limits: %w", err)
	}
	h.host, err = libp2p.New(h.options(key, limits)...)
	if err != nil {
		return fmt.Errorf("p2p: start: %w", err)
	}
	h.swarm = h.host.Network().(*swarm.Swarm) // the only network that libp2p.New builds
	for _, address := range h.cfg.Listen {
		if err := h.listen(address); err != nil {
			return errors.Join(err, h.host.Close())
		}
	}
	return nil
}

// options turns off everything of libp2p that a closed consortium does not need.
func (h *Host) options(key crypto.PrivKey, limits network.ResourceManager) []libp2p.Option {
	security := libp2p.Security(noise.ID, noise.New)
	if h.cfg.Tap != nil {
		security = libp2p.Security(noise.ID, newTappedNoise(h.cfg.Tap))
	}
	return []libp2p.Option{
		libp2p.Identity(key),
		libp2p.NoListenAddrs, // start listens one by one: libp2p is content if one of several succeeds
		// Without DisableReuseport a second node could bind the same port and share its connections.
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport()),
		security,
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ConnectionGater(&gate{admit: h.cfg.Admit, refused: h.logRefused}),
		libp2p.ResourceManager(limits),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
		libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return nil }),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.Ping(false),
		libp2p.UserAgent("crosslight"),
		libp2p.ProtocolVersion("crosslight/v1"),
		libp2p.SwarmOpts(swarm.WithDialRanker(swarm.NoDelayDialRanker)),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.UDPBlackHoleSuccessCounter(nil),
	}
}

func (h *Host) listen(address string) error {
	a, err := multiaddr.NewMultiaddr(address)
	if err != nil {
		return listenError(address, err)
	}
	if err := h.swarm.AddListenAddr(a); err != nil {
		return listenError(address, err)
	}
	return nil
}

// ID returns this node's peer ID.
func (h *Host) ID() string { return h.host.ID().String() }

// Addrs returns the addresses that this node listens on, with the ports that were chosen.
func (h *Host) Addrs() []string {
	var out []string
	for _, a := range h.swarm.ListenAddresses() {
		out = append(out, a.String())
	}
	return out
}

// Close ends every stream and connection and waits for the handlers. It may be called twice.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	err := h.host.Close()
	done := make(chan struct{})
	go func() { h.wg.Wait(); close(done) }()
	select {
	case <-done:
		return err
	case <-time.After(closeWait):
		return errors.Join(err, errors.New("p2p: a stream handler did not end"))
	}
}

func (h *Host) logRefused(peer string) {
	h.log.Debug("connection refused: peer is not admitted", "peer", peer)
}
