package replica

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Idle streams kept a peer: one each for heartbeats, entries and votes, which run at the same time.
const maxIdle = 3

// pool keeps idle outbound streams, so that an RPC costs no opening.
type pool struct {
	ctx  context.Context
	dial DialFunc

	mu     sync.Mutex
	closed bool
	idle   map[string][]net.Conn
	busy   map[net.Conn]struct{}
}

func newPool(ctx context.Context, dial DialFunc) *pool {
	return &pool{ctx: ctx, dial: dial, idle: map[string][]net.Conn{}, busy: map[net.Conn]struct{}{}}
}

// pooledConn leaves the pool's books when it is closed.
type pooledConn struct {
	net.Conn
	pool *pool
}

// Close implements net.Conn. It is graceful: what was written still arrives.
func (c *pooledConn) Close() error {
	c.pool.mu.Lock()
	delete(c.pool.busy, c)
	c.pool.mu.Unlock()
	return c.Conn.Close()
}

// get returns an idle stream, or a new one within limit, and whether it was idle before.
func (p *pool) get(peer string, limit time.Duration) (net.Conn, bool, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, false, raft.ErrTransportShutdown
	}
	if n := len(p.idle[peer]); n > 0 {
		conn := p.idle[peer][n-1]
		p.idle[peer] = p.idle[peer][:n-1]
		p.busy[conn] = struct{}{}
		p.mu.Unlock()
		return conn, true, nil
	}
	p.mu.Unlock()
	conn, err := p.open(peer, limit)
	return conn, false, err
}

// open dials a new stream within limit.
func (p *pool) open(peer string, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	inner, err := p.dial(ctx, peer)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	conn := &pooledConn{inner, p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = inner.Close()
		return nil, raft.ErrTransportShutdown
	}
	p.busy[conn] = struct{}{}
	return conn, nil
}

// put gives a stream back between two RPCs.
func (p *pool) put(peer string, conn net.Conn) {
	p.mu.Lock()
	keep := !p.closed && len(p.idle[peer]) < maxIdle
	if keep {
		delete(p.busy, conn)
		p.idle[peer] = append(p.idle[peer], conn)
	}
	p.mu.Unlock()
	if !keep {
		_ = conn.Close()
	}
}

// drop closes the idle streams of a peer.
func (p *pool) drop(peer string) {
	p.mu.Lock()
	idle := p.idle[peer]
	delete(p.idle, peer)
	p.mu.Unlock()
	for _, conn := range idle {
		_ = conn.Close()
	}
}

// close ends every stream, idle or busy.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	var all []net.Conn
	for _, idle := range p.idle {
		all = append(all, idle...)
	}
	for conn := range p.busy {
		all = append(all, conn)
	}
	p.idle = map[string][]net.Conn{}
	p.mu.Unlock()
	for _, conn := range all {
		_ = conn.Close()
	}
}

// Pauses of await: a peer that is down is dialled about once a second.
const (
	firstRedial = 50 * time.Millisecond
	lastRedial  = time.Second
	patience    = 30 * time.Second
)

// await returns once a stream to the peer is at hand, or fails after patience.
func (t *transport) await(peer string) error {
	giveUp := time.Now().Add(patience)
	for pause := firstRedial; ; pause = min(2*pause, lastRedial) {
		conn, _, err := t.pool.get(peer, t.short)
		if err == nil {
			t.pool.put(peer, conn)
			return nil
		}
		if time.Now().After(giveUp) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-t.ctx.Done():
			return raft.ErrTransportShutdown
		}
	}
}
