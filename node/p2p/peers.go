package p2p

import (
	"context"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/multiformats/go-multiaddr"
)

// SetPeers replaces the addresses at which peers are dialled: peer ID to multiaddrs without the
// peer ID, as they stand on the ledger. Addresses that are not multiaddrs are left out with a
// warning. Existing connections stay.
func (h *Host) SetPeers(addresses map[string][]string) {
	table := make(map[string][]multiaddr.Multiaddr, len(addresses))
	for id, list := range addresses {
		for _, text := range list {
			a, err := multiaddr.NewMultiaddr(strings.TrimSuffix(text, "/p2p/"+id))
			if err != nil {
				h.log.Warn("an address on the ledger is not a multiaddr", "peer", id)
				continue
			}
			table[id] = append(table[id], a)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.peers = table
}

// Connected says whether a connection to the peer is open.
func (h *Host) Connected(id string) bool {
	p, err := peer.Decode(id)
	return err == nil && h.swarm.Connectedness(p) == network.Connected
}

// Disconnect closes every connection to the peer, with all streams on it.
func (h *Host) Disconnect(id string) {
	if p, err := peer.Decode(id); err == nil {
		_ = h.swarm.ClosePeer(p) // what remains of a broken connection is gone either way
	}
}

// ResetStreams ends the open streams with the peer, of the given protocols or, with none given, of
// all. It is how a suspended member loses its data streams while its connection stays.
func (h *Host) ResetStreams(id string, protocols ...string) {
	h.mu.Lock()
	var end []*stream
	for s := range h.streams[id] {
		if len(protocols) == 0 || slices.Contains(protocols, s.protocol) {
			end = append(end, s)
		}
	}
	h.mu.Unlock()
	for _, s := range end {
		_ = s.Reset()
	}
}

// connect makes sure that there is a connection. It dials the ledger's addresses only, and forgets
// libp2p's back-off, which would keep a restarted member away for minutes; callers pace themselves.
func (h *Host) connect(ctx context.Context, p peer.ID) error {
	if h.swarm.Connectedness(p) == network.Connected {
		return nil
	}
	h.mu.Lock()
	addresses := h.peers[p.String()]
	h.mu.Unlock()
	h.host.Peerstore().ClearAddrs(p)
	h.host.Peerstore().AddAddrs(p, addresses, peerstore.PermanentAddrTTL)
	h.swarm.Backoff().Clear(p)
	_, err := h.swarm.DialPeer(ctx, p)
	return err
}

// track enters a stream into the table of its peer; its release takes it out again. It reports
// false if the host is closed.
func (h *Host) track(s *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	if h.streams[s.peer] == nil {
		h.streams[s.peer] = map[*stream]struct{}{}
	}
	h.streams[s.peer][s] = struct{}{}
	s.release = func() { h.untrack(s) }
	return true
}

func (h *Host) untrack(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams[s.peer], s)
	if len(h.streams[s.peer]) == 0 {
		delete(h.streams, s.peer)
	}
}
