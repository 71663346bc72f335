package nodetest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
)

// A leader that takes no entry of others would keep its own suspension off the ledger. The voters whose entries it
// does not take leave it, and the two that call for its suspension need nobody's help.
func TestCensoringLeaderIsDeposed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the patience with a leader is at an end")
	}
	var censor atomic.Value
	free := make(chan struct{})
	c := New(t, quartet(), Options{Tap: func(org string) p2p.Tap {
		return func(_, protocol string, outbound bool, _ []byte) {
			if protocol == forward.Protocol && !outbound && censor.Load() == org {
				<-free // it has the bytes, and does nothing with them
			}
		}
	}})
	t.Cleanup(func() { close(free) })
	c.settled()
	cheat := c.leader()
	censor.Store(cheat)
	var seats []string
	for _, name := range c.up() {
		if name != cheat {
			seats = append(seats, name)
		}
	}
	for _, name := range seats[:2] {
		ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
		defer cancel()
		if _, err := c.Hub(name).Suspend(ctx, hub.SuspendRequest{Member: cheat, Reason: "it censors"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, name := range seats {
		c.Until(name+" has suspended it", func() bool {
			status := state.Active
			c.Node(name).Ledger().View(func(s *state.State) {
				if m, ok := s.Member(cheat); ok {
					status = m.Status
				}
			})
			return status == state.Suspended
		})
	}
	var left uint64
	for _, name := range seats {
		left += c.refused(name, "kept entries off the ledger")
	}
	if left == 0 || c.leader() == cheat {
		t.Errorf("%s leads, left %d times", c.leader(), left)
	}
}
