package state_test

import (
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// inEpochs is a ledger on which all three founders have an epoch.
func inEpochs(t *testing.T) *ledgertest.Ledger {
	l := ledgertest.Three(t)
	for i, o := range []ledgertest.Org{platform, bank, police} {
		l.Put(l.Epoch(o, i, "email"))
	}
	return l
}

func causes(l *ledgertest.Ledger) map[string]state.EpochCause {
	out := map[string]state.EpochCause{}
	for _, m := range l.S.Members() {
		e, _ := l.S.Epoch(m.Name)
		out[m.Name] = e.Cause
	}
	return out
}

func called(out state.Outcome) (names []string) {
	for _, e := range out.Events {
		if e.Kind == state.EpochCalled {
			names = append(names, e.Member)
		}
	}
	return names
}

// pass is Pass that shows what the deciding vote did.
func pass(l *ledgertest.Ledger, p entry.Proposal, voters ...ledgertest.Org) (out state.Outcome) {
	id := l.Put(l.Propose(voters[0], p)).Hash
	for _, o := range voters {
		out = l.Put(l.Vote(o, id, true))
	}
	return out
}

// TestEpochEndsByVote: for one, then for all that are left; then there is nothing left to end.
func TestEpochEndsByVote(t *testing.T) {
	l := inEpochs(t)
	if lines := l.S.Describe(entry.EpochEnd{Member: bank.Name}); len(lines) != 3 {
		t.Errorf("%q", lines)
	}
	if got := called(pass(l, entry.EpochEnd{Member: bank.Name}, platform, police)); !slices.Equal(got, []string{bank.Name}) {
		t.Errorf("called %q", got)
	}
	e, _ := l.S.Epoch(bank.Name)
	if e.Cause != state.CauseVote || e.Called != l.S.Time() || e.Until != l.S.Time()+state.EpochGrace || e.Closed() {
		t.Errorf("%+v", e)
	}
	refuses(t, l, l.Propose(platform, entry.EpochEnd{Member: bank.Name}), entry.ErrNoChange)
	refuses(t, l, l.Propose(platform, entry.EpochEnd{Member: "Nobody"}), entry.ErrUnknownMember)
	if got := called(pass(l, entry.EpochEnd{}, platform, police)); !slices.Equal(got, []string{platform.Name, police.Name}) {
		t.Errorf("called %q", got)
	}
	refuses(t, l, l.Propose(platform, entry.EpochEnd{}), entry.ErrNoChange)
	l.Put(l.Epoch(bank, 10, "email"))
	if e, _ := l.S.Epoch(bank.Name); e.Cause != state.CauseNone || e.Until != 0 {
		t.Errorf("the next one: %+v", e)
	}
}

// joined is opened with a fourth member that has no seat.
func joined(t *testing.T) *ledgertest.Ledger {
	l := inEpochs(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	l.Put(l.Ack(hotline))
	l.Put(l.Epoch(hotline, 9, "email"))
	return l
}

// TestSuspensionEndsTheOthers: at once, once, and not those of the member itself.
func TestSuspensionEndsTheOthers(t *testing.T) {
	l := joined(t)
	out := pass(l, entry.Suspend{Member: hotline.Name}, platform, bank)
	if got := called(out); !slices.Equal(got, []string{bank.Name, platform.Name, police.Name}) {
		t.Errorf("called %q", got)
	}
	want := map[string]state.EpochCause{
		platform.Name: state.CauseSuspension, bank.Name: state.CauseSuspension, police.Name: state.CauseSuspension,
		hotline.Name: state.CauseNone,
	}
	for name, cause := range causes(l) {
		if cause != want[name] {
			t.Errorf("%s: %q", name, cause)
		}
	}
	if e, _ := l.S.Epoch(bank.Name); !e.Closed() {
		t.Error("the index still takes new entries")
	}
	m, _ := l.S.Member(hotline.Name)
	if m.SuspendedAt != out.Index {
		t.Errorf("suspended at %d, want %d", m.SuspendedAt, out.Index)
	}
	l.Put(l.Epoch(bank, 10, "email"))
	if got := called(pass(l, entry.Expel{Member: hotline.Name}, platform, bank)); len(got) != 0 {
		t.Errorf("it could ask nobody since, and yet these are called: %q", got)
	}
}

// TestExpulsionEndsTheOthers: of a member in good standing. One that never took part ends nothing.
func TestExpulsionEndsTheOthers(t *testing.T) {
	l := inEpochs(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	if got := called(pass(l, entry.Expel{Member: hotline.Name}, platform, bank)); len(got) != 0 {
		t.Errorf("a newcomer that had not joined yet: %q", got)
	}
	l.Pass(entry.Admit{Card: second.Card(t)}, platform, bank)
	l.Put(l.Ack(second))
	if got := called(pass(l, entry.Expel{Member: second.Name}, platform, bank)); len(got) != 3 {
		t.Errorf("called %q", got)
	}
}

// TestEmergencyEndsTheOthers: at the second call; a ratification ends nothing more, a lapse takes nothing back.
func TestEmergencyEndsTheOthers(t *testing.T) {
	l := inEpochs(t)
	if got := called(l.Put(l.Emergency(platform, police.Name))); len(got) != 0 {
		t.Errorf("a first call: %q", got)
	}
	if got := called(l.Put(l.Emergency(bank, police.Name))); !slices.Equal(got, []string{bank.Name, platform.Name}) {
		t.Errorf("called %q", got)
	}
	l.Put(l.Epoch(bank, 10, "email"))
	if got := called(pass(l, entry.Suspend{Member: police.Name}, platform, bank)); len(got) != 0 {
		t.Errorf("ratified: %q", got)
	}
	if e, _ := l.S.Epoch(bank.Name); e.Cause != state.CauseNone {
		t.Errorf("the epoch since: %+v", e)
	}
}

// TestOverlapIsClosedToo: a suspension during an overlap closes both epochs, and gives neither more time.
func TestOverlapIsClosedToo(t *testing.T) {
	l := inEpochs(t)
	l.Put(l.Epoch(bank, 10, "email"))
	before := l.S.Epochs(bank.Name)[0].Until
	l.Advance(60, platform, bank, police)
	l.Pass(entry.Suspend{Member: police.Name}, platform, bank)
	for i, e := range l.S.Epochs(bank.Name) {
		if !e.Closed() || i == 0 && e.Until != before {
			t.Errorf("%+v", e)
		}
	}
	if n := len(l.S.Serving(bank.Name)); n != 2 {
		t.Errorf("%d serve", n)
	}
}

// TestEpochsAge: an epoch is called at the age that the policy sets, by ledger time alone; a policy that
// shortens it calls at once, and gives the same grace.
func TestEpochsAge(t *testing.T) {
	const day = 24 * 3600
	l := inEpochs(t)
	p := policy.Default()
	p.Version, p.EpochDays = 2, 3
	l.Pass(entry.SetPolicy{Policy: p}, platform, bank)
	l.Advance(3*day-1, platform, bank, police)
	if c := causes(l); c[bank.Name] != state.CauseNone {
		t.Fatalf("a second before: %v", c)
	}
	out := l.Advance(1, platform, bank, police)
	if got := called(out); len(got) != 3 {
		t.Fatalf("called %q", got)
	}
	if e, _ := l.S.Epoch(bank.Name); e.Cause != state.CauseAge || e.Called != l.S.Time() {
		t.Errorf("%+v", e)
	}
	l.Put(l.Epoch(bank, 10, "email"))
	l.Advance(2*day, platform, bank, police)
	p.Version, p.EpochDays = 3, 1
	if got := called(pass(l, entry.SetPolicy{Policy: p}, platform, bank)); !slices.Equal(got, []string{bank.Name}) {
		t.Errorf("a shorter life: %q", got)
	}
	if e, _ := l.S.Epoch(bank.Name); e.Until != l.S.Time()+state.EpochGrace {
		t.Errorf("%+v", e)
	}
	p.Version, p.EpochDays = 4, 0
	l.Put(l.Epoch(bank, 20, "email"))
	l.Pass(entry.SetPolicy{Policy: p}, platform, bank)
	l.Advance(100*day, platform, bank, police)
	if e, _ := l.S.Epoch(bank.Name); e.Cause != state.CauseNone {
		t.Errorf("without a bound: %+v", e)
	}
}

// TestAffiliates: both sides' word makes two count as one, over any number of steps.
func TestAffiliates(t *testing.T) {
	l := joined(t)
	declare := func(o ledgertest.Org, names ...string) { t.Helper(); l.Put(l.Affiliate(o, names...)) }
	check := func(of ledgertest.Org, want ...string) {
		t.Helper()
		if got := l.S.Affiliates(of.Name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", of.Name, got, want)
		}
	}
	check(bank, bank.Name)
	declare(bank, platform.Name)
	check(bank, bank.Name) // one side's word
	check(platform, platform.Name)
	declare(platform, bank.Name, police.Name)
	check(bank, bank.Name, platform.Name)
	check(platform, bank.Name, platform.Name)
	declare(police, platform.Name)
	for _, o := range []ledgertest.Org{bank, platform, police} {
		check(o, bank.Name, platform.Name, police.Name)
	}
	refuses(t, l, l.Affiliate(police, platform.Name), entry.ErrNoChange)
	refuses(t, l, l.Affiliate(police, "Nobody"), entry.ErrUnknownMember)
	refuses(t, l, l.Affiliate(police, police.Name), entry.ErrField)
	declare(platform)
	check(bank, bank.Name)
	declare(bank)
	declare(bank, hotline.Name)
	declare(hotline, bank.Name)
	check(bank, bank.Name, hotline.Name)
	l.Pass(entry.Expel{Member: hotline.Name}, platform, police)
	check(bank, bank.Name)
	declare(bank)
	if got := l.S.Declared(bank.Name); len(got) != 0 {
		t.Errorf("declared %q", got)
	}
	if l.S.Affiliates("Nobody") != nil || l.S.Declared("Nobody") != nil {
		t.Error("affiliates of nobody")
	}
}
