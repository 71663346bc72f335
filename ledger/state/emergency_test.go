package state_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func status(l *ledgertest.Ledger, o ledgertest.Org) state.Status {
	m, _ := l.S.Member(o.Name)
	return m.Status
}

// five are three sectors, two of them with two seats.
func five(t *testing.T) (*ledgertest.Ledger, []ledgertest.Org) {
	o := []ledgertest.Org{
		org("T0", member.Tech), org("T1", member.Tech), org("F0", member.Finance), org("F1", member.Finance), org("L0", member.LawEnforcement),
	}
	return ledgertest.New(t, o...), o
}

// TestEmergencyTakesTwoSectors: one seat's call waits; one of its own sector does not help; the first
// of another does, at once, and the electorate and the voters stay as they were.
func TestEmergencyTakesTwoSectors(t *testing.T) {
	l, o := five(t)
	l.Put(l.Emergency(o[0], o[4].Name))
	l.Put(l.Emergency(o[1], o[4].Name))
	if status(l, o[4]) != state.Active || !cmp.Equal(l.S.Callers(o[4].Name), []string{"T0", "T1"}) {
		t.Fatalf("%s, called by %v", status(l, o[4]), l.S.Callers(o[4].Name))
	}
	refuses(t, l, l.Emergency(o[0], o[4].Name), entry.ErrCallStands)
	refuses(t, l, l.Emergency(o[0], o[3].Name), entry.ErrCallStands)
	voters, before := l.S.Voters(), l.S.TallyOf(entry.Reinstate{Member: o[4].Name})
	if !l.S.WouldSuspend(o[2].Name, o[4].Name) || l.S.WouldSuspend(o[2].Name, o[3].Name) {
		t.Error("the dry run is wrong")
	}
	out := l.Put(l.Emergency(o[2], o[4].Name))
	if status(l, o[4]) != state.Suspended || len(out.Events) != 2 || out.Events[1].Kind != state.MemberSuspended {
		t.Fatalf("%s, %+v", status(l, o[4]), out.Events)
	}
	want := state.Emergency{By: []string{"T0", "F0"}, Until: created + state.EmergencyLife}
	if got, _ := l.S.Emergency(o[4].Name); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if !cmp.Equal(voters, l.S.Voters()) || !cmp.Equal(before, l.S.TallyOf(entry.Reinstate{Member: o[4].Name})) {
		t.Error("electorate or voters moved")
	}
	refuses(t, l, l.Emergency(o[3], o[4].Name), entry.ErrAlreadySuspended)
	refuses(t, l, l.Emergency(o[4], o[3].Name), entry.ErrSuspended)
	refuses(t, l, l.Emergency(o[0], o[3].Name), entry.ErrCallStands) // one at a time
	l.Put(l.Emergency(o[1], o[3].Name))                              // whose call was idle
	l.Put(l.Attest(o[4], created+7))                                 // its clock counts
}

// TestCallsGrowOld: after 24 hours a call neither counts nor binds its seat.
func TestCallsGrowOld(t *testing.T) {
	l, o := five(t)
	l.Put(l.Emergency(o[0], o[4].Name))
	l.Advance(state.CallLife-1, o[:4]...)
	refuses(t, l, l.Emergency(o[0], o[4].Name), entry.ErrCallStands)
	l.Advance(1, o[:4]...)
	l.Put(l.Emergency(o[2], o[4].Name))
	if status(l, o[4]) != state.Active {
		t.Fatal("an old call counted")
	}
	l.Put(l.Emergency(o[0], o[4].Name)) // again, and in time
	if status(l, o[4]) != state.Suspended {
		t.Fatal("a fresh call did not")
	}
}

// TestEmergencyLapses: unless ratified, it ends in the step that reaches its end, and its seats and its
// member rest.
func TestEmergencyLapses(t *testing.T) {
	l, o := five(t)
	l.Put(l.Emergency(o[0], o[4].Name))
	l.Put(l.Emergency(o[2], o[4].Name))
	l.Advance(state.EmergencyLife-1, o...)
	if status(l, o[4]) != state.Suspended {
		t.Fatal("it ended before its time")
	}
	out := l.Advance(1, o...)
	if status(l, o[4]) != state.Active || len(out.Events) != 2 || out.Events[1].Kind != state.SuspensionLapsed || out.Events[1].Member != o[4].Name {
		t.Fatalf("%s, %+v", status(l, o[4]), out.Events)
	}
	refuses(t, l, l.Emergency(o[0], o[3].Name), entry.ErrRest)
	refuses(t, l, l.Emergency(o[2], o[1].Name), entry.ErrRest)
	refuses(t, l, l.Emergency(o[1], o[4].Name), entry.ErrRest)
	l.Put(l.Emergency(o[4], o[0].Name))                        // the wronged member may, and against a seat that rests
	l.Put(l.Emergency(o[1], o[3].Name))                        // others may, against others
	l.Pass(entry.Suspend{Member: o[4].Name}, o[0], o[1], o[2]) // and the board always may
	l.Pass(entry.Reinstate{Member: o[4].Name}, o[0], o[1], o[2])
	l.Advance(state.EmergencyRest-1, o...)
	refuses(t, l, l.Emergency(o[1], o[4].Name), entry.ErrRest)
	l.Advance(1, o...)
	l.Put(l.Emergency(o[0], o[4].Name))
}

// TestEmergencyRatified: the board's vote makes it last, frees the seats, and ends it without a rest.
func TestEmergencyRatified(t *testing.T) {
	l, o := five(t)
	l.Put(l.Emergency(o[0], o[4].Name))
	l.Put(l.Emergency(o[2], o[4].Name))
	words := l.S.Describe(entry.Suspend{Member: o[4].Name})
	if len(words) != 1 || words[0] != "L0 stays suspended: the emergency suspension by T0 and F0 no longer lapses." {
		t.Errorf("%q", words)
	}
	l.Pass(entry.Suspend{Member: o[4].Name}, o[0], o[1], o[2])
	if _, under := l.S.Emergency(o[4].Name); under || status(l, o[4]) != state.Suspended {
		t.Fatal("not ratified")
	}
	refuses(t, l, l.Propose(o[0], entry.Suspend{Member: o[4].Name}), entry.ErrAlreadySuspended)
	l.Advance(2*state.EmergencyLife, o...)
	if status(l, o[4]) != state.Suspended {
		t.Error("it lapsed all the same")
	}
	l.Put(l.Emergency(o[0], o[3].Name)) // free again
	l.Pass(entry.Reinstate{Member: o[4].Name}, o[0], o[1], o[2])
	l.Put(l.Emergency(o[2], o[4].Name)) // no rest
}

// TestEmergencyOverturned: a reinstatement before ratification counts as a lapse.
func TestEmergencyOverturned(t *testing.T) {
	l, o := five(t)
	l.Put(l.Emergency(o[0], o[4].Name))
	l.Put(l.Emergency(o[2], o[4].Name))
	l.Pass(entry.Reinstate{Member: o[4].Name}, o[1], o[3], o[4])
	if status(l, o[4]) != state.Active {
		t.Fatal("not reinstated")
	}
	refuses(t, l, l.Emergency(o[0], o[3].Name), entry.ErrRest)
	l.Advance(state.EmergencyLife, o...) // nothing is left that could lapse
	if status(l, o[4]) != state.Active {
		t.Error("suspended again")
	}
}
