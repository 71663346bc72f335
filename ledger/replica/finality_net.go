package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of crosslight/finality/v1. A message is lost rather than waited for: what matters is sent
// again (finality.Machine.Resend).
const (
	// MaxFinalityStreams is how many inbound streams of one peer a host should let through to
	// AcceptFinality: the one in use, and one that lingers.
	MaxFinalityStreams = 4

	postQueue   = 64               // messages that wait for one peer
	postWithin  = 5 * time.Second  // to take one
	postDial    = 2 * time.Second  // to open a stream
	postPause   = time.Second      // after a failure
	letterRate  = 200              // messages a second of one stream, once letterBurst is used up
	letterBurst = 600              //
	maxBad      = 16               // messages of one stream that do not hold, in all
	letterIdle  = 10 * time.Minute // between two messages
)

// letter is a message on its way to the machine.
type letter struct {
	peer   string
	bytes  []byte
	answer chan<- error // takes one
}

// AcceptFinality serves one inbound stream of crosslight/finality/v1 until it ends; the caller has made
// sure that the stream belongs to that peer.
func (r *Replica) AcceptFinality(peer string, conn net.Conn) {
	d := r.decider
	if d == nil || !r.transport.begin(peer, conn) {
		_ = conn.Close()
		return
	}
	defer r.transport.end(conn)
	if !r.isMember(peer) {
		r.transport.witness(peer, r.gate.refuse(errNotMember), nil, nil)
		return
	}
	if err := d.hear(peer, conn); err != nil {
		r.log.Debug("finality stream ended", "peer", peer, "reason", err)
	}
}

// hear takes one message after the other. The next is read when the machine has had this one, so the
// members' streams take turns, and one that floods is slowed down at its own end.
func (d *decider) hear(peer string, conn net.Conn) error {
	pace, bad := newPace(letterRate, letterBurst), 0
	for {
		_ = conn.SetReadDeadline(time.Now().Add(letterIdle))
		b, err := wire.ReadFrame(conn, finality.MaxMessage)
		if err != nil {
			return err
		}
		if !pace.wait(d.r.stop) {
			return nil
		}
		answer := make(chan error, 1)
		select {
		case d.inbox <- letter{peer, b, answer}:
		case <-d.done:
			return nil
		}
		select {
		case err = <-answer:
		case <-d.done:
			return nil
		}
		if err == nil || isTiming(err) {
			continue
		}
		if bad++; bad >= maxBad {
			d.r.transport.witness(peer, d.r.gate.refuse(errBadFinality), b, nil)
			return fmt.Errorf("%d messages that do not hold, the last: %w", bad, err)
		}
	}
}

// isTiming says whether a message is only early, late, or by the voters of another height.
func isTiming(err error) bool {
	return errors.Is(err, finality.ErrAhead) || errors.Is(err, finality.ErrBehind) || errors.Is(err, finality.ErrVoter)
}

// take gives a letter to the machine.
func (d *decider) take(l letter) {
	err := d.machine.Step(l.peer, l.bytes)
	d.check(err)
	l.answer <- err
}

func (r *Replica) members() (peers []string) {
	r.View(func(s *state.State) { peers = append(s.Voters(), s.NonVoters()...) })
	return peers
}

// isMember says whether a node is a member's, by the newest state or as a voter by the final one.
func (r *Replica) isMember(peer string) (ok bool) {
	if r.gate.open || (*r.gate.finalVoters.Load())[peer] {
		return true
	}
	r.View(func(s *state.State) { _, ok = s.MemberByPeer(peer) })
	return ok
}

// pace spreads what a stream sends. It belongs to one goroutine.
type pace struct {
	rate, burst, left float64
	last              time.Time
}

func newPace(rate, burst float64) *pace { return &pace{rate, burst, burst, time.Now()} }

// wait takes one turn; false when stop is closed first.
func (p *pace) wait(stop <-chan struct{}) bool {
	now := time.Now()
	p.left = min(p.burst, p.left+p.rate*now.Sub(p.last).Seconds()) - 1
	p.last = now
	if p.left >= 0 {
		return true
	}
	select {
	case <-stop:
		return false
	case <-time.After(time.Duration(-p.left / p.rate * float64(time.Second))):
		return true
	}
}

// post brings messages to members, each over one stream of its own, so that a member that does not
// read keeps nobody else waiting.
type post struct {
	dial   DialFunc
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	queues map[string]chan []byte
}

func newPost(dial DialFunc, log *slog.Logger) *post {
	p := &post{dial: dial, log: log, queues: map[string]chan []byte{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// send never blocks: what does not fit into the peer's queue is lost.
func (p *post) send(peer string, message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[peer]
	if q == nil && p.ctx.Err() == nil {
		q = make(chan []byte, postQueue)
		p.queues[peer] = q
		p.wg.Go(func() { p.carry(peer, q) })
	}
	select {
	case q <- message:
	default:
	}
}

// carry sends what is in a queue, over one stream as long as that holds.
func (p *post) carry(peer string, q <-chan []byte) {
	var conn net.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	for {
		var message []byte
		select {
		case message = <-q:
		case <-p.ctx.Done():
			return
		}
		var err error
		if conn, err = p.write(peer, conn, message); err == nil {
			continue
		}
		p.log.Debug("a finality message was not brought", "peer", peer, "reason", err)
		select {
		case <-time.After(postPause):
		case <-p.ctx.Done():
			return
		}
		for len(q) > 0 { // of the past by now
			<-q
		}
	}
}

// write sends over conn, and over a new stream if there is none or it has died with its peer's last run.
func (p *post) write(peer string, conn net.Conn, message []byte) (net.Conn, error) {
	if conn != nil {
		if p.writeOn(conn, message) == nil {
			return conn, nil
		}
		_ = conn.Close()
	}
	ctx, cancel := context.WithTimeout(p.ctx, postDial)
	defer cancel()
	conn, err := p.dial(ctx, peer)
	if err != nil {
		return nil, err
	}
	if err := p.writeOn(conn, message); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (p *post) writeOn(conn net.Conn, message []byte) error {
	stop := context.AfterFunc(p.ctx, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = conn.SetWriteDeadline(time.Now().Add(postWithin))
	return wire.WriteFrame(conn, message)
}

func (p *post) close() {
	p.cancel()
	p.wg.Wait()
}
