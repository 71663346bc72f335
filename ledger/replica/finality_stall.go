package replica

import "time"

// Raft watches a leader's heartbeats. One that leads and proposes no checkpoint, or none that the others hold,
// passes with it, while nothing becomes final for anybody: a cheat, or a node that signs with a key that the
// ledger has replaced. So each voter watches what its leader does for finality, and stops listening to one that
// does nothing; when enough do, an election follows.

// stall is how long which leader has let nothing become final.
type stall struct {
	leader       string
	term, height uint64
	since        time.Time
}

// stallElections is after how many election timeouts a leader is not listened to any more, and for how many.
// It is far beyond what an honest leader needs for a proposal, and longer than it waits for a hand-over in
// the default clocks; distrust adds that wait where it may be under way.
const stallElections = 20

// distrust stops listening to a leader in whose round this voter could echo nothing for too long, though it has
// executed more than is final. Its own muteness, or a quorum that is not up, is no fault of the leader's: then
// there is a proposal, and this voter has echoed it. No more than b are banned at a time, or one where b is 0, so
// that a finality that is broken otherwise does not take raft down.
func (d *decider) distrust(now time.Time) {
	leader, ok := d.r.Leader()
	at := stall{leader, d.r.term(), d.machine.Height(), now}
	_, votes := d.machine.Part()
	if !ok || leader == d.r.self || !votes || d.muted == at.height || d.told.size <= d.finalSize() || d.machine.Echoed() {
		d.stall = at
		return
	}
	if d.stall.leader != at.leader || d.stall.term != at.term || d.stall.height != at.height {
		d.stall = at
		return
	}
	span := stallElections * d.r.timing.Election
	patience := span
	if d.finals.turnedLast() {
		patience += handOverPatience
	}
	if now.Sub(d.stall.since) < patience || d.r.gate.bans() >= max(1, d.r.gate.tolerated()) {
		return
	}
	d.stall = at
	d.r.gate.ban(leader, span, errStalled)
	_ = d.r.gate.refuse(errStalled) // counts it
	d.r.transport.dropPeer(leader)
	d.log.Warn("the leader lets nothing become final: not listening to it for a while, so that another is elected",
		"leader", leader, "final", d.finalSize(), "size", d.told.size)
}

// turnedLast says whether the newest final point ends with a change of the voters.
func (f *finals) turnedLast() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.turns()
}
