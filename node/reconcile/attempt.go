package reconcile

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// overfit is the work that a receiver is taken to be able to do, as a power of two of oracle calls: budgets charge
// the digests that it could look up with that much (specs/bulk-psi.md, "Leakage").
const overfit = 64

// errGrew reports a set that has more elements than were offered.
var errGrew = errors.New("the set has grown beyond what was offered: request again, with more --items")

// attempt is one pass over two sets, as it is in memory. turn is held by whoever reads and writes its machines;
// the fields below mu are for those who end it from outside.
type attempt struct {
	id       string // of the reconciliation
	number   session.RequestID
	pass     uint64
	peer     string // peer ID
	receives bool   // this member learns
	typ      indicator.Type
	digests  []byte
	own      uint64
	theirs   uint64

	turn     chan struct{} // holds one token while nobody drives
	engine   bulk.Machine
	sender   *bulk.Sender   // nil where this member receives
	receiver *bulk.Receiver // nil where it sends
	machine  *session.ReconcilePass
	kept     bool // what the receiver found is in the store
	settled  bool // and so are the receipts

	done, total atomic.Uint64 // messages of both sides

	mu     sync.Mutex
	stream p2p.Stream // nil while no stream serves it
	ended  bool       // from outside
	used   time.Time
}

// set is a snapshot of this member's set of a type.
type set struct {
	digests, labels []byte
	n               uint64
}

// count is how many elements the set has now.
func (s *Service) count(ctx context.Context, t indicator.Type) (uint64, error) {
	tallies, err := s.cfg.Store.Count(ctx)
	if err != nil {
		return 0, err
	}
	for _, x := range tallies {
		if x.Type == t {
			return uint64(x.Held), nil
		}
	}
	return 0, nil
}

// snapshot reads the set, of at most limit elements; [errGrew] for one that has more. labels says whether they are
// wanted. No memory is taken for a set that is too large.
func (s *Service) snapshot(ctx context.Context, t indicator.Type, labels bool, limit uint64) (*set, error) {
	n, err := s.count(ctx, t)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%w: %d elements, %d offered or allowed", errGrew, n, limit)
	}
	out := &set{digests: make([]byte, 0, n*bulk.DigestSize)}
	if labels {
		out.labels = make([]byte, 0, n*labelSize)
	}
	err = s.cfg.Store.Each(ctx, 0, t, func(d indicator.Digest, label, _ []byte) error {
		if out.n++; out.n > limit {
			return errGrew
		}
		out.digests = append(out.digests, d[:]...)
		if labels {
			out.labels = appendLabel(out.labels, label)
		}
		return ctx.Err()
	})
	return out, err
}

// appendLabel pads a label of at most 238 bytes.
func appendLabel(b, label []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(label)))
	return append(append(b, label...), make([]byte, labelSize-2-len(label))...)
}

// labelOf takes the padding off, or is nil for what is no padded label: the match stands without it.
func labelOf(padded []byte) []byte {
	if len(padded) != labelSize {
		return nil
	}
	n := int(binary.BigEndian.Uint16(padded))
	if n == 0 || n > labelSize-2 {
		return nil
	}
	for _, b := range padded[2+n:] {
		if b != 0 {
			return nil
		}
	}
	return append([]byte{}, padded[2:2+n]...)
}

