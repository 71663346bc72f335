package replica

import (
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// Reconciliation is looked at after each change and, should one be missed, in this interval.
const reconcileEvery = 2 * time.Second

// reconcile keeps raft's configuration in step with the ledger: the leader, and only it, adds each
// member that the ledger admitted as a non-voter, which then receives all entries. A configuration
// never changes without an entry behind it.
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
			r.addMissing()
		}
	}
}

// addMissing adds one member after the other; an error leaves the rest for the next time.
func (r *Replica) addMissing() {
	var wanted []string
	r.history.view(func(s *state.State) { wanted = append(s.Voters(), s.NonVoters()...) })
	for _, id := range wanted {
		f := r.raft.GetConfiguration()
		if f.Error() != nil || hasServer(f.Configuration(), id) {
			continue
		}
		add := r.raft.AddNonvoter(raft.ServerID(id), raft.ServerAddress(id), f.Index(), r.timing.rpc())
		if err := add.Error(); err != nil {
			r.log.Debug("a member was not added to raft yet", "peer", id, "reason", err)
			return
		}
		r.log.Info("member added to the ledger's replicas", "peer", id)
	}
}

func hasServer(c raft.Configuration, id string) bool {
	for _, s := range c.Servers {
		if string(s.ID) == id {
			return true
		}
	}
	return false
}

// nudge asks for a reconciliation without waiting for it.
func (r *Replica) nudge() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}
