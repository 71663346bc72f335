package replica

import (
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// inFlight is how many AppendEntries may be under way on a pipeline. Two overlap the preparation of
// one request with the wait for another; more only adds latency (hashicorp/raft#541).
const inFlight = 2

// pipeline sends AppendEntries over one stream without waiting for each reply (raft.AppendPipeline).
type pipeline struct {
	t       *transport
	peer    string
	conn    net.Conn
	pending chan *appendFuture
	done    chan raft.AppendFuture
	broken  chan struct{} // closed after the first answer that raft does not go on from
	stop    chan struct{}
	once    sync.Once
}

// AppendEntriesPipeline implements raft.Transport.
func (t *transport) AppendEntriesPipeline(_ raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	conn, _, err := t.pool.get(string(target), t.short)
	if err != nil {
		return nil, err
	}
	p := &pipeline{
		t: t, peer: string(target), conn: conn,
		pending: make(chan *appendFuture, inFlight-2),
		done:    make(chan raft.AppendFuture, inFlight-2),
		broken:  make(chan struct{}),
		stop:    make(chan struct{}),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = conn.Close()
		return nil, raft.ErrTransportShutdown
	}
	t.wg.Add(1)
	go p.receive()
	return p, nil
}

// AppendEntries implements raft.AppendPipeline. It blocks while inFlight requests are under way.
func (p *pipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	frame, err := encodeRequest(args)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.broken:
		return nil, raft.ErrPipelineShutdown
	default:
	}
	f := &appendFuture{start: time.Now(), args: args, resp: resp, ready: make(chan struct{})}
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.t.long))
	if _, err := p.conn.Write(frame); err != nil {
		return nil, err
	}
	select {
	case p.pending <- f:
		return f, nil
	case <-p.broken:
		return nil, raft.ErrPipelineShutdown
	case <-p.stop:
		return nil, raft.ErrPipelineShutdown
	case <-p.t.ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
}

// receive completes the futures in the order in which they were sent, up to the first that is not a
// success. Raft takes that one and no more; it may well send some before it gives the pipeline up, and
// would wait in AppendEntries for as long as it leads.
func (p *pipeline) receive() {
	defer p.t.wg.Done()
	for {
		select {
		case f := <-p.pending:
			_ = p.conn.SetReadDeadline(time.Now().Add(p.t.long))
			err := p.t.receive(p.conn, p.peer, f.args.Term, f.resp)
			last := err != nil || !f.resp.Success || f.resp.Term > f.args.Term
			f.complete(err)
			select {
			case p.done <- f:
				if last {
					close(p.broken)
					return
				}
			case <-p.stop:
				return
			case <-p.t.ctx.Done():
				return
			}
		case <-p.stop:
			return
		case <-p.t.ctx.Done():
			return
		}
	}
}

// Consumer implements raft.AppendPipeline.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.done }

// Close implements raft.AppendPipeline.
func (p *pipeline) Close() error {
	p.once.Do(func() {
		close(p.stop)
		_ = p.conn.Close()
	})
	return nil
}

// appendFuture implements raft.AppendFuture.
type appendFuture struct {
	start time.Time
	args  *raft.AppendEntriesRequest
	resp  *raft.AppendEntriesResponse
	ready chan struct{}
	err   error
}

func (f *appendFuture) complete(err error) {
	f.err = err
	close(f.ready)
}

// Error implements raft.Future; it waits for the reply.
func (f *appendFuture) Error() error { <-f.ready; return f.err }

// Start implements raft.AppendFuture.
func (f *appendFuture) Start() time.Time { return f.start }

// Request implements raft.AppendFuture.
func (f *appendFuture) Request() *raft.AppendEntriesRequest { return f.args }

// Response implements raft.AppendFuture.
func (f *appendFuture) Response() *raft.AppendEntriesResponse { return f.resp }
