package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Periods of the mirror's own work. Announcements and connections bring updates at once; the period makes
// good what they missed.
const (
	followEvery = 5 * time.Second
	followLimit = 20 * time.Second
	ackLimit    = 10 * time.Second
	followWidth = 8 // holders that are asked at a time
)

// followers are the goroutines that keep the mirrors up to date, one a holder.
type followers struct {
	mu    sync.Mutex
	wake  map[string]*waker // by the holder's peer ID
	width chan struct{}
}

// waker is how a follower is told that there is something to do.
type waker struct {
	pull, ack chan struct{}
	fault     string // that was told of last; the follower's own
}

func newFollowers() *followers {
	return &followers{wake: map[string]*waker{}, width: make(chan struct{}, followWidth)}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it will look anyway
	}
}

// of returns the waker of a holder that is followed, or nil.
func (f *followers) of(holder string) *waker {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wake[holder]
}

// begin returns the waker of a holder and whether it is new.
func (f *followers) begin(holder string) (*waker, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.wake[holder]; w != nil {
		return w, false
	}
	w := &waker{pull: make(chan struct{}, 1), ack: make(chan struct{}, 1)}
	f.wake[holder] = w
	return w, true
}

func (f *followers) end(holder string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.wake, holder)
}

// Heard says that a holder announced something, or can be reached again: its mirror is updated at once.
// It returns at once; a peer that is not followed is nobody's.
func (h *Hub) Heard(holder string) {
	if w := h.follow.of(holder); w != nil {
		nudge(w.pull)
	}
}

// changed acknowledges what came into use, whoever brought it: a question updates as well.
func (h *Hub) changed(u mirror.Update) {
	if w := h.follow.of(u.Ref.Holder.PeerID()); w != nil {
		nudge(w.ack)
	}
}

// Follow keeps the mirrors up to date in the background until ctx ends, so that a query finds large
// indexes here already, a watch hears of what is new, and what was withdrawn goes.
func (h *Hub) Follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var work sync.WaitGroup
	defer work.Wait()
	for {
		for _, m := range h.holders() {
			if w, fresh := h.follow.begin(m.PeerID); fresh {
				work.Go(func() {
					defer h.follow.end(m.PeerID)
					h.followHolder(ctx, m.PeerID, w)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-h.soon():
		}
	}
}

// soon fires while this node's ledger is of the past, so that following begins quickly.
func (h *Hub) soon() <-chan time.Time {
	if h.cfg.Settled() {
		return nil
	}
	return time.After(100 * time.Millisecond)
}

// holders are the members whose indexes are to be here. What others left is removed.
func (h *Hub) holders() []state.Member {
	if !h.cfg.Settled() {
		return nil
	}
	var members, out []state.Member
	h.cfg.Replica.View(func(s *state.State) { members = s.Members() })
	h.retain()
	for _, m := range members {
		if m.Name != h.cfg.Name && m.Status == state.Active && m.Epoch > 0 {
			out = append(out, m)
		}
	}
	return out
}

// followHolder updates one holder's mirror whenever there is a reason, until it is no holder any more.
func (h *Hub) followHolder(ctx context.Context, peer string, w *waker) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for pull := true; ; {
		var m state.Member
		var ok bool
		h.cfg.Replica.View(func(s *state.State) { m, ok = s.MemberByPeer(peer) })
		if !ok || m.Status != state.Active || ctx.Err() != nil {
			return
		}
		if pull {
			h.followOne(ctx, m)
		}
		h.acknowledge(ctx, m)
		select {
		case <-ctx.Done():
			return
		case <-w.pull:
			pull = true
		case <-tick.C:
			pull = true
		case <-w.ack:
			pull = false
		}
	}
}

// followOne brings all of a holder's indexes here, not only those that were asked about lately: when
// they are fetched does not show what this member looks for.
func (h *Hub) followOne(ctx context.Context, m state.Member) {
	select {
	case h.follow.width <- struct{}{}:
		defer func() { <-h.follow.width }()
	case <-ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(ctx, followLimit)
	defer cancel()
	h.tell(m, h.cfg.Fetcher.Update(ctx, m.Keys.Node, h.entitled(m)))
}

// tell lets an operator know, once, that a mirror is not kept up to date for a reason that does not pass by itself:
// this node's disk, or what the holder shows. That a holder is away, or has ended an epoch, is nothing to tell.
func (h *Hub) tell(m state.Member, err error) {
	w, now := h.follow.of(m.PeerID), ""
	for _, lasting := range lastingFaults {
		if errors.Is(err, lasting) {
			now = lasting.Error()
		}
	}
	if w == nil || now == "" || now == w.fault {
		if err != nil {
			h.cfg.Log.Debug("a mirror could not be updated", "holder", m.Name, "error", err)
		}
	} else {
		h.cfg.Log.Warn("a mirror could not be updated; what was there before is in use, and it is tried again", "holder", m.Name, "error", err)
	}
	if w != nil && (now != "" || err == nil) {
		w.fault = now
	}
}

// lastingFaults are what an operator, or the board, has to look at. The last one that applies names an error.
var lastingFaults = []error{
	mirror.ErrBytes, mirror.ErrTooLarge, mirror.ErrDisk, mirror.ErrFull, session.ErrRollback, session.ErrFork, fetch.ErrAnnounced, fetch.ErrAnchor,
}

func (h *Hub) acknowledge(ctx context.Context, m state.Member) {
	ctx, cancel := context.WithTimeout(ctx, ackLimit)
	defer cancel()
	if err := h.cfg.Fetcher.Acknowledge(ctx, m.Keys.Node, h.cfg.Ring.Private(member.Node)); err != nil {
		h.cfg.Log.Debug("a mirror could not be acknowledged; it is tried again", "holder", m.Name, "error", err)
	}
}
