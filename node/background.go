package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// background starts what works by itself until the node stops.
func (n *Node) background() {
	n.work.Go(n.watchLedger)
	n.work.Go(n.keepEvidence)
	n.work.Go(func() { n.holder.Indexer().Run(n.ctx) })
	n.work.Go(func() { n.hub.Follow(n.ctx) })
	n.work.Go(func() { n.notify.Run(n.ctx) })
	n.work.Go(func() { n.hub.Watch(n.ctx) })
	n.work.Go(func() { n.reconcile.Tidy(n.ctx) })
	n.work.Go(func() {
		n.register()
		n.turnEpochs()
	})
	n.work.Go(n.attestClock)
	n.work.Go(n.handOver)
	n.work.Go(n.vouch)
	n.work.Go(func() { n.audit.Run(n.ctx) })
	n.work.Go(func() { n.cosigning.Run(n.ctx) })
	n.work.Go(n.prune)
	n.work.Go(n.announce)
	n.work.Go(n.anchor)
}

// every calls f again and again, first after one pause, until the node stops.
func (n *Node) every(pause time.Duration, f func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// measureEvery is how often figures that nobody announces are read.
const measureEvery = 5 * time.Second

// watchLedger acts on what changes on the ledger, at once.
func (n *Node) watchLedger() {
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		n.follow()
		n.followKeys()
		n.checkPin()
		n.checkCurrent()
		n.measure()
		select {
		case <-n.ctx.Done():
			return
		case <-n.events:
			n.holder.Indexer().Kick() // an epoch may have begun
		case <-tick.C:
		case <-n.soon():
		}
	}
}

func (n *Node) checkPin() {
	if n.pinned.Load() {
		return
	}
	reached, err := n.pin.check(n.replica)
	if err != nil {
		n.fail(err)
		return
	}
	if reached {
		n.pinned.Store(true)
	}
}

// checkCurrent notes that the replica has caught up with its leader once since the start. From then on
// it follows; before, its state is of the past.
func (n *Node) checkCurrent() {
	if !n.current.Load() && n.replica.CaughtUp() {
		n.current.Store(true)
	}
}

// settled says whether this node's ledger is of the present.
func (n *Node) settled() bool { return n.pinned.Load() && n.current.Load() }

// mayAuthorise says whether this node may authorise by its ledger: it is of the present, and a quorum of
// voters has cosigned a checkpoint of it that was executed here.
func (n *Node) mayAuthorise() bool {
	return n.settled() && (!n.replica.Decides() || !n.replica.Final().At.IsZero())
}

// authority shows what to decide by: what is final, if that is not too old, and what is newest. Without
// finality, which only a test can bring about, both are the newest.
func (n *Node) authority(read func(final, tip *state.State)) (err error) {
	n.replica.ViewBoth(func(final, tip *state.State, p replica.FinalPoint) {
		if n.replica.Decides() {
			err = ledger.Fresh(p.At, n.cfg.Now(), n.cfg.MaxAge)
		}
		if err == nil {
			read(final, tip)
		}
	})
	return err
}

// soon fires while the node is not settled, so that it notices quickly.
func (n *Node) soon() <-chan time.Time {
	if n.settled() {
		return nil
	}
	return time.After(settleEvery)
}

const settleEvery = 20 * time.Millisecond

func (n *Node) measure() {
	s := n.replica.Status()
	n.metrics.LedgerSize.Set(float64(s.Size))
	final := n.replica.Final()
	n.metrics.FinalSize.Set(float64(final.Size))
	n.metrics.FinalHeight.Set(float64(final.Height))
	if !final.At.IsZero() {
		n.metrics.FinalAge.Set(n.cfg.Now().Sub(final.At).Seconds())
	}
	n.metrics.RaftTerm.Set(float64(s.Term))
	n.metrics.RaftLeader.Set(map[bool]float64{true: 1}[s.Role == "leader"])
	connected := 0
	for id := range *n.admitted.Load() {
		if id != n.host.ID() && n.host.Connected(id) {
			connected++
		}
	}
	n.metrics.Peers.Set(float64(connected))
}

func (n *Node) countMirrored(peer string, size int) {
	name := "unknown"
	n.replica.View(func(s *state.State) {
		if m, ok := s.MemberByPeer(peer); ok {
			name = m.Name
		}
	})
	n.metrics.MirrorBytes.WithLabelValues(name).Add(float64(size))
}

