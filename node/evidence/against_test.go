package evidence

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

func rosterOf(t *testing.T, genesis []byte) audit.Roster {
	t.Helper()
	on, err := audit.RosterGenesis(genesis)
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// TestForkAgainstGenesis: whoever has the genesis, and nothing else, finds two finals proved, with the names of
// those who signed both.
func TestForkAgainstGenesis(t *testing.T) {
	orgs := []ledgertest.Org{ledgertest.Platform, ledgertest.Bank, ledgertest.Police, ledgertest.Hotline}
	l := ledgertest.New(t, orgs...)
	on, id := rosterOf(t, l.Leaves[0]), l.S.LedgerID()
	lock := func(size, round uint64, signers ...ledgertest.Org) finality.Certificate {
		return l.Certify(finality.Statement{
			Ledger: id, Incarnation: 1, Kind: finality.Lock, Height: 4, Round: round, Value: finality.Value{Size: size, Root: [32]byte{byte(size)}},
		}, signers...)
	}
	record := func(other finality.Certificate) Record {
		return Record{Kind: "finality-fork", Ledger: id[:], Request: lock(9, 2, orgs[0], orgs[1], orgs[2]).Bytes(), Response: other.Bytes()}
	}
	good := record(lock(8, 2, orgs[1], orgs[2], orgs[3]))
	f, err := good.ExamineAgainst(on)
	text := strings.Join(f.Words, "\n")
	if err != nil || !f.Proved || !strings.Contains(text, "Bank B signed both in one round") || strings.Contains(text, "Hotline D") {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = record(lock(8, 3, orgs[1], orgs[2], orgs[3])).ExamineAgainst(on)
	if err != nil || !f.Proved || !strings.Contains(strings.Join(f.Words, " "), "Police C locked both, in two rounds") {
		t.Errorf("two rounds: %+v, %v", f, err)
	}
	forged := lock(8, 2, orgs[1], orgs[2], orgs[3])
	forged.Votes[0].Sig[5] ^= 1
	for name, other := range map[string]finality.Certificate{
		"too few voters": lock(8, 2, orgs[1], orgs[2]), "a stranger": lock(8, 2, orgs[1], orgs[2], ledgertest.NGO), "a forged signature": forged,
	} {
		if f, err := record(other).ExamineAgainst(on); err != nil || f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	other := rosterOf(t, ledgertest.Genesis(t, orgs[:3]...).Raw())
	if _, err := good.ExamineAgainst(other); !errors.Is(err, ErrNothing) {
		t.Errorf("another ledger: %v", err)
	}
}

// TestOwner: a key convicts whoever holds it by the genesis; one that came later takes an export, and one that
// signs nothing of the kind is no evidence.
func TestOwner(t *testing.T) {
	l := ledgertest.Three(t)
	on, id := rosterOf(t, l.Leaves[0]), l.S.LedgerID()
	twice := func(key ed25519.PrivateKey) Record {
		public := member.PublicOf(key)
		r := Record{Kind: "ledger-equivocation", Ledger: id[:], Key: public[:]}
		for version, raw := range map[string]*[]byte{"1.0.0": &r.Request, "1.0.1": &r.Response} {
			e, err := entry.NewNodeInfo(entry.Signer{Key: key, LedgerID: id, Incarnation: 1}, 1, []string{"/ip4/192.0.2.1/tcp/1"}, version)
			if err != nil {
				t.Fatal(err)
			}
			*raw = e
		}
		return r
	}
	for name, c := range map[string]struct {
		key    ed25519.PrivateKey
		proved bool
		err    error
		words  string
	}{
		"a founder's key": {ledgertest.Bank.Private(member.Operator), true, nil, "operator key of Bank B"},
		"a later key":     {ledgertest.Bank.Another(member.Operator, 1), false, nil, "newer export"},
		"a cosigner key":  {ledgertest.Bank.Private(member.Cosigner), false, ErrNothing, ""},
	} {
		f, err := twice(c.key).ExamineAgainst(on)
		if !errors.Is(err, c.err) || f.Proved != c.proved || !strings.Contains(strings.Join(f.Words, " "), c.words) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

// TestVotesAgainstGenesis: two statements of one voter name it.
func TestVotesAgainstGenesis(t *testing.T) {
	l := ledgertest.Three(t)
	on, id := rosterOf(t, l.Leaves[0]), l.S.LedgerID()
	key := ledgertest.Bank.Private(member.Log)
	signed := func(size uint64) finality.Signed {
		st := finality.Statement{Ledger: id, Incarnation: 1, Kind: finality.Echo, Height: 2, Round: 3, Value: finality.Value{Size: size}}
		return finality.Signed{Statement: st, Signer: member.PublicOf(key).ID(), Sig: [member.SignatureSize]byte(member.Sign(key, finality.Domain, st.Bytes()))}
	}
	public := member.PublicOf(key)
	r := Record{Kind: "finality-equivocation", Ledger: id[:], Key: public[:], Response: finality.Evidence{A: signed(4), B: signed(5)}.Bytes()}
	f, err := r.ExamineAgainst(on)
	if err != nil || !f.Proved || !strings.Contains(strings.Join(f.Words, " "), "log key of Bank B") {
		t.Errorf("%+v, %v", f, err)
	}
}
