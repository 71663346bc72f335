package replica

import (
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// logKeyOf returns the id of the log key with which a member's node votes at the present height: that of
// the state at final. A key that is to follow it, executed here already, votes for nothing before the
// voters of before have made that final. Whose node is which, the newest state says first.
func (d *decider) logKeyOf(peer string) (id member.KeyID, ok bool) {
	d.r.ViewBoth(func(final, tip *state.State, _ FinalPoint) {
		m, known := tip.MemberByPeer(peer)
		if !known {
			m, known = final.MemberByPeer(peer)
		}
		if voting, on := final.Member(m.Name); known && on {
			m = voting
		}
		id, ok = m.Keys.Log.ID(), known
	})
	return id, ok
}

// peerOf returns the node of the member whose log key has this id, or had it at final.
func (d *decider) peerOf(id member.KeyID) (peer string, ok bool) {
	d.r.ViewBoth(func(final, tip *state.State, _ FinalPoint) {
		for _, s := range []*state.State{tip, final} {
			m, role, known := s.MemberByKey(id)
			if !known || role != member.Log {
				continue
			}
			if newest, on := tip.Member(m.Name); on {
				m = newest
			}
			peer, ok = m.PeerID, m.PeerID != ""
			return
		}
	})
	return peer, ok
}

// RootAt implements [finality.History].
func (d *decider) RootAt(size uint64) ([32]byte, bool) {
	if size < d.finals.floor() {
		return [32]byte{}, false // before the recovery, which the board has decided
	}
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

// Turned implements [finality.Roster]. A recovery is no turn: the voters it names sign its own size.
func (d *decider) Turned(height uint64) bool {
	f := d.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.point.Height != height || f.turned
}

// cross takes the certificate of a turn from the ledger itself, where the hand-over stands: a node that
// was away when the voters changed knows the voters of before, and nobody else sends what they signed.
func (d *decider) cross() {
	c, ok := handOverOf(d.r.history.crossing(d.finalSize()))
	if !ok || c.Incarnation != d.incarnation || c.Height < d.machine.Height() || c.Height <= d.crossed {
		return
	}
	before := d.crossed
	d.crossed = c.Height // the state has verified it by the voters of before
	d.check(d.machine.Step("", finality.Message{Certificate: &c}.Bytes()))
	if d.machine.Height() <= c.Height {
		d.crossed = before // its turn has not come: what is final before it is not executed here yet
	}
}

// handOverOf returns the certificate in a leaf that hands over.
func handOverOf(leaf []byte) (finality.Certificate, bool) {
	signed, err := entry.Parse(leaf)
	if err != nil {
		return finality.Certificate{}, false
	}
	b, ok := signed.Body().(entry.HandOver)
	if !ok {
		return finality.Certificate{}, false
	}
	c, err := b.Decode()
	return c, err == nil
}