// checks say why the node is not ready.
func (n *Node) checks() {
	n.health.Register("ledger", func() string {
		if _, ok := n.replica.Leader(); !ok {
			return "the ledger has no leader that this node can reach: start a majority of the voters' nodes" + n.otherNodeKey()
		}
		return ""
	})
	n.health.Register("catch-up", func() string {
		if !n.current.Load() {
			return "the ledger has not caught up with its leader since this node started"
		}
		return ""
	})
	n.health.Register("membership", func() string {
		if !n.pinned.Load() {
			return "the ledger has not been fetched up to the invitation's point yet"
		}
		if _, ok := n.self(); !ok {
			return "this member is not on the ledger yet: a proposal to admit it must be accepted"
		}
		return ""
	})
	n.health.Register("finality", n.checkFinality)
	n.health.Register("cosigning", n.cosigning.Check)
	n.health.Register("keys", n.keys.failing)
	n.health.Register("index", n.holder.Indexer().Check)
	n.health.Register("epoch", func() string {
		m, ok := n.self()
		if ok && m.Epoch == 0 {
			return "this member has not opened its first epoch on the ledger yet"
		}
		return n.checkEpoch(m)
	})
}

// checkFinality says why nothing may be authorised by what is final.
func (n *Node) checkFinality() string {
	if !n.replica.Decides() {
		return ""
	}
	if err := ledger.Fresh(n.replica.Final().At, n.cfg.Now(), n.cfg.MaxAge); err != nil {
		return err.Error() + n.clockDoubt() + n.grade()
	}
	return ""
}

// clockDoubt says that this machine's clock may be at fault, where it is ahead of what the others' clocks show.
func (n *Node) clockDoubt() (words string) {
	now := n.cfg.Now()
	n.replica.View(func(s *state.State) {
		if on := time.Unix(int64(min(s.Time(), entry.MaxTime)), 0); now.Sub(on) > n.cfg.MaxAge {
			words = fmt.Sprintf("; or this machine's clock is ahead, and to be set right (NTP): it shows %s, ledger time is %s",
				now.UTC().Format(time.RFC3339), on.UTC().Format(time.RFC3339))
		}
	})
	return words
}

// grade says, beside what finality lacks, how little it takes to lack it.
func (n *Node) grade() (words string) {
	n.replica.ViewFinal(func(s *state.State, _ replica.FinalPoint) {
		if v := s.FinalityVoters(); s.Trial() {
			words = fmt.Sprintf("; trial grade: %d of %d voters are needed, and no cheat among them is stood", v.Quorum(), v.N())
		}
	})
	return words
}

func (n *Node) self() (m state.Member, ok bool) {
	n.replica.View(func(s *state.State) {
		m, ok = s.Member(n.card.Card.Name)
		ok = ok && n.owns(s)
	})
	return m, ok
}

// Attempts to enter what this node has to say on the ledger: each is bounded, and the pause between
// them grows, so that a lasting refusal floods neither the log nor the leader.
const (
	registerFirst  = 50 * time.Millisecond
	registerLast   = time.Minute
	registerWithin = 30 * time.Second
)

// register enters this node's addresses, version and epoch on the ledger, as soon as it is a member and
// its replica has caught up. Each is entered once; a crash in between is made good here.
func (n *Node) register() {
	pause, last := registerFirst, ""
	for n.ctx.Err() == nil {
		done, err := n.registerOnce()
		if done && err == nil {
			return
		}
		if err != nil && n.ctx.Err() == nil {
			if err.Error() != last {
				n.log.Warn("could not enter this node's data on the ledger; trying again", "error", err)
			}
			last, pause = err.Error(), min(2*pause, registerLast)
		}
		select {
		case <-n.ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (n *Node) registerOnce() (done bool, err error) {
	m, ok := n.self()
	if !ok || !n.settled() {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(n.ctx, registerWithin)
	defer cancel()
	if err := n.acknowledge(ctx, m); err != nil {
		return false, fmt.Errorf("acknowledgement: %w", err)
	}
	if err := n.registerNode(ctx, m); err != nil {
		return false, fmt.Errorf("addresses: %w", err)
	}
	if err := n.registerEpoch(ctx, m); err != nil {
		return false, fmt.Errorf("epoch: %w", err)
	}
	return true, nil
}

// acknowledge says on the ledger, once, that this member was led to the history that admitted it: the
// replica has executed all of it, and it passes through what the invitation pins.
func (n *Node) acknowledge(ctx context.Context, m state.Member) error {
	var b entry.Ack
	var due bool
	n.replica.View(func(s *state.State) { b, due = s.AckDue(m.Name) })
	if !due {
		return nil
	}
	_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewAck(s, seq, b.Size, b.Root)
	})
	if errors.Is(err, entry.ErrNoChange) {
		return nil
	}
	return err
}

func (n *Node) registerNode(ctx context.Context, m state.Member) error {
	addresses := n.cfg.Announce
	if len(addresses) == 0 {
		addresses = m.Addresses
	}
	if m.Version == n.cfg.Version && slices.Equal(addresses, m.Addresses) {
		return nil
	}
	_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewNodeInfo(s, seq, addresses, n.cfg.Version)
	})
	if errors.Is(err, entry.ErrNoChange) {
		return nil
	}
	return err
}
