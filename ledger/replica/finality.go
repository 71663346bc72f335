package replica

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// FinalityConfig says with which keys and over which streams this replica takes part in deciding what
// is final (specs/finality.md).
type FinalityConfig struct {
	// Log signs this member's votes, Cosigner its cosignatures. A member that is no voter needs them too:
	// its replica follows what is final.
	Log, Cosigner ed25519.PrivateKey
	// Dial opens a stream of crosslight/finality/v1 to a member, whose AcceptFinality serves it.
	Dial DialFunc
	// DialHistory opens a stream of crosslight/history/v1 to a member, whose AcceptHistory serves it.
	DialHistory DialFunc
	// Now is the clock of cosignatures; nil is the system's.
	Now func() time.Time
	// MaxAge is how old the newest final checkpoint may be for those who go by it; the leader has an idle
	// ledger cosigned again at half of it. Zero is [DefaultMaxAge].
	MaxAge time.Duration
	// OnFinal, if set, hears of each newer final point that this replica has reached, and again when
	// cosignatures of it arrive, from one goroutine. It must not block.
	OnFinal func(FinalPoint)
}

// DefaultMaxAge bounds how long a member is believed to be one after it was removed, where the nodes
// cannot hear one another.
const DefaultMaxAge = time.Hour

// ErrFork is finality's: more than b voters cheat, and the evidence proves it. It is fatal.
var ErrFork = finality.ErrFork

var (
	// keyFinality holds what this voter must not forget, keyMuted the height at which it does not vote.
	keyFinality = []byte("CrosslightFinality")
	keyMuted    = []byte("CrosslightFinalityMuted")
)

// decider runs the finality machine: one goroutine owns it and everything here that has no lock.
//
//	raft: term, leader ─┐            ┌─▶ disk, before anything else
//	history grew ───────┼─▶ machine ─┼─▶ post (streams to the members)
//	streams of members ─┤            ├─▶ finals: API, gate, log guard
//	clock ──────────────┘            └─▶ evidence; another history (finality_rebuild.go)
type decider struct {
	r       *Replica
	cfg     FinalityConfig
	log     *slog.Logger
	self    member.KeyID
	ledger  [32]byte
	machine *finality.Machine
	finals  *finals
	post    *post

	inbox   chan letter
	rebuilt chan rebuilt
	wake    chan struct{} // raft has another leader
	done    chan struct{}
	work    sync.WaitGroup // a rebuild, a transfer of leadership

	newest   *finality.Certificate  // final, perhaps not executed here yet
	early    []finality.Cosignature // of newest, while it is not executed here
	own      *finality.Cosignature  // the newest that this node made
	kept     []finality.Value       // echoed since the last final
	active   bool                   // this voter has signed something since the last final
	seen     progress               // at the last tick
	quiet    int                    // ticks since something was sent again
	renewed  time.Time              // when the newest final came, by the clock of cosignatures
	fresh    bool                   // began without any state
	muted    uint64                 // height at which it does not vote; 0: none
	busy     bool                   // a rebuild is under way
	rest     time.Time              // no rebuild before
	missing  missing
	stood    missing       // what was executed at the last tick
	still    int           // ticks since that changed
	transfer chan struct{} // held while leadership is handed over
	crossed  uint64        // height at which the next turn became final, once the ledger shows it
	aside    aside         // see finality_kept.go
	dir      string
}

// progress is what has to move for nothing to be sent again.
type progress struct{ height, term uint64 }

// newDecider reads what this voter has signed before. Errors: those of the stores, [finality.ErrState].
func (r *Replica) newDecider(cfg FinalityConfig, dir string, genesis entry.SignedGenesis) (*decider, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = DefaultMaxAge
	}
	d := &decider{
		r: r, cfg: cfg, dir: dir, log: r.log, self: member.PublicOf(cfg.Log).ID(), ledger: genesis.ID(),
		inbox: make(chan letter), rebuilt: make(chan rebuilt, 1), wake: make(chan struct{}, 1),
		done: make(chan struct{}), transfer: make(chan struct{}, 1),
	}
	d.post = newPost(cfg.Dial, r.log)
	var incarnation uint64
	r.View(func(s *state.State) { incarnation = s.Incarnation() })
	kept, err := optional(r.store.Get(keyFinality))
	if err != nil {
		return nil, err
	}
	d.fresh = kept == nil
	if muted, err := optional(r.store.Get(keyMuted)); err != nil {
		return nil, err
	} else if len(muted) == 8 {
		d.muted, _ = r.store.GetUint64(keyMuted)
	}
	if d.finals, err = openFinals(dir, genesis, r.history); err != nil {
		return nil, err
	}
	if err := d.aside.read(keptPath(dir)); err != nil {
		return nil, err
	}
	d.machine, err = finality.New(finality.Config{
		Ledger: d.ledger, Incarnation: incarnation, Key: cfg.Log, Roster: d, History: d,
	}, kept)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if c, ok := d.machine.Final(); ok {
		d.newest = &c
	}
	return d, nil
}

