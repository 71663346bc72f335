package p2p

import "github.com/libp2p/go-libp2p/core/network"

// OnConnect has f called with the peer ID of each connection that opens, in either direction, on a
// goroutine of its own.
func (h *Host) OnConnect(f func(peer string)) {
	h.swarm.Notify(&network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) {
		go f(c.RemotePeer().String())
	}})
}
