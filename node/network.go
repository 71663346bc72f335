package node

import (
	"context"
	"net"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/notify"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/reconcile"
	"github.com/crosslight/crosslight/node/submit"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// The streams of the ledger: raft's, the votes on what is final, and the leaves for whoever has to
// rebuild.
const (
	raftProtocol    = "crosslight/raft/v1"
	historyProtocol = "crosslight/history/v1"
)

// openNetwork starts the host with the gate open to those whom the genesis and the invitation name;
// the ledger widens and narrows it from then on.
func (n *Node) openNetwork() (err error) {
	listen := n.cfg.P2PListen
	if len(listen) == 0 {
		listen = n.card.Card.Addresses
	}
	known := map[string][]string{}
	for _, f := range n.genesis.Genesis().Founders {
		known[f.Card.Keys.Node.PeerID()] = f.Card.Addresses
	}
	if n.pin != nil {
		for id, addresses := range n.pin.peer {
			known[id] = addresses
		}
	}
	n.admit(known)
	n.host, err = p2p.New(p2p.Config{
		Key: n.ring.Private("node"), Listen: listen, Logger: n.log, Tap: n.cfg.Tap,
		Admit: func(peer string) bool { return n.unguarded != nil || (*n.admitted.Load())[peer] },
	})
	if err != nil {
		return err
	}
	n.defers(n.host.Close)
	n.host.SetPeers(without(known, n.host.ID()))
	return nil
}

func (n *Node) admit(known map[string][]string) {
	set := make(map[string]bool, len(known))
	for id := range known {
		set[id] = true
	}
	n.admitted.Store(&set)
}

func without(peers map[string][]string, self string) map[string][]string {
	out := make(map[string][]string, len(peers))
	for id, addresses := range peers {
		if id != self {
			out[id] = addresses
		}
	}
	return out
}

// openLedger opens the replica, which re-executes its history, and lets raft's streams in.
func (n *Node) openLedger() (err error) {
	n.replica, err = n.openReplica(replica.Config{
		Dir: n.home.Raft(), Self: n.host.ID(), Genesis: n.genesis, Logger: n.log, Timing: n.cfg.Timing,
		Dial: n.dial(raftProtocol),
		Finality: &replica.FinalityConfig{
			Log: n.ring.Private(member.Log), Cosigner: n.ring.Private(member.Cosigner),
			Dial: n.dial(finality.Domain), DialHistory: n.dial(historyProtocol),
			Now: n.cfg.Now, MaxAge: n.cfg.MaxAge, OnFinal: func(replica.FinalPoint) { n.nudge() },
		},
		OnEvidence: n.accuse,
		OnEvents:   func([]state.Event) { n.nudge() },
	})
	if err != nil {
		return err
	}
	n.defers(n.replica.Close)
	n.follow()
	n.submit = submit.New(n.replica, n.host, n.genesis.ID(), n.host.ID(), n.log)
	n.host.Handle(raftProtocol, replica.MaxStreams, func(_ context.Context, s p2p.Stream) { n.replica.Accept(s.Peer(), s) })
	n.host.Handle(finality.Domain, replica.MaxFinalityStreams, func(_ context.Context, s p2p.Stream) { n.replica.AcceptFinality(s.Peer(), s) })
	n.host.Handle(historyProtocol, replica.MaxHistoryStreams, func(_ context.Context, s p2p.Stream) { n.replica.AcceptHistory(s.Peer(), s) })
	n.host.Handle(forward.Protocol, submit.MaxStreams, n.submit.Serve)
	return nil
}

// dial opens streams of one protocol.
func (n *Node) dial(protocol string) replica.DialFunc {
	return func(ctx context.Context, peer string) (net.Conn, error) { return n.host.Open(ctx, peer, protocol) }
}

// nudge has watchLedger look at once.
func (n *Node) nudge() {
	select {
	case n.events <- struct{}{}:
	default:
	}
}

// dataProtocols are the streams that a suspended member loses. It keeps replicating the ledger, and
// its vote.
var dataProtocols = []string{session.QueryProtocol, session.MirrorProtocol, session.MatchProtocol, session.ReconcileProtocol}

// follow brings the gate, the address book and the open streams in line with the ledger.
func (n *Node) follow() {
	var members []state.Member
	n.replica.View(func(s *state.State) { members = s.Members() })
	known := map[string][]string{}
	if n.pin != nil && !n.pinned.Load() {
		for id, addresses := range n.pin.peer { // members that the replica has not caught up to
			known[id] = addresses
		}
	}
	for _, m := range members {
		known[m.PeerID] = m.Addresses
	}
	n.admit(known)
	n.host.SetPeers(without(known, n.host.ID()))
	for _, m := range members {
		if m.Status == state.Suspended {
			n.host.ResetStreams(m.PeerID, dataProtocols...)
		}
	}
}

// ResetStreams ends the open streams with a peer, of the protocols named or of all: what a suspension does, and
// what tests do to break a conversation in the middle.
func (n *Node) ResetStreams(peer string, protocols ...string) {
	n.host.ResetStreams(peer, protocols...)
}

// serveData lets the other members ask and mirror.
func (n *Node) serveData() {
	n.host.Handle(session.QueryProtocol, holder.MaxStreams, n.holder.ServeQuery)
	n.host.Handle(session.MirrorProtocol, holder.MaxStreams, n.holder.ServeMirror)
	n.host.Handle(session.AuditProtocol, audit.MaxStreams, n.audit.Serve)
	n.host.Handle(session.AcknowledgeProtocol, holder.MaxAckStreams, n.holder.ServeAcknowledge)
	n.host.Handle(session.MatchProtocol, notify.MaxStreams, n.notify.Serve)
	n.host.Handle(session.ReconcileProtocol, reconcile.MaxStreams, n.reconcile.Serve)
}
