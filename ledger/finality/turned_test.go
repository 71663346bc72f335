package finality

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

// TestTurnIsSignedOnce: a rotated node key is a change of the voters that their keys do not show. The size with
// which it ends is signed by the voters of before, whoever leads; what comes after is larger.
func TestTurnIsSignedOnce(t *testing.T) {
	b := newBench(t)
	roster := &handOver{old: b.sim.voters, new: b.sim.voters, known: 9, silent: true}
	begin := func(key int) {
		t.Helper()
		var err error
		if b.m, err = New(Config{simLedger, 1, simKey("log", key), roster, b.node}, nil); err != nil {
			t.Fatal(err)
		}
		b.step(Message{Certificate: &b.finals})
	}
	begin(0)
	b.round(6, 1)
	b.expect("the turn once more, by whoever leads", b.step(b.proposal(1, 6, benchFinal)))
	echoes := b.certificate(b.statement(Echo, 2, 6, benchFinal), 1, 2, 3)
	b.expect("and though others echo it", b.step(Message{Certificate: &echoes}))
	b.round(7, 1)
	b.expect("a larger size", b.step(b.proposal(1, 7, benchNext)), "echo 7 a2")

	begin(1)
	if err := b.m.Round(8, member.PublicOf(simKey("log", 1)).ID()); err != nil {
		t.Fatal(err)
	}
	if err := b.m.Propose(benchFinal.Size); !errors.Is(err, ErrPropose) {
		t.Errorf("the leader proposes the turn once more: %v", err)
	}
	if err := b.m.Propose(benchNext.Size); err != nil {
		t.Errorf("and nothing larger: %v", err)
	}
}
