package node

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

const (
	// attestEvery keeps a voter's clock fresh on the ledger with several attempts to spare.
	attestEvery = 10 * time.Minute
	// attestCheck is how often a node looks whether it is time.
	attestCheck = time.Second
	// attestWithin bounds one attempt, so that it does not stand in the way of a person's entry.
	attestWithin = 5 * time.Second
)

// attestClock says on the ledger what this voter's clock shows: every now and then, and again at once
// while ledger time is far behind and moves, as after an outage.
func (n *Node) attestClock() {
	var c clock
	n.every(attestCheck, func() {
		m, ok := n.self()
		if !ok || !m.Voter || !n.settled() {
			return
		}
		seconds := uint64(n.cfg.Now().Unix())
		var on, own uint64
		n.replica.View(func(s *state.State) { on, own = s.Time(), s.Attested(m.Name) })
		if c.behind(seconds, on) {
			if !c.warned {
				n.log.Warn("this machine's clock is behind ledger time: set it right (NTP)", "ledger_time", entry.Instant(on))
			}
			c.warned = true
			return
		}
		c.warned = false
		if c.due(seconds, on, own) {
			n.attest(seconds)
		}
	})
}

func (n *Node) attest(seconds uint64) {
	ctx, cancel := context.WithTimeout(n.ctx, attestWithin)
	defer cancel()
	_, _, err := n.submit.Enter(ctx, n.ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewClockAttest(s, seq, seconds)
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Debug("could not attest this node's clock; trying again", "error", err)
	}
}

// clock decides when to attest. Times are Unix seconds.
type clock struct {
	tried  uint64 // own clock at the last attempt
	seen   uint64 // ledger time then
	warned bool
}

// behind says whether the ledger would refuse this clock.
func (*clock) behind(now, on uint64) bool { return now+state.ClockWindow < on }

// due says whether a clock that shows now is to be attested, where ledger time is on and this node's
// newest attestation own. It notes the attempt.
func (c *clock) due(now, on, own uint64) bool {
	every := uint64(attestEvery / time.Second)
	regular := apart(now, own) >= every && apart(now, c.tried) >= uint64(attestWithin/time.Second)
	catchUp := on > c.seen && on+state.ClockStep < now && now != own
	if !regular && !catchUp {
		return false
	}
	c.tried, c.seen = now, on
	return true
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }
