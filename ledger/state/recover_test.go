package state_test

import (
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// four founders of four sectors, of whom two lose their nodes for good.
func four(t testing.TB) (*ledgertest.Ledger, []ledgertest.Org) {
	m := []ledgertest.Org{bank, hotline, platform, police}
	l := ledgertest.New(t, m...)
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"))
	l.Put(l.Propose(bank, entry.Suspend{Member: police.Name}))
	return l, m
}

var survivors = []string{bank.Name, platform.Name}

// TestRecovery: three of four seats go on from exactly where they stand, with the voters that are left.
func TestRecovery(t *testing.T) {
	l, m := four(t)
	open := l.S.Proposals()[0].ID
	d := l.Recovery(2, survivors, m[0], m[2], m[3])
	if tally, err := l.S.RecoveryTally(d.Body()); err != nil || tally.Yes != 3 || len(tally.Missing) != 1 || tally.Needs != "" {
		t.Errorf("%+v, %v", tally, err)
	}
	if text := strings.Join(l.S.DescribeRecovery(d.Body()), "\n"); !strings.Contains(text, "from size 2") || !strings.Contains(text, "with 1 more") {
		t.Error(text)
	}
	late := l.Vote(police, open, true) // of the incarnation that ends
	has(t, l.Put(l.Recover(bank, d)).Events, state.LedgerRecovered, state.VotersChanged, state.ProposalDropped)
	if l.S.Incarnation() != 2 || len(l.S.Voters()) != 2 || !l.S.Trial() {
		t.Errorf("incarnation %d, %d voters", l.S.Incarnation(), len(l.S.Voters()))
	}
	if _, open := l.S.HandOver(); open {
		t.Error("the voters that are lost have to hand over")
	}
	refuses(t, l, late, entry.ErrWrongIncarnation)
	l.Put(l.NodeInfo(police, "/ip4/192.0.2.9/tcp/1")) // in the new one
	refuses(t, l, l.Propose(bank, entry.SetVoter{Member: bank.Name}), entry.ErrTooFewVoters)
	l.Pass(entry.SetVoter{Member: police.Name, Voter: true}, m[0], m[2], m[3])
	l.Closed(bank, platform)
	l.Pass(entry.SetVoter{Member: hotline.Name, Voter: true}, m[0], m[2], m[3])
	if l.S.Trial() {
		t.Error("four voters again")
	}
	refuses(t, l, l.Recover(bank, d), entry.ErrWrongIncarnation)
}

// TestRecoveryRefused: who may recover, into what, from where.
func TestRecoveryRefused(t *testing.T) {
	l, m := four(t)
	seats := []ledgertest.Org{m[0], m[1], m[2]}
	shorter := func() entry.RecoveryDraft { // cuts the newest entry away
		f := tlog.NewFrontier()
		for _, leaf := range l.Leaves[:2] {
			f.Append(tlog.LeafHash(leaf))
		}
		d, err := entry.NewRecovery(l.S.LedgerID(), 2, f, nil, survivors)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range seats {
			d = d.Sign(o.Private(member.Seat))
		}
		return d
	}
	for name, c := range map[string]struct {
		d    entry.RecoveryDraft
		want *entry.Rejection
	}{
		"half of the seats":        {l.Recovery(2, survivors, m[0], m[1]), entry.ErrRecoveryVotes},
		"nobody":                   {l.Recovery(2, survivors), entry.ErrRecoveryVotes},
		"a shorter history":        {shorter(), entry.ErrBase},
		"a stranger as a voter":    {l.Recovery(2, []string{bank.Name, "Nobody"}, seats...), entry.ErrUnknownMember},
		"one voter":                {l.Recovery(2, []string{bank.Name}, seats...), entry.ErrSectorMajority},
		"an operator key for one":  {l.Recovery(2, survivors, m[0], m[1]).Sign(m[2].Private(member.Operator)), entry.ErrRecoverySignature},
		"a stranger's key for one": {l.Recovery(2, survivors, m[0], m[1]).Sign(ngo.Private(member.Seat)), entry.ErrRecoverySignature},
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, l, l.Recover(bank, c.d), c.want)
			if entry.RejectionOf(l.S.CheckRecovery(c.d.Body())) != c.want {
				t.Error("the check before signing lets it through")
			}
		})
	}
	good := l.Recovery(2, survivors, seats...).Body()
	for name, c := range map[string]struct {
		change func(*entry.Recovery)
		want   *entry.Rejection
	}{
		"a flipped signature": {func(b *entry.Recovery) { b.Signatures[1].Sig[0] ^= 1 }, entry.ErrRecoverySignature},
		"one seat twice":      {func(b *entry.Recovery) { b.Signatures[1] = b.Signatures[0] }, entry.ErrField},
		"another statement": {func(b *entry.Recovery) {
			b.Statement = l.Recovery(2, []string{bank.Name, police.Name}).Body().Statement
		}, entry.ErrRecoverySignature},
		"no statement": {func(b *entry.Recovery) { b.Statement = nil }, entry.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			b := entry.Recovery{
				Statement:  append([]byte(nil), good.Statement...),
				Signatures: append([]entry.RecoverySignature(nil), good.Signatures...),
			}
			c.change(&b)
			refuses(t, l, l.Forge(bank.Private(member.Seat), entry.KindRecovery, b, nil), c.want)
		})
	}
	for name, change := range map[string]func(*entry.RecoveryStatement){
		"another ledger":      func(st *entry.RecoveryStatement) { st.LedgerID[0] ^= 1 },
		"incarnation 3":       func(st *entry.RecoveryStatement) { st.Incarnation = 3 },
		"incarnation 1":       func(st *entry.RecoveryStatement) { st.Incarnation = 1 },
		"another root":        func(st *entry.RecoveryStatement) { st.Root[0] ^= 1 },
		"another size":        func(st *entry.RecoveryStatement) { st.Size++ },
		"no base":             func(st *entry.RecoveryStatement) { st.Size, st.Frontier = 0, nil },
		"a long tail":         func(st *entry.RecoveryStatement) { st.Tail = make([]entry.Hash, entry.MaxTail+1) },
		"no voters":           func(st *entry.RecoveryStatement) { st.Voters = nil },
		"voters not in order": func(st *entry.RecoveryStatement) { st.Voters = []string{platform.Name, bank.Name} },
		"another version":     func(st *entry.RecoveryStatement) { st.V = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			st, err := good.Decode()
			if err != nil {
				t.Fatal(err)
			}
			change(&st)
			b := entry.Recovery{Statement: encode(st)}
			for _, o := range seats {
				key := o.Private(member.Seat)
				b.Signatures = append(b.Signatures, entry.RecoverySignature{
					Key: member.PublicOf(key), Sig: [64]byte(member.Sign(key, "crosslight/recovery/v1", b.Statement)),
				})
			}
			sorted(b.Signatures)
			want := map[string]*entry.Rejection{
				"another ledger": entry.ErrWrongLedger, "incarnation 3": entry.ErrWrongIncarnation, "another version": entry.ErrVersion,
			}[name]
			if want == nil {
				want = entry.ErrField
			}
			refuses(t, l, l.Forge(bank.Private(member.Seat), entry.KindRecovery, b, nil), want)
		})
	}
	l.Pass(entry.SetSeat{Member: police.Name}, seats...)
	refuses(t, l, l.Recover(police, l.Recovery(2, survivors, seats...)), entry.ErrNoSeat)
	refuses(t, l, l.Recover(bank, l.Recovery(2, survivors, police, m[0], m[1], m[2])), entry.ErrRecoverySignature)
}

