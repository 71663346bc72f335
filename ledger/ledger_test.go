package ledger_test

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

var (
	platform, bank, police = ledgertest.Platform, ledgertest.Bank, ledgertest.Police
	hotline                = ledgertest.Hotline
)

func peer(o ledgertest.Org) string { return o.Keys().Node.PeerID() }

// consortium has an epoch of the bank in force (2), a suspended police, and a hotline that was admitted.
func consortium(t *testing.T) *ledgertest.Ledger {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email", "phone"))
	l.Put(l.Epoch(bank, 2, "email"))
	l.Advance(state.EpochOverlap, platform, bank, police)
	l.Put(l.Epoch(police, 3, "email"))
	l.Pass(entry.Suspend{Member: police.Name}, platform, bank)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	l.Put(l.Ack(hotline))
	p := policy.Default()
	p.Version = 2
	p.Rules[0].FromSectors = []string{string(member.Finance), string(member.LawEnforcement), string(member.Tech)}
	match := p.Rules[0]
	match.ID, match.FromSectors, match.FromMembers = "hotlines", nil, []string{hotline.Name}
	match.Reveal, match.CaseRequired, match.EvaluationsPerDay = policy.RevealMatch, false, 7
	match.Types = []string{"email"}
	p.Rules = append(p.Rules, match)
	l.Pass(entry.SetPolicy{Policy: policy.Normalise(p)}, platform, bank)
	return l
}

func TestAuthorised(t *testing.T) {
	l := consortium(t)
	good := ledger.Ask{
		LedgerID: l.S.LedgerID(), Querier: peer(platform), Holder: peer(bank), Epoch: 2,
		Type: "email", Purpose: "platform-safety", HasCase: true,
	}
	for _, c := range []struct {
		name   string
		change func(*ledger.Ask)
		want   error
		rule   string // that allows, or that came nearest
	}{
		{"good", func(*ledger.Ask) {}, nil, "founding"},
		{"without a case where none is needed", func(a *ledger.Ask) { a.Querier, a.HasCase = peer(hotline), false }, nil, "hotlines"},
		{"another ledger", func(a *ledger.Ask) { a.LedgerID[31] ^= 1 }, ledger.ErrWrongLedger, ""},
		{"a stranger asks", func(a *ledger.Ask) { a.Querier = peer(ledgertest.NGO) }, ledger.ErrNotAMember, ""},
		{"nobody asks", func(a *ledger.Ask) { a.Querier = "" }, ledger.ErrNotAMember, ""},
		{"a name instead of a peer id", func(a *ledger.Ask) { a.Querier = platform.Name }, ledger.ErrNotAMember, ""},
		{"an operator key's peer id", func(a *ledger.Ask) { a.Querier = platform.Keys().Operator.PeerID() }, ledger.ErrNotAMember, ""},
		{"a stranger is asked", func(a *ledger.Ask) { a.Holder = peer(ledgertest.NGO) }, ledger.ErrNotAMember, ""},
		{"a suspended member asks", func(a *ledger.Ask) { a.Querier = peer(police) }, ledger.ErrSuspended, ""},
		{"a suspended member is asked", func(a *ledger.Ask) { a.Holder, a.Epoch = peer(police), 1 }, ledger.ErrSuspended, ""},
		{"itself", func(a *ledger.Ask) { a.Querier = peer(bank) }, ledger.ErrNotPermitted, ""},
		{"without a case", func(a *ledger.Ask) { a.HasCase = false }, ledger.ErrNotPermitted, "founding"},
		{"a purpose that is none", func(a *ledger.Ask) { a.Purpose = "curiosity" }, ledger.ErrNotPermitted, ""},
		{"a purpose with odd characters", func(a *ledger.Ask) { a.Purpose = "a\nb" }, ledger.ErrNotPermitted, ""},
		{"a type that is none", func(a *ledger.Ask) { a.Type = "*" }, ledger.ErrNotPermitted, ""},
		{"a type outside of the rule", func(a *ledger.Ask) { a.Querier, a.Type = peer(hotline), "phone" }, ledger.ErrNotPermitted, ""},
		{"the epoch before", func(a *ledger.Ask) { a.Epoch = 1 }, ledger.ErrEpochOver, ""},
		{"the epoch after", func(a *ledger.Ask) { a.Epoch = 3 }, ledger.ErrEpochOver, ""},
		{"a type without a key", func(a *ledger.Ask) { a.Type = "phone" }, ledger.ErrEpochOver, ""},
		{"a holder without an epoch", func(a *ledger.Ask) { a.Querier, a.Holder = peer(bank), peer(platform) }, ledger.ErrEpochOver, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := good
			c.change(&a)
			permit, err := ledger.Authorised(l.S, l.S, a)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				if permit.Rule() != c.rule || permit.Epoch() != 2 || permit.Size() != l.S.Size() || permit.PublicKey() == [32]byte{} {
					t.Errorf("permit %+v", permit)
				}
				return
			}
			var denial *ledger.Denial
			if !errors.As(err, &denial) || denial.Rule != c.rule || denial.Reason == "" {
				t.Errorf("denial %+v", denial)
			}
		})
	}
}

