package replica

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// DialFunc opens a stream of crosslight/raft/v1 to a peer. The stream must have proved who the peer
// is; ctx bounds the opening only.
type DialFunc func(ctx context.Context, peer string) (net.Conn, error)

// transport is raft's Transport over authenticated streams (raft.Transport, raft.WithPreVote,
// raft.WithClose). Server address and server ID are both the peer ID.
type transport struct {
	self  string
	gate  *gate
	pool  *pool
	log   *slog.Logger
	short time.Duration // for heartbeats and votes
	long  time.Duration // for entries

	consumer  chan raft.RPC
	heartbeat atomic.Pointer[func(raft.RPC)]
	onReady   func()        // called by SetHeartbeatHandler, which NewRaft does last
	announced atomic.Uint64 // how far the leader last said that the log is confirmed
	witness   witness       // keeps what a peer did against the rules
	door      atomic.Pointer[door]

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // streams being served

	mu      sync.Mutex
	closed  bool
	serving map[net.Conn]string
}

var (
	_ raft.Transport   = (*transport)(nil)
	_ raft.WithPreVote = (*transport)(nil)
	_ raft.WithClose   = (*transport)(nil)
)

// snapshotRate is the slowest speed, in bytes a second, at which a snapshot may travel.
const snapshotRate = 256 << 10

func newTransport(self string, g *gate, dial DialFunc, short time.Duration, log *slog.Logger) *transport {
	t := &transport{
		self: self, gate: g, log: log, short: short, long: 10 * time.Second,
		consumer: make(chan raft.RPC), onReady: func() {}, witness: func(string, error, []byte, []byte) {}, serving: map[net.Conn]string{},
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.pool = newPool(t.ctx, dial)
	return t
}

// Consumer implements raft.Transport.
func (t *transport) Consumer() <-chan raft.RPC { return t.consumer }

// LocalAddr implements raft.Transport.
func (t *transport) LocalAddr() raft.ServerAddress { return raft.ServerAddress(t.self) }

// EncodePeer implements raft.Transport.
func (t *transport) EncodePeer(_ raft.ServerID, a raft.ServerAddress) []byte { return []byte(a) }

// DecodePeer implements raft.Transport.
func (t *transport) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler implements raft.Transport: heartbeats go to cb at once instead of queueing
// behind writes to disk.
func (t *transport) SetHeartbeatHandler(cb func(raft.RPC)) {
	t.heartbeat.Store(&cb)
	t.onReady()
}

// AppendEntries implements raft.Transport. For a heartbeat an unreachable peer is an error at once;
// entries wait for the peer to come back for a while, since raft would answer each failure with a
// growing pause, up to ten seconds in which a restarted follower hears nothing.
func (t *transport) AppendEntries(_ raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if isHeartbeat(args) {
		return t.call(target, args, args.Term, resp, t.short)
	}
	if err := t.await(string(target)); err != nil {
		return err
	}
	return t.call(target, args, args.Term, resp, t.long)
}

// RequestVote implements raft.Transport.
func (t *transport) RequestVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return t.call(target, args, args.Term, resp, t.short)
}

// RequestPreVote implements raft.WithPreVote.
func (t *transport) RequestPreVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return t.call(target, args, args.Term, resp, t.short)
}

// TimeoutNow implements raft.Transport.
func (t *transport) TimeoutNow(_ raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.call(target, args, maxTerm, resp, t.short)
}

// InstallSnapshot implements raft.Transport: a frame, args.Size bytes of data, then the reply. The
// stream is not used again.
func (t *transport) InstallSnapshot(_ raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	frame, err := encodeRequest(args)
	if err != nil {
		return err
	}
	limit := t.long + time.Duration(args.Size/snapshotRate)*time.Second
	conn, err := t.pool.open(string(target), t.long) // new: data cannot be sent twice
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	if _, err := io.CopyN(conn, data, args.Size); err != nil {
		return err
	}
	return t.receive(conn, string(target), args.Term, resp)
}

// call sends one request and reads its reply. A pooled stream may have died with its peer's last
// run: then the request, which raft may repeat at will, goes once more over a new one.
func (t *transport) call(target raft.ServerAddress, args any, term uint64, resp any, limit time.Duration) error {
	frame, err := encodeRequest(args)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(limit)
	for {
		conn, pooled, err := t.pool.get(string(target), time.Until(deadline))
		if err != nil {
			return err
		}
		_ = conn.SetDeadline(deadline)
		if _, err = conn.Write(frame); err == nil {
			err = t.receive(conn, string(target), term, resp)
		}
		var answered *remoteError
		if err == nil || errors.As(err, &answered) {
			t.pool.put(string(target), conn)
			return err
		}
		_ = conn.Close()
		if !pooled || time.Now().After(deadline) {
			return err
		}
		t.pool.drop(string(target))
	}
}

// Close implements raft.WithClose: it ends all streams and waits for those being served.
func (t *transport) Close() error {
	t.mu.Lock()
	t.closed = true
	for conn := range t.serving {
		_ = conn.Close()
	}
	t.mu.Unlock()
	t.cancel()
	t.pool.close()
	t.wg.Wait()
	return nil
}

// isHeartbeat recognises the shape that raft gives a heartbeat.
func isHeartbeat(a *raft.AppendEntriesRequest) bool {
	return a.Term != 0 && a.PrevLogEntry == 0 && a.PrevLogTerm == 0 && len(a.Entries) == 0 && a.LeaderCommitIndex == 0
}

// dropPeer ends the streams to and from a peer.
func (t *transport) dropPeer(peer string) {
	t.mu.Lock()
	var open []net.Conn
	for conn, who := range t.serving {
		if who == peer {
			open = append(open, conn)
		}
	}
	t.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
	t.pool.drop(peer)
}