// TestRecoveryVoters: who cannot vote is no voter after a recovery either; who is suspended can.
func TestRecoveryVoters(t *testing.T) {
	l, m := four(t)
	l.Pass(entry.Admit{Card: ngo.Card(t)}, m[:3]...)
	l.Pass(entry.Suspend{Member: bank.Name}, m[:3]...)
	recovered := func(names ...string) []byte { return l.Recover(bank, l.Recovery(1, names, m...)) }
	refuses(t, l, recovered(bank.Name, ngo.Name), entry.ErrNotAcknowledged)
	l.Put(l.Ack(ngo))
	l.Pass(entry.RevokeKey{Key: ngo.Keys().Log.ID()}, m[:3]...)
	refuses(t, l, recovered(bank.Name, ngo.Name), entry.ErrNoSuchKey)
	l.Put(recovered(bank.Name, hotline.Name))
	refuses(t, l, l.Propose(bank, entry.SetVoter{Member: ngo.Name, Voter: true}), entry.ErrNoSuchKey)
	if got := statusOf(l, bank); got != state.Suspended {
		t.Errorf("a recovery ended a suspension: %q", got)
	}
}

// TestUpgrade: what the board has not let in is refused; what it has, and this program does not know,
// stops the node.
func TestUpgrade(t *testing.T) {
	l := ledgertest.Three(t)
	next := l.Forge(bank.Private(member.Operator), entry.KindNodeInfo, info(), func(e *entry.Envelope) { e.V = 2 })
	strange := append([]byte{0xa3, 0x01, 0x02}, "no envelope of ours"...)
	refuses(t, l, next, entry.ErrVersion)
	refuses(t, l, strange, entry.ErrVersion)
	refuses(t, l, l.Propose(bank, entry.SetUpgrade{Version: 3}), entry.ErrUpgrade)
	refuses(t, l, l.Forge(bank.Private(member.Seat), entry.KindPropose, propose(entry.ProposeUpgrade, entry.SetUpgrade{Version: 1}), nil), entry.ErrField)
	l.Pass(entry.SetUpgrade{Version: 2}, bank, police)
	if l.S.EntryVersion() != 2 {
		t.Fatalf("version %d", l.S.EntryVersion())
	}
	hash := l.S.Hash()
	for _, raw := range [][]byte{next, strange} {
		if _, err := l.S.Apply(raw); !isProgram(err) || l.S.Hash() != hash {
			t.Errorf("%v", err)
		}
	}
	if _, err := l.S.Apply(append([]byte{0xa3, 0x01, 0x03}, "x"...)); entry.RejectionOf(err) != entry.ErrVersion {
		t.Errorf("version 3: %v", err)
	}
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1")) // older ones go on
}
