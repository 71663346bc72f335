package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// TestAfterVote: at every vote what was foreseen is what comes, yes or no, and looking changes nothing.
func TestAfterVote(t *testing.T) {
	for _, votes := range [][]bool{{true, true, true, true}, {false, true, true, false}, {false, false, false, false}, {true, false, true, true}} {
		l, orgs := six(t)
		id := l.Put(l.Propose(orgs[0], entry.SetSeat{Member: orgs[5].Name})).Hash
		for i, yes := range votes {
			before := l.S.Hash()
			foreseen, tally, err := l.S.AfterVote(orgs[i].Name, id, yes)
			if err != nil || l.S.Hash() != before {
				t.Fatalf("%v, or it changed the state", err)
			}
			l.Put(l.Vote(orgs[i], id, yes))
			p, _ := l.S.Proposal(id)
			now, err := l.S.Tally(id)
			if err != nil || foreseen.State != p.State || len(foreseen.Votes) != len(p.Votes) || tally.Needs != now.Needs || tally.Yes != now.Yes {
				t.Errorf("votes %v, number %d: foreseen %s with %+v, came %s with %+v, %v", votes, i, foreseen.State, tally, p.State, now, err)
			}
			if p.State != state.Open {
				break
			}
		}
		if _, _, err := l.S.AfterVote(orgs[0].Name, id, true); err == nil {
			t.Error("a second vote is foreseen")
		}
	}
	// What has become impossible would fail, by name.
	l, orgs := six(t)
	one := l.Put(l.Propose(orgs[0], entry.SetSeat{Member: orgs[5].Name})).Hash
	two := l.Put(l.Propose(orgs[1], entry.SetSeat{Member: orgs[5].Name})).Hash
	for i := range 4 {
		if i < 3 {
			l.Put(l.Vote(orgs[i], two, true))
		}
		l.Put(l.Vote(orgs[i], one, true))
	}
	foreseen, _, err := l.S.AfterVote(orgs[3].Name, two, true)
	if err != nil || foreseen.State != state.Failed || foreseen.Failure != entry.ErrNoChange.Name {
		t.Errorf("%s %q, %v", foreseen.State, foreseen.Failure, err)
	}
}
