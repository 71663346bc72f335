package replica

import (
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
)

// maxSkew is how far in the future a cosignature may be; beyond, its clock is wrong or lies.
const maxSkew = 5 * time.Minute

// carryOut does what the machine wants done, in the order that its Ready asks for, until it wants
// nothing more. It says whether there was anything.
func (d *decider) carryOut() (acted bool) {
	for {
		r, more := d.machine.Ready()
		if !more {
			return acted
		}
		acted = true
		d.kept = append(d.kept, r.Keep...)
		if r.State != nil {
			// The stable store syncs, and a failure ends this goroutine: nothing below happens then.
			if d.r.store.Set(d.keyFinality(), r.State) != nil {
				return false
			}
			d.active = true
		}
		for _, c := range r.Final {
			d.final(c.Certificate(), len(r.Keep) > 0)
		}
		if len(r.Keep) > 0 {
			d.fresh = false
		}
		for _, out := range r.Send {
			d.send(out.To, out.Message)
		}
		for _, f := range r.Cosign {
			d.cosign(f)
		}
		for _, c := range r.Cosignatures {
			d.cosigned(c)
		}
		for _, e := range r.Evidence {
			d.accuse(e)
		}
		if r.Fork != nil {
			d.forked(*r.Fork)
		}
		if r.Rebuild != nil {
			d.rebuild(*r.Rebuild)
		}
		if r.NewRound {
			d.handOver()
		}
	}
}

// send brings a message to one member, or to all others.
func (d *decider) send(to string, message []byte) {
	if to != "" {
		d.post.send(to, message)
		return
	}
	for _, peer := range d.r.members() {
		if peer != d.r.self {
			d.post.send(peer, message)
		}
	}
}

// final notes what is final. It counts for others once it is executed here too (publish).
func (d *decider) final(c finality.Certificate, voted bool) {
	if d.fresh && !voted {
		// This node has no memory of any vote, and finds that others have decided. Should its memory be
		// lost rather than new, it may have voted at the next height; so it does not vote there.
		d.muted = c.Height + 1
		_ = d.r.store.SetUint64(d.keyMuted(), d.muted) // a failure halts
	}
	d.fresh, d.active = false, false
	d.newest, d.early, d.own, d.kept, d.renewed = &c, nil, nil, nil, d.cfg.Now()
	d.dropAside()
}

// publish makes the newest final point the one that everybody here goes by, as soon as this node has
// executed to it. It says whether there is a newer one than before.
func (d *decider) publish() bool {
	c := d.newest
	if c == nil || c.Height <= d.finals.height() {
		return false
	}
	if root, ok := d.r.RootAt(c.Value.Size); !ok || root != c.Value.Root {
		return false
	}
	if err := d.finals.advance(*c); err != nil {
		d.r.halt.stop(classify(err))
		return false
	}
	if index := d.r.history.settled(c.Value.Size); index > 0 {
		d.r.guard.SetFinal(index)
	}
	d.r.gate.setFinalVoters(d.finals.peers())
	d.r.nudge()
	for _, c := range d.early {
		d.finals.add(c, d.cfg.Now())
	}
	d.early = nil
	d.tell()
	return true
}

func (d *decider) tell() {
	if d.cfg.OnFinal != nil {
		d.cfg.OnFinal(d.finals.newest())
	}
}

// cosign signs what is final and executed here, with the key that signs nothing else.
func (d *decider) cosign(f finality.Final) {
	c := finality.Cosign(f, d.self, d.cfg.Cosigner, uint64(d.cfg.Now().Unix()))
	d.own = &c
	d.send("", finality.Message{Cosignature: &c}.Bytes())
	d.cosigned(c)
}

// cosigned keeps a cosignature that the machine, or this node itself, vouches for.
func (d *decider) cosigned(c finality.Cosignature) {
	now := d.cfg.Now()
	if time.Unix(int64(c.Time), 0).Sub(now) > maxSkew {
		d.log.Debug("a cosignature from the future was left out", "signer", c.Signer.String())
		return
	}
	d.publish() // it may be of what has just become final
	if d.finals.height() < c.Height {
		if len(d.early) < 2*finality.MaxVoters {
			d.early = append(d.early, c)
		}
		return
	}
	d.finals.add(c, now)
	d.tell()
}

// accuse keeps the proof that a voter signed two things. A leader that proposed both loses its streams
// of raft, so that an election follows.
func (d *decider) accuse(e finality.Evidence) {
	peer, ok := d.peerOf(e.Signer())
	if !ok {
		return
	}
	if e.A.Kind == finality.Proposal {
		d.r.gate.ban(peer, banFor, errBanned)
		d.r.transport.dropPeer(peer)
	}
	d.r.transport.witness(peer, d.r.gate.refuse(errEquivocation), e.Bytes(), nil)
}

// forked keeps the two certificates that prove that more than b voters cheated.
func (d *decider) forked(f finality.Fork) {
	if peer, ok := d.peerOf(f.B.Votes[0].Signer); ok {
		d.r.transport.witness(peer, d.r.gate.refuse(errTwoFinals), f.B.Bytes(), f.A.Bytes())
	}
}

// handOver lets another node lead, one attempt at a time.
func (d *decider) handOver() {
	if d.r.role() != "leader" {
		return
	}
	select {
	case d.transfer <- struct{}{}:
	default:
		return
	}
	d.work.Go(func() {
		defer func() { <-d.transfer }()
		if err := d.r.raft.LeadershipTransfer().Error(); err != nil {
			d.log.Debug("leadership was not handed over", "reason", err)
		}
	})
}
