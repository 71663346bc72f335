package state_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

func TestGenesisState(t *testing.T) {
	l := ledgertest.Three(t)
	g := ledgertest.Genesis(t, police, platform, bank) // in another order
	if l.S.LedgerID() != g.ID() {
		t.Error("the order of cards changes the ledger id")
	}
	if l.S.Size() != 1 || l.S.Root() != tlog.LeafHash(g.Raw()) {
		t.Error("leaf 0 is not the genesis")
	}
	var names []string
	for _, m := range l.S.Members() {
		names = append(names, m.Name)
		if !m.Founder || !m.Seat || !m.Voter || m.Status != state.Active || m.AdmittedAt != 0 {
			t.Errorf("founder %+v", m)
		}
		if byPeer, ok := l.S.MemberByPeer(m.PeerID); !ok || byPeer.Name != m.Name {
			t.Errorf("%s by peer: %v", m.Name, byPeer.Name)
		}
	}
	if want := []string{bank.Name, platform.Name, police.Name}; !slices.Equal(names, want) {
		t.Errorf("members %q", names)
	}
	if voters := l.S.Voters(); len(voters) != 3 || !slices.IsSorted(voters) || !l.S.Trial() {
		t.Errorf("voters %q", voters)
	}
	if _, err := state.New(entry.SignedGenesis{}); !errors.Is(err, entry.ErrGenesis) {
		t.Errorf("an unchecked genesis: %v", err)
	}
}

func TestNodeInfo(t *testing.T) {
	l := ledgertest.Three(t)
	out := l.Put(l.NodeInfo(bank, "/ip4/192.0.2.7/tcp/7481"))
	m, _ := l.S.Member(bank.Name)
	if !slices.Equal(m.Addresses, []string{"/ip4/192.0.2.7/tcp/7481"}) || m.Version != "1.0.0" {
		t.Errorf("member %+v", m)
	}
	if out.Member != bank.Name || out.Index != 1 || out.Events[0].Kind != state.NodeInfoChanged {
		t.Errorf("outcome %+v", out)
	}
	refuses(t, l, l.NodeInfo(bank, "/ip4/192.0.2.7/tcp/7481"), entry.ErrNoChange)
	m.Addresses[0] = "/ip4/203.0.113.1/tcp/1" // what was read is the reader's
	if again, _ := l.S.Member(bank.Name); again.Addresses[0] != "/ip4/192.0.2.7/tcp/7481" {
		t.Error("a reader wrote to the state")
	}
}

func TestDuplicateAndReplay(t *testing.T) {
	l := ledgertest.Three(t)
	first := l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1")
	at := l.Put(first)
	l.Put(l.NodeInfo(police, "/ip4/192.0.2.1/tcp/1"))
	out, err := l.S.Apply(first)
	if !errors.Is(err, entry.ErrDuplicate) || out.Index != at.Index || out.Hash != at.Hash {
		t.Errorf("duplicate: %+v, %v", out, err)
	}
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/2"))
	refuses(t, l, first, entry.ErrReplayed)

	other := ledgertest.New(t, platform, bank, hotline)
	refuses(t, other, first, entry.ErrWrongLedger)
}

func TestEpochs(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 0, "email", "phone"))
	l.Put(l.Epoch(bank, 2, "email"))
	current, ok := l.S.Epoch(bank.Name)
	if !ok || current.Commit.Epoch != 2 || current.Index != 2 || len(l.S.Epochs(bank.Name)) != 2 {
		t.Errorf("epochs %+v", l.S.Epochs(bank.Name))
	}
	if _, ok := current.Commit.Key("phone"); ok {
		t.Error("epoch 2 has no key for phones")
	}
	if _, ok := l.S.Epoch(police.Name); ok {
		t.Error("police has no epoch")
	}
	t.Run("own key again", func(t *testing.T) { refuses(t, l, l.Epoch(bank, 0, "email"), entry.ErrKeyStands) })
	t.Run("another's key", func(t *testing.T) { refuses(t, l, l.Epoch(police, 1, "phone"), entry.ErrKeyStands) })
}

