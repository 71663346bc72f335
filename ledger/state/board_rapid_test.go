package state_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestBoardRapid runs random histories of a board that changes itself: nothing that is refused changes
// anything, all who apply the same stand at the same hash, and no decision leads to a board, a voter set
// or a key register that could not go on.
func TestBoardRapid(t *testing.T) {
	if testing.Short() {
		t.Skip("many histories, executed by one goroutine: nothing for the race detector")
	}
	genesis := ledgertest.Genesis(t, boardOrgs[:5]...)
	accepted, runs := map[string]int{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		b, twin := newBoard(t, genesis), fresh(t, genesis)
		for range rapid.IntRange(1, 120).Draw(rt, "entries") {
			raw := b.draw(rt)
			before := boardOf(b.l.S)
			checked := b.l.S.Check(raw)
			out, err := b.l.S.Apply(raw)
			again, twinErr := twin.Apply(raw)
			if entry.RejectionOf(err) != entry.RejectionOf(checked) || entry.RejectionOf(err) != entry.RejectionOf(twinErr) {
				rt.Fatalf("check %v, apply %v, twin %v", checked, err, twinErr)
			}
			if diff := cmp.Diff(out, again); diff != "" {
				rt.Fatal(diff)
			}
			if err != nil {
				if entry.RejectionOf(err) == nil || b.l.S.Hash() != before.hash {
					rt.Fatalf("refusal %v changed the state or has no name", err)
				}
				continue
			}
			b.l.Leaves = append(b.l.Leaves, raw)
			accepted[out.Kind.String()]++
			for _, e := range out.Events {
				accepted[string(e.Kind)]++
			}
			before.invariants(rt, b, out)
		}
		if b.l.S.Hash() != twin.Hash() {
			rt.Fatal("the same entries led to different states")
		}
	})
	for _, e := range []state.EventKind{
		state.KeyRotated, state.RotationAnnounced, state.RotationStopped, state.KeyRevoked, state.VotersChanged, state.HandedOver,
		state.LedgerRecovered, state.ProposalDropped, state.CheckpointSealed, state.VoterAtFault,
	} {
		if accepted[string(e)] == 0 && runs >= 100 {
			t.Errorf("no history reached %s: the test tests less than it says (%v)", e, accepted)
		}
	}
}

// seen is what a board was before an entry.
type seen struct {
	hash   [32]byte
	voters finality.Voters
	open   bool
}

func boardOf(s *state.State) seen {
	_, open := s.HandOver()
	return seen{hash: s.Hash(), voters: s.FinalityVoters(), open: open}
}

func (before seen) invariants(rt *rapid.T, b *board, out state.Outcome) {
	s := b.l.S
	keysStandOnce(rt, s)
	recovered, changed := false, 0
	for _, e := range out.Events {
		recovered = recovered || e.Kind == state.LedgerRecovered
		if e.Kind == state.VotersChanged {
			changed++
		}
	}
	_, open := s.HandOver()
	now := s.FinalityVoters()
	switch {
	case changed > 1:
		rt.Fatal("two changes of the voters in one entry")
	case changed == 0 && !now.Equal(before.voters):
		rt.Fatal("the voters changed and no event says so")
	case changed == 1 && open == recovered:
		rt.Fatal("a change of the voters is handed over, a recovery is not")
	case changed == 1 && before.open && !recovered && out.Kind != entry.KindHandOver:
		rt.Fatal("a change of the voters before the one before it was handed over")
	case !recovered && now.N() < 4 && now.N() < before.voters.N():
		rt.Fatalf("%d voters", now.N())
	}
	checkSectors(rt, s)
}

func keysStandOnce(rt *rapid.T, s *state.State) {
	seen := map[member.PublicKey]string{}
	add := func(k member.PublicKey, where string) {
		if k == (member.PublicKey{}) {
			return
		}
		if other, ok := seen[k]; ok {
			rt.Fatalf("a key as %s and as %s", other, where)
		}
		seen[k] = where
	}
	for _, m := range append(s.Members(), s.Former()...) {
		for _, role := range member.Roles() {
			add(m.Keys.Of(role), fmt.Sprintf("%s of %s", role, m.Name))
		}
		for _, r := range s.RetiredKeys(m.Name) {
			add(r.Key, "retired of "+m.Name)
		}
		for _, r := range s.Rotations(m.Name) {
			add(r.New, "announced by "+m.Name)
		}
	}
	for _, m := range s.Former() {
		if m.Keys != (member.KeySet{}) || m.Voter || m.Seat || m.PeerID != "" {
			rt.Fatalf("expelled and still %+v", m)
		}
	}
}

// checkSectors: the board can decide, its constitution too, and no sector holds a majority of the voters.
func checkSectors(rt *rapid.T, s *state.State) {
	seats, voters, n := map[member.Sector]bool{}, map[member.Sector]int{}, 0
	for _, m := range s.Members() {
		if m.Seat && m.SeatFrom <= s.Time() {
			seats[m.Sector] = true
		}
		if m.Voter {
			voters[m.Sector]++
			n++
		}
	}
	if uint64(len(seats)) < s.Thresholds().Sectors {
		rt.Fatalf("seats of %d sectors, decisions take %d", len(seats), s.Thresholds().Sectors)
	}
	for sector, k := range voters {
		if 2*k > n {
			rt.Fatalf("%s holds %d of %d", sector, k, n)
		}
	}
}
