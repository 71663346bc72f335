package state_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

var actors = []ledgertest.Org{platform, bank, police, hotline, second}

// draw makes an entry that may or may not be acceptable.
func draw(rt *rapid.T, l *ledgertest.Ledger) []byte {
	by := rapid.SampledFrom(actors).Draw(rt, "by")
	other := rapid.SampledFrom(actors).Draw(rt, "other")
	switch rapid.IntRange(0, 13).Draw(rt, "what") {
	case 0:
		return l.NodeInfo(by, rapid.SampledFrom([]string{"/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/tcp/1"}).Draw(rt, "address"))
	case 1:
		return l.Epoch(by, rapid.IntRange(0, 47).Draw(rt, "key"), "email")
	case 2:
		return l.Propose(by, entry.Admit{Card: other.Card(l.T), Seat: rapid.Bool().Draw(rt, "seat")})
	case 3:
		return l.Propose(by, entry.Suspend{Member: other.Name})
	case 4:
		return l.Propose(by, entry.Reinstate{Member: other.Name})
	case 5:
		p := policy.Default()
		p.Version = rapid.Uint64Range(1, 4).Draw(rt, "version")
		return l.Propose(by, entry.SetPolicy{Policy: p})
	case 10, 11: // a clock may be right, slow, fast or mad
		if rapid.IntRange(0, 4).Draw(rt, "mad") == 0 {
			return l.Attest(by, rapid.Uint64Range(1, entry.MaxTime).Draw(rt, "clock"))
		}
		return l.Attest(by, l.S.Time()-state.ClockWindow+rapid.Uint64Range(0, 9*state.ClockWindow).Draw(rt, "clock"))
	case 12, 13:
		return l.Emergency(by, other.Name)
	case 7:
		if proposals := l.S.Proposals(); len(proposals) > 0 {
			return l.Withdraw(by, rapid.SampledFrom(proposals).Draw(rt, "withdrawn").ID)
		}
		return l.Withdraw(by, entry.Hash{})
	case 6: // something that stands already, or a damaged copy of it
		raw := append([]byte(nil), rapid.SampledFrom(l.Leaves).Draw(rt, "leaf")...)
		raw[rapid.IntRange(0, len(raw)-1).Draw(rt, "at")] ^= rapid.ByteRange(0, 255).Draw(rt, "flip")
		return raw
	}
	proposals := l.S.Proposals()
	if len(proposals) == 0 {
		return l.Vote(by, entry.Hash{}, true)
	}
	return l.Vote(by, rapid.SampledFrom(proposals).Draw(rt, "proposal").ID, rapid.IntRange(0, 3).Draw(rt, "yes") > 0)
}

// TestDeterminism runs random histories: what is refused changes nothing; Check and Apply agree; and a
// second state that is given the same entries, or only the accepted ones, stands at the same hash.
func TestDeterminism(t *testing.T) {
	if testing.Short() {
		t.Skip("many histories, executed by one goroutine: nothing for the race detector")
	}
	base := ledgertest.Three(t)
	genesis := ledgertest.Genesis(t, platform, bank, police)
	rapid.Check(t, func(rt *rapid.T) {
		l := &ledgertest.Ledger{T: t, S: fresh(t, genesis), Leaves: base.Leaves[:1:1]}
		twin, replayed := fresh(t, genesis), fresh(t, genesis)
		for range rapid.IntRange(1, 40).Draw(rt, "entries") {
			raw := draw(rt, l)
			before, checked := l.S.Hash(), l.S.Check(raw)
			out, err := l.S.Apply(raw)
			again, twinErr := twin.Apply(raw)
			if entry.RejectionOf(err) != entry.RejectionOf(checked) || entry.RejectionOf(err) != entry.RejectionOf(twinErr) {
				rt.Fatalf("check %v, apply %v, twin %v", checked, err, twinErr)
			}
			if diff := cmp.Diff(out, again); diff != "" {
				rt.Fatal(diff)
			}
			if err != nil {
				if entry.RejectionOf(err) == nil || l.S.Hash() != before {
					rt.Fatalf("refusal %v changed the state or has no name", err)
				}
				continue
			}
			l.Leaves = append(l.Leaves, raw)
			if _, err := replayed.Apply(raw); err != nil {
				rt.Fatal(err)
			}
			invariants(rt, l.S)
		}
		if l.S.Hash() != twin.Hash() || l.S.Hash() != replayed.Hash() || l.S.Root() != replayed.Root() {
			rt.Fatal("the same entries led to different states")
		}
	})
}

func fresh(t *testing.T, g entry.SignedGenesis) *state.State {
	s, err := state.New(g)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// invariants hold after every accepted entry.
func invariants(rt *rapid.T, s *state.State) {
	keys := map[member.KeyID]bool{}
	for _, m := range s.Members() {
		for _, role := range member.Roles() {
			id := m.Keys.Of(role).ID()
			if keys[id] {
				rt.Fatal("a key twice")
			}
			keys[id] = true
		}
	}
	if len(s.Voters()) != 3 {
		rt.Fatal("the voter set moved")
	}
	for _, p := range s.Proposals() {
		sectors, yes := map[member.Sector]bool{}, 0
		for _, b := range p.Votes {
			if b.Yes {
				yes++
				sectors[b.Sector] = true
			}
		}
		if p.State == state.Accepted && (len(sectors) < 2 || yes < 2) {
			rt.Fatalf("accepted by %d of %d sectors", yes, len(sectors))
		}
	}
}