func TestPermitSaysWhatTheRuleGrants(t *testing.T) {
	l := consortium(t)
	permit, err := ledger.Authorised(l.S, l.S, ledger.Ask{
		LedgerID: l.S.LedgerID(), Querier: peer(hotline), Holder: peer(bank), Epoch: 2,
		Type: "email", Purpose: "victim-identification",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := bank.OPRFKey(t, l.S.LedgerID(), 2, 2, "email").Public
	if permit.Querier().Name != hotline.Name || permit.Holder().Name != bank.Name || permit.PublicKey() != want ||
		permit.Reveal() != policy.RevealMatch || permit.EvaluationsPerDay() != 7 || permit.RetentionDays() != 365 {
		t.Errorf("permit %+v", permit)
	}
}

func TestAuthorisedMirror(t *testing.T) {
	l := consortium(t)
	good := ledger.MirrorAsk{LedgerID: l.S.LedgerID(), Asker: peer(platform), Holder: peer(bank), Epoch: 2, Type: "email"}
	for _, c := range []struct {
		name   string
		change func(*ledger.MirrorAsk)
		want   error
		labels bool
	}{
		{"labels", func(*ledger.MirrorAsk) {}, nil, true},
		{"tags alone", func(a *ledger.MirrorAsk) { a.Asker = peer(hotline) }, nil, false},
		{"another ledger", func(a *ledger.MirrorAsk) { a.LedgerID = [32]byte{} }, ledger.ErrWrongLedger, false},
		{"a stranger", func(a *ledger.MirrorAsk) { a.Asker = peer(ledgertest.NGO) }, ledger.ErrNotAMember, false},
		{"a suspended asker", func(a *ledger.MirrorAsk) { a.Asker = peer(police) }, ledger.ErrSuspended, false},
		{"a suspended holder", func(a *ledger.MirrorAsk) { a.Holder = peer(police) }, ledger.ErrSuspended, false},
		{"the holder itself", func(a *ledger.MirrorAsk) { a.Asker = peer(bank) }, ledger.ErrNotPermitted, false},
		{"a type outside of the rule", func(a *ledger.MirrorAsk) { a.Asker, a.Type = peer(hotline), "phone" }, ledger.ErrNotPermitted, false},
		{"an epoch that is over", func(a *ledger.MirrorAsk) { a.Epoch = 1 }, ledger.ErrEpochOver, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := good
			c.change(&a)
			permit, err := ledger.AuthorisedMirror(l.S, l.S, a)
			if !errors.Is(err, c.want) || permit.Labels() != c.labels {
				t.Fatalf("%v, labels %v", err, permit.Labels())
			}
			if err == nil && (permit.Holder().Name != bank.Name || permit.Asker().PeerID != a.Asker) {
				t.Errorf("permit %+v", permit)
			}
		})
	}
}