func TestAdmissionAndReads(t *testing.T) {
	l := ledgertest.Three(t)
	card := hotline.Card(t)
	id := l.Pass(entry.Admit{Card: card}, platform, bank)
	m, ok := l.S.MemberByPeer(hotline.Keys().Node.PeerID())
	want := state.Member{
		Name: hotline.Name, Sector: member.Hotline, Jurisdiction: "GB", Keys: hotline.Keys(),
		PeerID: hotline.Keys().Node.PeerID(), Addresses: card.Card.Addresses, Status: state.Joining, AdmittedAt: 3,
	}
	if diff := cmp.Diff(want, m); !ok || diff != "" {
		t.Error(diff)
	}
	if nv := l.S.NonVoters(); len(l.S.Voters()) != 3 || !slices.Equal(nv, []string{m.PeerID}) {
		t.Errorf("non-voters %q", nv)
	}
	p, _ := l.S.Proposal(id)
	if p.State != state.Accepted || p.Decided != 3 || p.Content.Subject() != hotline.Name || len(l.S.Proposals()) != 1 {
		t.Errorf("proposal %+v", p)
	}
	if by, role, ok := l.S.MemberByKey(hotline.Keys().Seat.ID()); !ok || by.Name != hotline.Name || role != member.Seat {
		t.Errorf("by key: %s %s", by.Name, role)
	}
	l.Put(l.NodeInfo(hotline, "/ip4/192.0.2.4/tcp/1"))
	l.Put(l.Ack(hotline))
	l.Put(l.Epoch(hotline, 0, "email"))
}

func TestPolicyInForce(t *testing.T) {
	l := ledgertest.Three(t)
	next := policy.Default()
	next.Version = 2
	next.Rules[0].ToMembers, next.Rules[0].ToSectors = []string{bank.Name}, []string{}
	words := l.S.Describe(entry.SetPolicy{Policy: next})
	if len(words) != 2 || !strings.HasPrefix(words[1], "Changed rule founding") {
		t.Errorf("words %q", words)
	}
	l.Pass(entry.SetPolicy{Policy: next}, platform, bank)
	if diff := cmp.Diff(next, l.S.Policy()); diff != "" {
		t.Error(diff)
	}
}

func TestWords(t *testing.T) {
	l := ledgertest.Three(t)
	admit := entry.Admit{Card: hotline.Card(t), Seat: true}
	if tally := l.S.TallyOf(admit); len(tally.Missing) != 3 ||
		tally.Needs != "2 more yes (at least 2/3 of 3 seats is 2), and yes from 2 more of the sectors" {
		t.Errorf("dry run: %+v", tally)
	}
	if words := l.S.Describe(admit); len(words) != 4 || words[2] != "It gets a seat: 4 seats vote instead of 3." {
		t.Errorf("words %q", words)
	}
	id := l.Put(l.Propose(platform, admit)).Hash
	l.Put(l.Vote(platform, id, true))
	tally, err := l.S.Tally(id)
	if err != nil || tally.Yes != 1 || !slices.Equal(tally.Missing, []string{bank.Name, police.Name}) ||
		tally.Needs != "1 more yes (at least 2/3 of 3 seats is 2), and yes from 1 more of the sectors (so far: tech)" {
		t.Errorf("tally %+v, %v", tally, err)
	}
	l.Put(l.Vote(bank, id, true))
	if tally, _ := l.S.Tally(id); tally.Missing != nil || tally.Needs != "" {
		t.Errorf("decided: %+v", tally)
	}
	if _, err := l.S.Tally(entry.Hash{}); !errors.Is(err, entry.ErrUnknownProposal) {
		t.Error(err)
	}
	for _, p := range []entry.Proposal{entry.Suspend{Member: bank.Name}, entry.Reinstate{Member: bank.Name}} {
		if len(l.S.Describe(p)) == 0 {
			t.Errorf("no words for %s", p.ProposalKind())
		}
	}
}

func TestCheckBeforeSigning(t *testing.T) {
	l := ledgertest.Three(t)
	body, err := entry.ProposeBody(entry.Suspend{Member: bank.Name}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.S.CheckPropose(platform.Name, body); err != nil {
		t.Error(err)
	}
	if err := l.S.CheckPropose("Nobody", body); !errors.Is(err, entry.ErrUnknownMember) {
		t.Error(err)
	}
	if err := l.S.CheckVote("Nobody", entry.Hash{}); !errors.Is(err, entry.ErrUnknownMember) {
		t.Error(err)
	}
}

func TestConsortiumFull(t *testing.T) {
	l := ledgertest.Three(t)
	for i := 3; i < state.MaxMembers; i++ {
		l.Pass(entry.Admit{Card: org(fmt.Sprintf("Member %d", i), member.NGO).Card(t)}, platform, bank)
	}
	refuses(t, l, l.Propose(platform, entry.Admit{Card: hotline.Card(t)}), entry.ErrFull)
}
