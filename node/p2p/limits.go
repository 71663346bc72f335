package p2p

import (
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
)

// Limits of a node, whatever the machine: a consortium has tens of members, at most a few hundred.
const (
	maxConns         = 1024
	maxConnsPerPeer  = 8
	maxConnsPerIP    = 64 // several members may stand behind one address
	maxStreams       = 8192
	maxStreamsPeer   = 512
	maxMemory        = 1 << 30
	maxMemoryPeer    = 128 << 20
	maxTransient     = 128 // connections whose peer is not yet known
	maxTransientMem  = 32 << 20
	maxConnRate      = 4 // new connections a second from one address, after the burst
	maxConnRateBurst = 64
)

func limit(streams, conns int, memory int64) rcmgr.ResourceLimits {
	return rcmgr.ResourceLimits{
		Streams: rcmgr.LimitVal(streams), StreamsInbound: rcmgr.LimitVal(streams), StreamsOutbound: rcmgr.LimitVal(streams),
		Conns: rcmgr.LimitVal(conns), ConnsInbound: rcmgr.LimitVal(conns), ConnsOutbound: rcmgr.LimitVal(conns),
		FD: rcmgr.LimitVal(conns), Memory: rcmgr.LimitVal64(memory),
	}
}

// newResourceManager bounds what peers can make this node hold. Nothing scales with the machine, so
// that a figure here is the figure everywhere.
func newResourceManager() (network.ResourceManager, error) {
	system := limit(maxStreams, maxConns, maxMemory)
	perPeer := limit(maxStreamsPeer, maxConnsPerPeer, maxMemoryPeer)
	limits := rcmgr.PartialLimitConfig{
		System:               system,
		Transient:            limit(maxTransient, maxTransient, maxTransientMem),
		AllowlistedSystem:    system,
		AllowlistedTransient: limit(maxTransient, maxTransient, maxTransientMem),
		ServiceDefault:       system,
		ServicePeerDefault:   perPeer,
		ProtocolDefault:      system,
		ProtocolPeerDefault:  perPeer,
		PeerDefault:          perPeer,
		Conn:                 limit(maxStreamsPeer, 1, maxMemoryPeer),
		Stream:               limit(1, 1, maxMemoryPeer),
	}.Build(rcmgr.DefaultLimits.Scale(maxMemory, maxConns))
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: maxConnsPerIP}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: maxConnsPerIP}}),
		rcmgr.WithConnRateLimiters(connRate()))
}

// connRate bounds how often one address may connect; loopback, which has no strangers, is free.
func connRate() *rate.Limiter {
	one := rate.Limit{RPS: maxConnRate, Burst: maxConnRateBurst}
	return &rate.Limiter{
		NetworkPrefixLimits: []rate.PrefixLimit{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
			{Prefix: netip.MustParsePrefix("::1/128")},
		},
		SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: one}},
			IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: one}},
			GracePeriod:      time.Minute,
		},
	}
}
