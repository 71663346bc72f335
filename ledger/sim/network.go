package sim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// errRefused is what a dialler gets of a host on which nothing listens.
var errRefused = errors.New("connection refused by the simulated host")

// Latencies of a link, one way. Each link has a base of its own, and each message a little on top.
const (
	leastLatency = time.Millisecond
	baseSpread   = 20 * time.Millisecond
	jitterSpread = 5 * time.Millisecond
	longestRTO   = 5 * time.Second // between two retransmissions over a link that was blocked
)

// Network carries streams between hosts, which are named by their peer IDs. A link is one direction of
// a pair of hosts; it has latency, drawn from the seed, and can be blocked by itself.
//
// The network authenticates: a stream's Accept is told who dialled it, as Noise would.
type Network struct {
	seed  uint64
	trace *Trace

	mu    sync.Mutex
	links map[[2]string]*link
	hosts map[string]*host
	wg    sync.WaitGroup // streams being accepted
}

// host is a machine on the network.
type host struct {
	accept map[string]func(peer string, c net.Conn) // by protocol; nil: nothing listens
	inward map[string]int                           // streams by the peer that opened them
}

// link is one direction between two hosts.
type link struct {
	from, to string
	trace    *Trace

	mu      sync.Mutex
	rand    *rand.Rand
	base    time.Duration
	extra   time.Duration // on top of base, while the network is slow
	blocked time.Time     // since when; zero: open
	halves  []*half
	opened  chan struct{} // closed and replaced when the link opens
}

// NewNetwork returns a network on which all links are open and no host listens.
func NewNetwork(seed uint64, trace *Trace) *Network {
	return &Network{seed: seed, trace: trace, links: map[[2]string]*link{}, hosts: map[string]*host{}}
}

// Listen says who serves the streams of a protocol to a host; nil: nobody. Streams of a host where
// nobody listens any more end by themselves, as its process closes them.
func (n *Network) Listen(name, protocol string, accept func(peer string, c net.Conn)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.host(name)
	if accept == nil {
		delete(h.accept, protocol)
		return
	}
	h.accept[protocol] = accept
}

func (n *Network) host(name string) *host {
	if n.hosts[name] == nil {
		n.hosts[name] = &host{accept: map[string]func(string, net.Conn){}, inward: map[string]int{}}
	}
	return n.hosts[name]
}

func (n *Network) link(from, to string) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := [2]string{from, to}
	if n.links[key] == nil {
		r := rand.New(rand.NewPCG(n.seed, label(from+"\x00"+to)))
		n.links[key] = &link{
			from: from, to: to, trace: n.trace, rand: r, opened: make(chan struct{}),
			base: leastLatency + time.Duration(r.Int64N(int64(baseSpread))),
		}
	}
	return n.links[key]
}

// label makes a number of a name, the same in every run.
func label(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// Dial opens a stream of a protocol. A blocked link keeps it waiting until ctx ends.
func (n *Network) Dial(ctx context.Context, from, to, protocol string) (net.Conn, error) {
	out, in := n.link(from, to), n.link(to, from)
	for _, l := range []*link{out, in} { // the greeting and its answer
		if err := l.cross(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", protocol, err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.host(to)
	accept := h.accept[protocol]
	if accept == nil || h.inward[from] >= maxStreams {
		return nil, errRefused
	}
	there, back := newHalf(out), newHalf(in)
	near := &conn{in: back, out: there, onClose: func() { in.drop(back) }}
	far := &conn{in: there, out: back, onClose: func() { out.drop(there) }}
	out.add(there)
	in.add(back)
	h.inward[from]++
	n.wg.Go(func() {
		accept(from, far)
		_ = far.Close()
		n.mu.Lock()
		h.inward[from]--
		n.mu.Unlock()
	})
	return near, nil
}

// maxStreams is how many streams of one peer a host takes, as the node's own does.
const maxStreams = 16

// Wait returns once nobody serves a stream any more.
func (n *Network) Wait() { n.wg.Wait() }

// Block stops all that goes from one host to another; what is under way waits. The way back stays.
func (n *Network) Block(from, to string) {
	l := n.link(from, to)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.blocked.IsZero() {
		l.blocked = time.Now()
	}
}

// Unblock opens a link again.
func (n *Network) Unblock(from, to string) { n.link(from, to).open() }

// Slow adds to the latency of a link; zero ends it.
func (n *Network) Slow(from, to string, extra time.Duration) {
	l := n.link(from, to)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.extra = extra
}

// Reset ends all streams between two hosts at once, on both sides.
func (n *Network) Reset(a, b string) {
	for _, l := range []*link{n.link(a, b), n.link(b, a)} {
		for _, h := range l.all() {
			h.change(func() { h.reset, h.queue, h.held = true, nil, 0 })
		}
	}
}

// cross takes as long as one message over the link.
func (l *link) cross(ctx context.Context) error {
	for {
		l.mu.Lock()
		blocked, opened := !l.blocked.IsZero(), l.opened
		l.mu.Unlock()
		var arrived <-chan time.Time
		if !blocked {
			timer := time.NewTimer(l.latency())
			defer timer.Stop()
			arrived, opened = timer.C, nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-opened:
		case <-arrived:
			return nil
		}
	}
}

func (l *link) latency() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.base + l.extra + time.Duration(l.rand.Int64N(int64(jitterSpread)))
}

func (l *link) closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.blocked.IsZero()
}

// open lets through what waited. A sender repeats itself after pauses that double, so the longer the
// link was blocked, the longer until the next try.
func (l *link) open() {
	l.mu.Lock()
	if l.blocked.IsZero() {
		l.mu.Unlock()
		return
	}
	rto := min(time.Since(l.blocked), longestRTO)
	l.blocked = time.Time{}
	close(l.opened)
	l.opened = make(chan struct{})
	l.mu.Unlock()
	for _, h := range l.all() {
		h.resend(l.latency() + l.upTo(rto))
	}
}

func (l *link) upTo(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.rand.Int64N(int64(d) + 1))
}

func (l *link) add(h *half) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halves = append(l.halves, h)
}

func (l *link) drop(h *half) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halves = slices.DeleteFunc(l.halves, func(other *half) bool { return other == h })
}

func (l *link) all() []*half {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.halves)
}
