package replica

import (
	"errors"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/finality"
)

// progress is what has to move for nothing to be sent again.
type progress struct{ height, term uint64 }

// An idle ledger's newest final is sent again after so many ticks, so that whoever was away learns of
// it, and by the leader in this interval, so that a newcomer does so quickly.
const (
	resendPause = 10
	leaderPause = 2 * time.Second
)

// run is the goroutine that owns the machine.
func (d *decider) run() {
	defer func() {
		d.post.cancel() // ends a rebuild that waits for a peer
		d.work.Wait()
		close(d.done)
	}()
	tick := time.NewTicker(max(d.r.timing.Election, 100*time.Millisecond))
	defer tick.Stop()
	for {
		d.settle()
		grown := d.r.history.next()
		if d.behind() {
			continue // it grew between the two
		}
		select {
		case <-d.r.stop:
			return
		case <-d.r.halt.done:
			return
		case l := <-d.inbox:
			d.take(l)
		case <-grown:
		case <-d.wake:
		case b := <-d.rebuilt:
			d.adopt(b)
		case <-tick.C:
			d.tick()
		}
	}
}

// behind says whether the machine has not been told of all that is executed.
func (d *decider) behind() bool {
	leaves, epoch := d.r.history.all()
	return uint64(len(leaves)) != d.told.size || epoch != d.told.epoch
}

// stand is how far which execution has come.
type stand struct{ size, epoch uint64 }

// settle does all that can be done now.
func (d *decider) settle() {
	for {
		leaves, epoch := d.r.history.all()
		d.told = stand{uint64(len(leaves)), epoch}
		if !d.followRecovery(leaves) {
			return
		}
		d.followRaft()
		d.check(d.machine.Executed())
		d.cross()
		d.propose()
		acted := d.carryOut()
		if !d.publish() && !acted {
			break
		}
	}
	d.followLeader(false)
}

// check ends the replica when the machine has found a fork. Every other error is about one message.
func (d *decider) check(err error) {
	if errors.Is(err, finality.ErrFork) {
		d.carryOut() // the evidence
		d.r.halt.stop(err)
	}
}

// followRaft tells the machine which round it is and who leads it.
func (d *decider) followRaft() {
	known, votes := d.machine.Part()
	if d.muted == d.machine.Height() || known && !votes {
		d.handOver() // whoever may vote shall lead
	}
	if d.muted == d.machine.Height() {
		return
	}
	peer, ok := d.r.Leader()
	term := d.r.term()
	if !ok || term == 0 {
		return
	}
	if leader, ok := d.logKeyOf(peer); ok {
		d.check(d.machine.Round(term, leader))
	}
}

// propose makes the leader propose what is executed above final, and an idle ledger's final once more
// when half the age bound has passed.
func (d *decider) propose() {
	if peer, ok := d.r.Leader(); !ok || peer != d.r.self || d.r.role() != "leader" || d.muted == d.machine.Height() {
		return
	}
	size, _ := d.r.history.reach(d.finalSize())
	if size <= d.finalSize() && !d.stale() && !d.begins() || d.finals.handsOver() && d.cfg.Now().Sub(d.renewed) < handOverPatience {
		return
	}
	if err := d.machine.Propose(size); err != nil && !errors.Is(err, finality.ErrPropose) {
		d.check(err)
	}
}

// handOverPatience is how long the voters that begin wait for those that end to cosign their last
// checkpoint, which is kept for ever.
const handOverPatience = 10 * time.Second

// begins says whether a recovery waits for the first checkpoint after it, which is that of itself.
func (d *decider) begins() bool { return d.newest == nil && d.finals.floor() > 0 }

// finalSize is what the machine knows to be final, executed here or not.
func (d *decider) finalSize() uint64 {
	if d.newest == nil {
		return d.finals.size() // of a recovery, or 0
	}
	return d.newest.Value.Size
}

// stale says whether the newest final is to be cosigned again: half the age bound has passed, and the
// last attempt is not just under way.
func (d *decider) stale() bool {
	p, now := d.finals.newest(), d.cfg.Now()
	return p.Height > 0 && now.Sub(p.At) >= d.cfg.MaxAge/2 && now.Sub(d.renewed) >= d.cfg.MaxAge/20
}

// tick sends again what may have been lost, and looks after what waits for time to pass.
func (d *decider) tick() {
	now := progress{d.machine.Height(), d.r.term()}
	open := d.active || d.finals.size() < d.finalSize() || d.told.size > d.finalSize()
	d.quiet++
	pause := resendPause
	if d.r.role() == "leader" {
		pause = int(leaderPause / d.r.timing.Election)
	}
	if open && now == d.seen || d.quiet >= pause {
		d.quiet = 0
		d.check(d.machine.Resend())
		if d.own != nil {
			d.send("", finality.Message{Cosignature: d.own}.Bytes())
		}
	}
	d.seen = now
	if d.still++; d.told != d.stood {
		d.stood, d.still = d.told, 0
	}
	d.followLeader(true)
	d.distrust(time.Now())
	d.finals.flush(d.cfg.Now())
}

// watchLeader wakes the decider when raft has another leader.
func (d *decider) watchLeader() {
	seen := make(chan raft.Observation, 1)
	observer := raft.NewObserver(seen, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		if ok {
			select {
			case d.wake <- struct{}{}:
			default:
			}
		}
		return false
	})
	d.r.raft.RegisterObserver(observer)
}

// close ends the goroutines. The replica's stop has been closed.
func (d *decider) close() error {
	<-d.done
	d.post.close()
	d.finals.flush(time.Time{})
	return nil
}
