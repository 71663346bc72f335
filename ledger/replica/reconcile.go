package replica

import (
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// Reconciliation is looked at after each change and, should one be missed, in this interval.
const reconcileEvery = 2 * time.Second

// reconcile keeps raft's configuration in step with the ledger: the leader, and only it, adds each
// member as a non-voter, which then receives all entries, makes it a voter, or takes the vote or the
// place away, one server at a time. A configuration never changes without an entry behind it, and what
// gives is final before.
func (r *Replica) reconcile() {
	defer close(r.reconciled)
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.halt.done:
			return
		case <-r.raft.LeaderCh():
		case <-r.changed:
		case <-tick.C:
		}
		if err := r.guard.persist(); err != nil {
			r.log.Warn("the ledger's protected index was not written down", "reason", err)
		}
		if r.raft.State() == raft.Leader {
			r.align()
		}
	}
}

// align takes one step after the other; an error leaves the rest for the next time.
func (r *Replica) align() {
	want := r.wanted()
	for range maxServers {
		f := r.raft.GetConfiguration()
		if f.Error() != nil {
			return
		}
		s, ok := nextStep(f.Configuration(), want)
		if !ok {
			return
		}
		if s.id == r.self && s.kind != promote {
			r.stepAside()
			return
		}
		if err := r.take(s, f.Index()); err != nil {
			r.log.Debug("raft's configuration does not follow the ledger yet", "peer", s.id, "step", string(s.kind), "reason", err)
			return
		}
		r.log.Info("raft's configuration follows the ledger", "peer", s.id, "step", string(s.kind))
	}
}

// wanted is what the ledger says of nodes, by peer ID. What gives a place or a vote is so in the final
// state and in the newest; what takes it away is so in both, too.
type wanted struct {
	member, voter map[string]bool // to be added, to be given the vote
	known, votes  map[string]bool // in at least one state a member, a voter
}

func (r *Replica) wanted() wanted {
	w := wanted{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	r.ViewBoth(func(final, tip *state.State, _ FinalPoint) {
		sooner, later := membersOf(final), membersOf(tip)
		for _, members := range []map[string]bool{sooner, later} {
			for id, votes := range members {
				w.known[id], w.votes[id] = true, w.votes[id] || votes
			}
		}
		for id, votes := range later {
			mayVote, stands := sooner[id]
			w.member[id], w.voter[id] = stands, votes && mayVote
		}
	})
	return w
}

type stepKind string

const (
	add     stepKind = "add"
	promote stepKind = "give the vote"
	demote  stepKind = "take the vote"
	remove  stepKind = "remove"
)

type step struct {
	kind stepKind
	id   string
}

// nextStep is the first thing in which a configuration lags behind the ledger: who comes goes before who
// leaves. It is the same whichever node leads.
func nextStep(c raft.Configuration, w wanted) (step, bool) {
	has := map[string]raft.ServerSuffrage{}
	for _, s := range c.Servers {
		has[string(s.ID)] = s.Suffrage
	}
	for _, id := range slices.Sorted(maps.Keys(w.member)) {
		suffrage, there := has[id]
		switch {
		case w.member[id] && !there:
			return step{add, id}, true
		case w.voter[id] && suffrage != raft.Voter:
			return step{promote, id}, true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(has)) {
		switch {
		case !w.known[id]:
			return step{remove, id}, true
		case !w.votes[id] && has[id] == raft.Voter:
			return step{demote, id}, true
		}
	}
	return step{}, false
}

func (r *Replica) take(s step, after uint64) error {
	id, address, limit := raft.ServerID(s.id), raft.ServerAddress(s.id), r.timing.rpc()
	switch s.kind {
	case add:
		return r.raft.AddNonvoter(id, address, after, limit).Error()
	case promote:
		return r.raft.AddVoter(id, address, after, limit).Error()
	case demote:
		return r.raft.DemoteVoter(id, after, limit).Error()
	}
	return r.raft.RemoveServer(id, after, limit).Error()
}

// stepAside has another node lead, since this one is about to lose its vote.
func (r *Replica) stepAside() {
	if err := r.raft.LeadershipTransfer().Error(); err != nil {
		r.log.Debug("leadership was not handed over", "reason", err)
	}
}

// nudge asks for a reconciliation without waiting for it.
func (r *Replica) nudge() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}
