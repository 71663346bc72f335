package finality

// rule is one voter's decision, without keys, messages and counting: what it remembers, and whether it
// may sign. It is a comparable value, which is what explore_test.go explores exhaustively. Everything
// in memory is persisted before a signature that follows from it is sent; best is not persisted, for it
// only holds back or can be shown again.
type rule struct {
	memory
	best point // the highest-round quorum of echoes shown at this height; never below lock
}

type memory struct {
	height   uint64 // being decided: one above the newest final
	final    Value  // at height-1; zero at height 1
	fresh    bool   // other voters than at height-1, or the same after a turn: sizes must grow
	round    uint64 // in which the following two were signed
	proposed Value  // zero: nothing
	echoed   Value  // zero: nothing
	lock     point  // the newest quorum of echoes on which a lock was signed; round 0: none
}

// restarted is a voter that knows no more than it persisted.
func restarted(m memory) rule { return rule{m, m.lock} }

// enter moves on to a later round. In an earlier one nothing is ever signed again.
func (r *rule) enter(round uint64) {
	if round > r.round {
		r.round, r.proposed, r.echoed = round, Value{}, Value{}
	}
}

// follows says whether v may come after what is final: more leaves, or the very same once more (an idle
// ledger's cosignatures are renewed), but the latter not by new voters.
func (r *rule) follows(v Value) bool {
	return v.Size > r.final.Size || v == r.final && !r.fresh
}

// free says whether v may be proposed or echoed in this round: nothing else has had a quorum of echoes
// in the newest round in which there was one, as far as shown. A lock is such a quorum; a quorum of a
// later round for something else is what releases it.
func (r *rule) free(v Value) bool {
	return r.follows(v) && r.best.round <= r.round && (r.best.round == 0 || r.best.value == v)
}

// propose signs a proposal of the current round, once.
func (r *rule) propose(v Value) bool {
	if r.round == 0 || r.proposed != (Value{}) || !r.free(v) {
		return false
	}
	r.proposed = v
	return true
}

// echo signs an echo of the current round, once. The caller has executed to v.
func (r *rule) echo(v Value) bool {
	if r.round == 0 || r.echoed != (Value{}) || !r.free(v) {
		return false
	}
	r.echoed = v
	return true
}

// show takes note of q equal echoes at this height.
func (r *rule) show(c point) {
	if c.round > r.best.round && r.follows(c.value) {
		r.best = c
	}
}

// sign a lock on the quorum of the current round, once. The caller has executed to its value.
func (r *rule) signLock() bool {
	if r.round == 0 || r.best.round != r.round || r.lock.round == r.round {
		return false
	}
	r.lock = r.best
	return true
}

// finalise takes note of q equal locks at height, this one or a later one. fresh says that the next
// height has other voters.
func (r *rule) finalise(height uint64, v Value, fresh bool) {
	*r = rule{memory: memory{height: height + 1, final: v, fresh: fresh}}
}