// newAttempt makes the machines of a pass, in the caller's hands. theirs is what the peer announced: its hello must say the same.
func (s *Service) newAttempt(id string, offer *session.SignedOffer, number session.RequestID, pass uint64, own *set, theirs uint64) (*attempt, error) {
	o := &offer.Offer
	initiator := o.Initiator == s.self
	a := &attempt{
		id: id, number: number, pass: pass, peer: o.Initiator, typ: indicator.Type(o.Type), digests: own.digests,
		own: own.n, theirs: theirs, turn: make(chan struct{}, 1), used: s.cfg.Now(),
		receives: o.Learn.InitiatorReceives(pass) == initiator,
	}
	if initiator {
		a.peer = o.Other
	}
	key, err := s.nodeKey(a.peer)
	if err != nil {
		return nil, err
	}
	context := offer.Context(pass, number)
	c := bulk.Config{
		Context: context[:], Mode: bulk.Mode(o.Mode), LabelSize: int(o.LabelSize),
		MaxPeer: int(max(1, theirs)), // zero would be no bound
		Rand:    rand.Reader,
	}
	receipt := session.ReconcileReceipt{
		Ledger: s.cfg.LedgerID, Offer: offer.Hash, Pass: pass, Attempt: number,
		Receiver: s.self, Sender: a.peer, ReceiverItems: a.own, SenderItems: theirs,
	}
	if a.receives {
		a.receiver, err = bulk.NewReceiver(c, own.digests)
		a.engine = a.receiver
	} else {
		a.sender, err = bulk.NewSender(c, own.digests, own.labels)
		a.engine = a.sender
		receipt.Receiver, receipt.Sender = a.peer, s.self
		receipt.ReceiverItems, receipt.SenderItems = theirs, a.own
	}
	if err != nil {
		return nil, err
	}
	receipt.Charged = charge(receipt.ReceiverItems)
	a.machine = session.NewReconcilePass(a.engine, initiator, receipt, s.key, key)
	return a, nil
}

// charge is what a receiver's set is charged as.
func charge(items uint64) uint64 { return uint64(bulk.Overfit(int(items), overfit)) }

// admit takes the attempt in, in the place of an older one of the same reconciliation. An attempt that waits for
// somebody to go on with it makes way for one that is to run. [errBusy] where there is no room.
func (s *Service) admit(a *attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.attempts[a.id]; old != nil {
		s.end(old)
	}
	var idle *attempt
	for _, x := range s.attempts {
		busy := x.busy()
		if busy && x.peer == a.peer {
			return errBusy
		}
		if !busy && (idle == nil || x.peer == a.peer || x.lastUsed().Before(idle.lastUsed()) && idle.peer != a.peer) {
			idle = x
		}
	}
	if idle != nil && (len(s.attempts) >= maxAttempts || idle.peer == a.peer) {
		s.end(idle)
	}
	if len(s.attempts) >= maxAttempts {
		return errBusy
	}
	s.attempts[a.id] = a
	return nil
}

// drop ends an attempt for good: its secrets are forgotten with it.
func (s *Service) drop(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(a)
}

// end does so under the lock.
func (s *Service) end(a *attempt) {
	if s.attempts[a.id] == a {
		delete(s.attempts, a.id)
	}
	a.stop()
}

// under returns the attempt of a reconciliation that is in memory, or nil.
func (s *Service) under(id string) *attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts[id]
}

// busy says whether somebody has the machines.
func (a *attempt) busy() bool {
	return len(a.turn) == 0
}

func (a *attempt) lastUsed() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// stop ends it from outside, at once.
func (a *attempt) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	if a.stream != nil {
		_ = a.stream.Reset()
	}
}

// take gives the caller the machines, with the stream that it goes on over. A stream that served the attempt before
// is reset: the peer has another now, so that one broke.
func (a *attempt) take(ctx context.Context, stream p2p.Stream) error {
	a.mu.Lock()
	if a.stream != nil {
		_ = a.stream.Reset()
	}
	a.mu.Unlock()
	select {
	case <-a.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := a.over(stream); err != nil {
		a.turn <- struct{}{}
		return err
	}
	return nil
}

// over has the one who has the machines go on over a stream.
func (a *attempt) over(stream p2p.Stream) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return errEnded
	}
	a.stream = stream
	return nil
}

// release gives them back.
func (a *attempt) release(now time.Time) {
	a.mu.Lock()
	a.stream, a.used = nil, now
	a.mu.Unlock()
	a.turn <- struct{}{}
}

// errEnded reports an attempt that was ended from outside: cancelled, replaced, or the node stops.
var errEnded = errors.New("the attempt was ended")

// dropIdle ends the attempts that nobody has gone on with since a time. Such a reconciliation can be run again.
func (s *Service) dropIdle(ctx context.Context, since time.Time) {
	s.mu.Lock()
	var idle []*attempt
	for _, a := range s.attempts {
		if !a.busy() && a.lastUsed().Before(since) && !s.running[a.id] {
			idle = append(idle, a)
			s.end(a)
		}
	}
	s.mu.Unlock()
	for _, a := range idle {
		s.note(ctx, a.id, "approved", "the attempt broke off and nobody went on with it")
	}
}
