package nodetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
)

// A node that has not heard of a quorum of voters for longer than the bound authorises nothing, says
// so, and goes on when they are back.
func TestStaleLedgerAuthorisesNothing(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{Config: func(_ string, cfg *node.Config) { cfg.MaxAge = 4 * time.Second }})
	ask := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
		defer cancel()
		_, err := c.Hub("bank").Query(ctx, hub.QueryRequest{
			Values: []hub.Value{{Type: "email", Raw: "someone@example.org"}}, Purpose: "platform-safety", Case: "C-1",
		}, nil)
		return err
	}
	c.must(ask())
	for _, name := range []string{"platform", "police"} {
		c.Stop(name)
	}
	c.Until("the newest final checkpoint is too old", func() bool {
		err := ask()
		return errors.Is(err, hub.ErrUnavailable) && strings.Contains(err.Error(), "too old")
	})
	c.Start("platform")
	c.Until("it is young again", func() bool { return ask() == nil })
}

// What a board votes is acknowledged when it is final at the node that was asked; ledger status shows it.
func TestVotesAreFinalWhenAcknowledged(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, quartet(), Options{})
	card := c.Init(Org{Name: "candidate", Sector: "ngo"})
	p := propose(t, c, "platform", admitOf(card))
	id, err := entry.ParseHash(p.ID)
	c.must(err)
	for _, name := range []string{"platform", "bank", "police"} {
		vote(t, c, name, p.ID, "yes")
		var cast bool
		var size uint64
		c.Node(name).Ledger().ViewFinal(func(s *state.State, at replica.FinalPoint) {
			in, _ := s.Proposal(id)
			cast, size = slices.ContainsFunc(in.Votes, func(b state.Ballot) bool { return b.Member == name }), at.Size
		})
		if !cast {
			t.Errorf("the vote of %s is acknowledged and not final", name)
		}
		s, err := c.Hub(name).LedgerStatus(t.Context())
		c.must(err)
		if s.Final.Size < size || s.Final.Height == 0 || s.Final.Voters != 4 || s.Final.Needed != 3 {
			t.Errorf("%s: %+v, at least %d", name, s.Final, size)
		}
	}
}
