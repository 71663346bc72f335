package submit

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/state"
)

// A leader can keep an entry off the ledger: by not answering, by not ordering it, or by calling a good entry
// bad. Whoever cannot get an entry in tells the other voters. Each of them judges for itself: an entry that its own
// state takes, and that does not stand after it has brought it to the same leader for some time, is held
// against that leader, which it does not listen to for a while. Nobody's word counts, so nobody can have an
// honest leader deposed: that one takes the entry when it is brought.

const (
	// tellAfter is how long an entry is brought to the leader before the other voters are told, and told again.
	tellAfter = 5 * time.Second
	// censorAfter is how long an entry that this node has brought may not stand under one leader.
	censorAfter = 12 * time.Second
	// forgetAfter bounds how long an entry is looked after.
	forgetAfter = 2 * time.Minute
	// maxWaiting bounds how many entries are looked after at once.
	maxWaiting = 32
	tellWithin = 3 * time.Second
	lookEvery  = time.Second
)

// waiting is an entry that this node's state takes and that does not stand.
type waiting struct {
	raw    entry.Raw
	came   time.Time
	leader string
	since  time.Time // under this leader
	brings int       // to this leader, that have ended without its standing
	busy   bool
}

// watcher looks after what leaders may be censoring. Only Run touches entries.
type watcher struct {
	inbox   chan entry.Raw
	entries []*waiting
	brought chan *waiting
	work    sync.WaitGroup
}

func newWatcher() watcher {
	return watcher{inbox: make(chan entry.Raw, maxWaiting), brought: make(chan *waiting, maxWaiting)}
}

// Run looks after entries that a leader may be keeping off the ledger, until ctx ends.
func (s *Submitter) Run(ctx context.Context) {
	defer s.watch.work.Wait()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case raw := <-s.watch.inbox:
			s.remember(raw, time.Now())
		case w := <-s.watch.brought:
			w.busy, w.brings = false, w.brings+1
		case now := <-tick.C:
			s.look(ctx, now)
		}
	}
}

// suspect has an entry looked after. What does not fit is left: its sender tells again.
func (s *Submitter) suspect(raw entry.Raw) {
	select {
	case s.watch.inbox <- bytes.Clone(raw):
	default:
	}
}

// remember takes an entry that this node, a voter's, would put on the ledger.
func (s *Submitter) remember(raw entry.Raw, now time.Time) {
	for _, w := range s.watch.entries {
		if bytes.Equal(w.raw, raw) {
			return
		}
	}
	if len(s.watch.entries) >= maxWaiting || !s.votes() || s.refusal(raw) != nil {
		return
	}
	s.watch.entries = append(s.watch.entries, &waiting{raw: raw, came: now})
}

// look brings what waits to the leader, and leaves a leader that has not taken it for too long.
func (s *Submitter) look(ctx context.Context, now time.Time) {
	kept := s.watch.entries[:0]
	for _, w := range s.watch.entries {
		if now.Sub(w.came) > forgetAfter || s.refusal(w.raw) != nil {
			continue // it stands, or must not
		}
		kept = append(kept, w)
		leader, ok := s.ledger.Leader()
		if !ok || leader != w.leader {
			w.leader, w.since, w.brings = leader, now, 0
		}
		if ok && leader != s.self && w.brings > 1 && now.Sub(w.since) >= censorAfter {
			w.since, w.brings = now, 0
			if s.ledger.Distrust(leader) {
				s.log.Warn("the leader keeps an entry off the ledger: not listening to it for a while, so that another is elected",
					"leader", leader, "entry", entry.HashOf(w.raw).String())
			}
		}
		if ok && !w.busy {
			w.busy = true
			s.watch.work.Go(func() {
				within, cancel := context.WithTimeout(ctx, tellAfter)
				defer cancel()
				_, _ = s.once(within, w.raw) // whether it stands then, the ledger says
				select {
				case s.watch.brought <- w:
				case <-ctx.Done():
				}
			})
		}
	}
	clear(s.watch.entries[len(kept):])
	s.watch.entries = kept
}

// refusal is what this node's own state says to an entry now.
func (s *Submitter) refusal(raw []byte) (err error) {
	s.ledger.View(func(st *state.State) { err = st.Check(raw) })
	return err
}

// votes says whether this node is a voter's.
func (s *Submitter) votes() (ok bool) {
	s.ledger.View(func(st *state.State) {
		m, on := st.MemberByPeer(s.self)
		ok = on && m.Voter
	})
	return ok
}

// tell shows an entry to the voters, this node and the leader excepted, and has it looked after here too. Their
// answers say nothing.
func (s *Submitter) tell(ctx context.Context, raw entry.Raw) {
	s.suspect(raw)
	leader, _ := s.ledger.Leader()
	var voters []string
	s.ledger.View(func(st *state.State) { voters = st.Voters() })
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	var work sync.WaitGroup
	for _, peer := range voters {
		if peer == s.self || peer == leader {
			continue
		}
		work.Go(func() {
			if _, err := s.forward(ctx, peer, raw); err != nil {
				s.log.Debug("a voter was told of an entry that the leader does not take", "peer", peer, "answer", err)
			}
		})
	}
	work.Wait()
}

// believes says whether a leader's refusal is this node's own too. One that this node does not share is no
// answer: either this node is behind, and will share it soon, or the leader lies.
func (s *Submitter) believes(raw []byte) (rejection error, ok bool) {
	err := s.refusal(raw)
	if err == nil || errors.Is(err, entry.ErrDuplicate) {
		return nil, false
	}
	return err, true
}

// notLeading answers a submission that another node's leader should have had.
func (s *Submitter) notLeading(raw entry.Raw) forward.Response {
	s.suspect(raw)
	leader, _ := s.ledger.Leader()
	return forward.Response{V: 1, Code: forward.NotLeader, Leader: leader}
}
