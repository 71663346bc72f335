package replica

import (
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

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
