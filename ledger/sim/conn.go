package sim

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// errReset is what both ends of a stream see once the network has reset it.
var errReset = errors.New("connection reset by the simulated network")

// window bounds the bytes under way in one direction of a stream; a writer waits beyond it.
const window = 256 << 10

// chunk is what one Write sent, and when it is there; without bytes it is the end of the stream.
type chunk struct {
	at time.Time
	b  []byte
}

// half is one direction of a stream. It keeps the order of bytes and loses none: a link that is blocked
// holds them back, as TCP does, until it opens, a deadline passes or the stream is reset.
type half struct {
	link *link

	mu     sync.Mutex
	queue  []chunk
	held   int       // bytes in queue
	newest time.Time // when the newest chunk is there
	ended  bool      // by the writer: what is queued still arrives
	gone   bool      // by the reader: nobody reads any more
	reset  bool
	wake   chan struct{} // closed and replaced whenever something changes

	readBy, writeBy time.Time // deadlines; zero is none
}

func newHalf(l *link) *half { return &half{link: l, wake: make(chan struct{})} }

// change runs f under the lock and wakes whoever waits.
func (h *half) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	close(h.wake)
	h.wake = make(chan struct{})
}

// attempt repeats try, which runs under the lock, until it is done. try says until when nothing can
// change by itself; zero is for ever.
func (h *half) attempt(try func(now time.Time) (n int, until time.Time, err error)) (int, error) {
	for {
		h.mu.Lock()
		n, until, err := try(time.Now())
		wake := h.wake
		h.mu.Unlock()
		if n > 0 || err != nil {
			return n, err
		}
		pause(wake, until)
	}
}

// pause waits for wake or until a time; a zero time is for ever.
func pause(wake <-chan struct{}, until time.Time) {
	if until.IsZero() {
		<-wake
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	}
}

func past(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// sooner returns the earlier of two times of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (h *half) read(b []byte) (int, error) {
	n, err := h.attempt(func(now time.Time) (int, time.Time, error) {
		switch {
		case h.gone:
			return 0, time.Time{}, net.ErrClosed
		case past(h.readBy, now):
			return 0, time.Time{}, os.ErrDeadlineExceeded
		case h.reset:
			return 0, time.Time{}, errReset
		case len(h.queue) == 0 || h.link.closed():
			return 0, h.readBy, nil
		case now.Before(h.queue[0].at):
			return 0, sooner(h.readBy, h.queue[0].at), nil
		case h.queue[0].b == nil:
			return 0, time.Time{}, io.EOF
		}
		return h.take(b), time.Time{}, nil
	})
	if n > 0 {
		h.change(func() {}) // the writer may wait for room
	}
	return n, err
}

func (h *half) take(b []byte) int {
	head := &h.queue[0]
	n := copy(b, head.b)
	head.b = head.b[n:]
	if len(head.b) == 0 {
		h.queue = h.queue[1:]
	}
	h.held -= n
	return n
}

func (h *half) write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := h.attempt(func(now time.Time) (int, time.Time, error) {
		switch {
		case h.ended:
			return 0, time.Time{}, net.ErrClosed
		case past(h.writeBy, now):
			return 0, time.Time{}, os.ErrDeadlineExceeded
		case h.reset || h.gone:
			return 0, time.Time{}, errReset
		case h.held > 0 && h.held+len(b) > window:
			return 0, h.writeBy, nil
		}
		h.put(bytes.Clone(b), now)
		return len(b), time.Time{}, nil
	})
	if n > 0 {
		h.change(func() {})
	}
	return n, err
}

// put sends b; nil ends the stream.
func (h *half) put(b []byte, now time.Time) {
	at := now.Add(h.link.latency())
	if at.Before(h.newest) {
		at = h.newest
	}
	h.newest = at
	h.link.trace.Add("send %s %s %d %d", h.link.from[len(h.link.from)-4:], h.link.to[len(h.link.to)-4:], len(b), at.UnixMicro())
	h.queue = append(h.queue, chunk{at, b})
	h.held += len(b)
}

func (h *half) end(now time.Time) {
	if !h.ended {
		h.ended = true
		h.put(nil, now)
	}
}

// resend says that a link is open again: what it held back arrives after the sender's next
// retransmission, delay from now.
func (h *half) resend(delay time.Duration) {
	h.change(func() {
		at := time.Now().Add(delay)
		for i := range h.queue {
			if h.queue[i].at.Before(at) {
				h.queue[i].at = at
			}
		}
		if len(h.queue) > 0 && h.newest.Before(at) {
			h.newest = at
		}
	})
}

// conn is one end of a stream.
type conn struct {
	in, out *half
	onClose func()
	once    sync.Once
}

var _ net.Conn = (*conn)(nil)

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) { return c.out.write(b) }

// Close implements net.Conn. What was written still arrives; what comes in is dropped.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.out.change(func() { c.out.end(time.Now()) })
		c.in.change(func() { c.in.gone, c.in.queue, c.in.held = true, nil, 0 })
		c.onClose()
	})
	return nil
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.readBy = t })
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.writeBy = t })
	return nil
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return address(c.out.link.from) }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return address(c.out.link.to) }

type address string

func (address) Network() string  { return "sim" }
func (a address) String() string { return string(a) }
