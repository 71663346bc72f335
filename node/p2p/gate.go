package p2p

import (
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// gate admits connections by peer ID, both ways. An inbound stranger is cut off at the end of the
// Noise handshake, the first moment at which it is known who it is, before any stream exists.
type gate struct {
	admit   func(peer string) bool
	refused func(peer string)
}

// InterceptPeerDial refuses to dial a peer that is not admitted.
func (g *gate) InterceptPeerDial(p peer.ID) bool { return g.admit(p.String()) }

// InterceptAddrDial has nothing to add: addresses are set from the ledger before each dial.
func (g *gate) InterceptAddrDial(peer.ID, multiaddr.Multiaddr) bool { return true }

// InterceptAccept lets a TCP connection through to the handshake, within the resource limits.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured refuses a peer that proved an identity which is not admitted.
func (g *gate) InterceptSecured(_ network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	if g.admit(p.String()) {
		return true
	}
	g.refused(p.String())
	return false
}

// InterceptUpgraded asks again: membership may have ended during the handshake.
func (g *gate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.admit(c.RemotePeer().String()), 0
}
