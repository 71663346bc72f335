package replica

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/hashicorp/raft"
)

func heartbeatOf(term uint64) *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{Term: term}
}

// P7: one voter of four cannot push the term away; two can, since one of them is honest.
func TestTermJumpsNeedMoreVotersThanMayCheat(t *testing.T) {
	g := newGate("self", false, 0)
	g.setVoters([]string{"self", "a", "b", "c"})
	g.term = func() uint64 { return 7 }
	for _, step := range []struct {
		peer string
		term uint64
		want error
	}{
		{"a", 7 + maxJump, nil},
		{"a", 8 + maxJump, errTermJump},
		{"a", 1 << 47, errTermJump}, // again and again
		{"a", 1 << 47, errTermJump},
		{"stranger", 1 << 47, errNotVoter},
		{"b", 1 << 46, nil}, // a says at least as much
		{"b", 1<<47 + 1, errTermJump},
		{"c", 1<<48 + 1, errBeyond},
		{"c", 1<<64 - 1, errBeyond},
	} {
		if err := g.rpc(step.peer, heartbeatOf(step.term)); !errors.Is(err, step.want) {
			t.Errorf("%s claims %d: %v, want %v", step.peer, step.term, err, step.want)
		}
	}
	if err := g.answer("c", 7, reply{Term: 1 << 40}); err != nil {
		t.Errorf("the third to say so was not believed: %v", err)
	}
	if n := g.counts()[errTermJump.Error()]; n != 4 {
		t.Errorf("%d jumps counted", n)
	}
}

func TestAnswerWithFarTermIsNotBelieved(t *testing.T) {
	g := newGate("self", false, 0)
	g.setVoters([]string{"self", "a", "b", "c"})
	if err := g.answer("a", 3, reply{Term: 1 << 40}); !errors.Is(err, errTermJump) {
		t.Errorf("one voter's answer: %v", err)
	}
	if err := g.answer("a", 3, reply{Term: 4}); err != nil {
		t.Errorf("the next term: %v", err)
	}
}

// A replica whose state lags still hears the voters of the newest final checkpoint.
func TestFinalVotersMaySpeak(t *testing.T) {
	g := newGate("self", false, 0)
	g.setVoters([]string{"self", "a"})
	if err := g.rpc("new", heartbeatOf(1)); !errors.Is(err, errNotVoter) {
		t.Errorf("before: %v", err)
	}
	g.setFinalVoters([]string{"new", "b", "c", "d"})
	for _, peer := range []string{"a", "new"} {
		if err := g.rpc(peer, heartbeatOf(1)); err != nil {
			t.Errorf("%s: %v", peer, err)
		}
	}
	if g.tolerated() != 1 {
		t.Errorf("%d may cheat", g.tolerated())
	}
}

func TestEvidenceIsKeptOnceAMinute(t *testing.T) {
	var got []Evidence
	w := newWitness(func(e Evidence) { got = append(got, e) }, slog.New(slog.DiscardHandler))
	for range 3 {
		w("a", errTermJump, []byte("said"), []byte("held"))
		w("b", errTermJump, nil, nil)
		w("a", errUnsynced, nil, nil) // nobody's fault
	}
	if len(got) != 2 || got[0].Kind != EvidenceTerm || got[0].Peer != "a" || string(got[0].Said) != "said" || got[1].Peer != "b" {
		t.Errorf("%+v", got)
	}
}
