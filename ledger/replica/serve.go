package replica

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Deadlines of a stream that is served.
const (
	idleLimit  = 2 * time.Minute  // between two requests; the caller opens another stream then
	replyLimit = 10 * time.Second // to take our reply
	chunkLimit = 30 * time.Second // for the next bytes of a snapshot
)

// MaxStreams is how many inbound streams of one peer a host should let through to Accept: the
// peer's pool, a pipeline, a snapshot, and as many again while a broken connection lingers.
const MaxStreams = 16

// serve answers the requests of one stream, in order, until it ends. The peer is who the stream
// proved; a request that the gate refuses is answered with the reason and ends the stream.
func (t *transport) serve(peer string, conn net.Conn) {
	if !t.begin(peer, conn) {
		_ = conn.Close()
		return
	}
	defer t.end(conn)
	if err := t.gate.stream(peer); err != nil {
		t.witness(peer, err, nil, nil)
		t.log.Debug("raft stream refused", "peer", peer, "reason", err)
		return
	}
	for {
		if err := t.serveOne(peer, conn); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && t.ctx.Err() == nil {
				t.log.Debug("raft stream ended", "peer", peer, "reason", err)
			}
			return
		}
	}
}

func (t *transport) begin(peer string, conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.serving[conn] = peer
	t.wg.Add(1)
	return true
}

func (t *transport) end(conn net.Conn) {
	t.mu.Lock()
	delete(t.serving, conn)
	t.mu.Unlock()
	_ = conn.Close()
	t.wg.Done()
}

// serveOne reads, judges, passes on and answers one request. An error ends the stream.
func (t *transport) serveOne(peer string, conn net.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(idleLimit))
	b, err := wire.ReadFrame(conn, MaxRequest)
	if err != nil {
		return err
	}
	r, err := parseRequest(b)
	if err != nil && !(t.gate.open && errors.Is(err, errNumber)) { // bare raft takes any number
		reason := t.malformed(err)
		t.witness(peer, reason, b, nil)
		return errors.Join(reason, err)
	}
	if r.Point != nil {
		return t.answerPoint(peer, conn, r.Point, b)
	}
	command := fromRequest(r, peer)
	if err := t.gate.rpc(peer, command); err != nil {
		t.witness(peer, err, b, nil)
		return errors.Join(err, t.answer(conn, nil, err))
	}
	if d := t.door.Load(); d != nil {
		if v := d.judge(command); v.err != nil {
			t.gate.count(v.err)
			t.witness(peer, v.err, b, v.held)
			return errors.Join(v.err, t.answer(conn, nil, v.err))
		}
	}
	rpc := raft.RPC{Command: t.bound(command)}
	if r.Snapshot != nil {
		rpc.Reader = io.LimitReader(&patientReader{conn}, int64(r.Snapshot.Size))
	}
	resp, err := t.dispatch(rpc)
	if err != nil {
		return err
	}
	switch { // by what it holds
	case errors.Is(resp.Error, errSnapshot):
		t.witness(peer, t.gate.refuse(errSnapshot), b, nil)
	case errors.Is(resp.Error, errBehind):
		_ = t.gate.refuse(errBehind)
	}
	t.heard(command, resp)
	if err := t.answer(conn, resp.Response, resp.Error); err != nil {
		return err
	}
	if r.Snapshot != nil {
		return io.EOF // raft may have left bytes unread
	}
	return nil
}

// bound keeps what raft takes for confirmed to what the message shows.
func (t *transport) bound(command any) any {
	a, ok := command.(*raft.AppendEntriesRequest)
	if !ok || t.gate.open || confirmed(a) == a.LeaderCommitIndex {
		return command
	}
	out := *a
	out.LeaderCommitIndex = confirmed(a)
	return &out
}

func (t *transport) malformed(err error) error {
	if errors.Is(err, errNumber) {
		return t.gate.refuse(errBeyond)
	}
	return t.gate.refuse(errBadMessage)
}

// dispatch hands a request to raft and waits for its answer.
func (t *transport) dispatch(rpc raft.RPC) (raft.RPCResponse, error) {
	answers := make(chan raft.RPCResponse, 1)
	rpc.RespChan = answers
	fast := t.heartbeat.Load()
	if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok && isHeartbeat(a) && fast != nil {
		(*fast)(rpc)
	} else {
		select {
		case t.consumer <- rpc:
		case <-t.ctx.Done():
			return raft.RPCResponse{}, raft.ErrTransportShutdown
		}
	}
	select {
	case resp := <-answers:
		return resp, nil
	case <-t.ctx.Done():
		return raft.RPCResponse{}, raft.ErrTransportShutdown
	}
}

// heard notes how far a leader that raft follows says that the log is confirmed. Heartbeats do not say.
func (t *transport) heard(command any, resp raft.RPCResponse) {
	asked, ok := command.(*raft.AppendEntriesRequest)
	if !ok || isHeartbeat(asked) {
		return
	}
	if answer, ok := resp.Response.(*raft.AppendEntriesResponse); ok && answer.Success {
		t.announced.Store(asked.LeaderCommitIndex)
	}
}

func (t *transport) answer(conn net.Conn, response any, failure error) error {
	return t.write(conn, toReply(response, failure))
}

func (t *transport) write(conn net.Conn, r reply) error {
	b, err := wire.Encode(r)
	if err != nil {
		return err
	}
	_ = conn.SetWriteDeadline(time.Now().Add(replyLimit))
	_, err = conn.Write(frame(b))
	return err
}

// patientReader moves the deadline along while bytes arrive.
type patientReader struct{ conn net.Conn }

func (r *patientReader) Read(b []byte) (int, error) {
	_ = r.conn.SetReadDeadline(time.Now().Add(chunkLimit))
	return r.conn.Read(b)
}