// optional makes nothing of a key that is not there.
func optional(b []byte, err error) ([]byte, error) {
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil, nil
	}
	return b, err
}

// resendPause is how often, in ticks, an idle ledger's newest final is sent again, so that whoever was
// away learns of it.
const resendPause = 10

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
	return uint64(len(leaves)) != d.missing.size || epoch != d.missing.epoch
}

// missing is the execution that the machine was told of last.
type missing struct{ size, epoch uint64 }

// settle does all that can be done now.
func (d *decider) settle() {
	for {
		leaves, epoch := d.r.history.all()
		d.missing = missing{uint64(len(leaves)), epoch}
		d.followRaft()
		d.cross()
		d.check(d.machine.Executed())
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
	if d.muted == d.machine.Height() {
		d.handOver() // whoever may vote shall lead
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

// logKeyOf returns the id of the log key of a member's node.
func (d *decider) logKeyOf(peer string) (id member.KeyID, ok bool) {
	d.r.View(func(s *state.State) {
		var m state.Member
		if m, ok = s.MemberByPeer(peer); ok {
			id = m.Keys.Log.ID()
		}
	})
	return id, ok
}

// peerOf returns the node of the member whose log key has this id.
func (d *decider) peerOf(id member.KeyID) (peer string, ok bool) {
	d.r.View(func(s *state.State) {
		var m state.Member
		var role member.Role
		if m, role, ok = s.MemberByKey(id); ok {
			peer, ok = m.PeerID, role == member.Log
		}
	})
	return peer, ok
}

// propose makes the leader propose what is executed above final, and an idle ledger's final once more
// when half the age bound has passed.
func (d *decider) propose() {
	if peer, ok := d.r.Leader(); !ok || peer != d.r.self || d.r.role() != "leader" || d.muted == d.machine.Height() {
		return
	}
	size, _ := d.r.history.reach(d.finalSize())
	if size <= d.finalSize() && !d.stale() || d.finals.handsOver() && d.cfg.Now().Sub(d.renewed) < handOverPatience {
		return
	}
	if err := d.machine.Propose(size); err != nil && !errors.Is(err, finality.ErrPropose) {
		d.check(err)
	}
}

// handOverPatience is how long the voters that begin wait for those that end to cosign their last
// checkpoint, which is kept for ever.
const handOverPatience = 10 * time.Second

// finalSize is what the machine knows to be final, executed here or not.
func (d *decider) finalSize() uint64 {
	if d.newest == nil {
		return 0
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
	open := d.active || d.finals.size() < d.finalSize() || d.missing.size > d.finalSize()
	d.quiet++
	if open && now == d.seen || d.quiet >= resendPause {
		d.quiet = 0
		d.check(d.machine.Resend())
		if d.own != nil {
			d.send("", finality.Message{Cosignature: d.own}.Bytes())
		}
	}
	d.seen = now
	if d.still++; d.missing != d.stood {
		d.stood, d.still = d.missing, 0
	}
	d.followLeader(true)
	d.finals.flush(d.cfg.Now())
}

// RootAt implements [finality.History].
func (d *decider) RootAt(size uint64) ([32]byte, bool) {
	if to, turns := d.r.history.reach(d.finals.size()); turns && size > to {
		return [32]byte{}, false
	}
	return d.r.RootAt(size)
}

// VotersAt implements [finality.Roster]. Of later heights than the next it answers for a certificate
// that is to be verified, as long as nothing executed here has changed the voters; but never what the
// voters after a final are that has not been executed here.
func (d *decider) VotersAt(height uint64) (finality.Voters, bool) {
	at, before, after := d.finals.voters()
	switch {
	case height == at && at > 0:
		return before, true
	case height == at+1:
		return after, true
	case height <= at, d.machine == nil || height == d.machine.Height():
		return finality.Voters{}, false
	}
	_, turns := d.r.history.reach(d.finals.size())
	return after, !turns || height <= d.crossed
}

// cross takes the certificate of a turn from the ledger itself, where the hand-over stands: a node that
// was away when the voters changed knows the voters of before, and nobody else sends what they signed.
func (d *decider) cross() {
	leaf := d.r.history.crossing(d.finalSize())
	if leaf == nil {
		return
	}
	signed, err := entry.Parse(leaf)
	if err != nil {
		return
	}
	b, ok := signed.Body().(entry.HandOver)
	if !ok {
		return
	}
	c, err := b.Decode()
	if err != nil || c.Height < d.machine.Height() || c.Height <= d.crossed {
		return
	}
	d.crossed = c.Height // the state has verified it by the voters of before
	d.check(d.machine.Step("", finality.Message{Certificate: &c}.Bytes()))
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
