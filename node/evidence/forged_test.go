package evidence

import (
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// exportOf is whom the ledger knows, as an export of it shows.
func exportOf(t *testing.T, l *ledgertest.Ledger) audit.Roster {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "export")
	sink, err := audit.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	source := audit.Source{
		LedgerID: l.S.LedgerID(), Size: l.S.Size(), Root: l.S.Root(), LogKey: ledgertest.Bank.Private(member.Log),
		Leaves: func(yield func([]byte, error) bool) {
			for _, leaf := range l.Leaves {
				if !yield(leaf, nil) {
					return
				}
			}
		},
	}
	if err := audit.Export(t.Context(), source, sink); err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(dir, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Roster()
}

// against is a record, and what an export of the ledger makes of it.
type against struct {
	record Record
	proved bool
	err    error
	words  string
}

func hold(t *testing.T, on audit.Roster, cases map[string]against) {
	t.Helper()
	for name, c := range cases {
		f, err := c.record.ExamineAgainst(on)
		if !errors.Is(err, c.err) || f.Proved != c.proved || !strings.Contains(strings.Join(f.Words, " "), c.words) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

// TestFalseProofAgainstExport: whoever keeps a record chooses the key in it, and an honest answer is under no
// other than its holder's. So the export has to know that key.
func TestFalseProofAgainstExport(t *testing.T) {
	l := ledgertest.Three(t)
	before := exportOf(t, l)
	l.Put(l.Epoch(ledgertest.Bank, 0, "email"))
	node, id := ledgertest.Bank.Private(member.Node), l.S.LedgerID()
	onLedger := ledgertest.Bank.OPRFKey(t, id, 0, 1, "email").Public
	cheat := falseProofOn(t, id, node, onLedger, oprf(t, 2))
	hold(t, exportOf(t, l), map[string]against{
		"a cheat":                             {cheat, true, nil, "key of Bank B for email"},
		"accused with a key of the accuser's": {falseProofOn(t, id, node, oprf(t, 3).Public(), oprf(t, 2)), false, ErrNothing, ""},
		"no member":                           {falseProofOn(t, id, holder, onLedger, oprf(t, 2)), false, nil, "no member's"},
	})
	hold(t, before, map[string]against{"an export from before the epoch": {cheat, false, nil, "no key of Bank B"}})
}

// TestManifestsAgainstExport: two manifests convict the member whose node signed them; an anchor only under that
// member's own operator key.
func TestManifestsAgainstExport(t *testing.T) {
	l := ledgertest.Three(t)
	id := l.S.LedgerID()
	fork := func(key ed25519.PrivateKey) Record {
		a, b := manifestBy(t, key, id, 1, [32]byte{}, [32]byte{1}), manifestBy(t, key, id, 1, [32]byte{}, [32]byte{2})
		return Record{Kind: "manifest-fork", Accused: member.PublicOf(key).PeerID(), Ledger: id[:], Request: a.Raw, Response: b.Raw}
	}
	bank := ledgertest.Bank.Private(member.Node)
	anchored := func(by ledgertest.Org, role member.Role) Record {
		m := manifestBy(t, bank, id, 2, [32]byte{7}, [32]byte{1})
		key := by.Private(role)
		raw, err := entry.NewManifestAnchor(entry.Signer{Key: key, LedgerID: id, Incarnation: 1}, 1,
			[]entry.Anchored{{Epoch: 1, Type: "email", Version: 2, Manifest: [32]byte{1}}})
		if err != nil {
			t.Fatal(err)
		}
		public := member.PublicOf(key)
		return Record{Kind: "manifest-anchor", Accused: member.PublicOf(bank).PeerID(), Ledger: id[:], Key: public[:], Request: raw, Response: m.Raw}
	}
	hold(t, exportOf(t, l), map[string]against{
		"a fork":                  {fork(bank), true, nil, "node of Bank B"},
		"a fork of nobody":        {fork(holder), false, nil, "no member's"},
		"an anchor":               {anchored(ledgertest.Bank, member.Operator), true, nil, "operator key of Bank B"},
		"another member's anchor": {anchored(ledgertest.Platform, member.Operator), false, ErrNothing, ""},
		"a stranger's anchor":     {anchored(ledgertest.NGO, member.Operator), false, nil, "newer export"},
		"an anchor by a seat":     {anchored(ledgertest.Bank, member.Seat), false, ErrNothing, ""},
	})
}

// TestAnotherMemberAccused: two entries convict whose key signed them, and not whom the record names.
func TestAnotherMemberAccused(t *testing.T) {
	l := ledgertest.Three(t)
	id, key := l.S.LedgerID(), ledgertest.Bank.Private(member.Operator)
	var both [2]entry.Raw
	for i, version := range []string{"1.0.0", "1.0.1"} {
		var err error
		both[i], err = entry.NewNodeInfo(entry.Signer{Key: key, LedgerID: id, Incarnation: 1}, 1, []string{"/ip4/192.0.2.1/tcp/1"}, version)
		if err != nil {
			t.Fatal(err)
		}
	}
	public := member.PublicOf(key)
	record := func(accused ledgertest.Org) Record {
		return Record{
			Kind: "ledger-equivocation", Accused: accused.Keys().Node.PeerID(), Ledger: id[:], Key: public[:], Request: both[0], Response: both[1],
		}
	}
	hold(t, rosterOf(t, l.Leaves[0]), map[string]against{
		"who signed":    {record(ledgertest.Bank), true, nil, "operator key of Bank B"},
		"somebody else": {record(ledgertest.Platform), false, ErrNothing, ""},
		"nobody's node": {record(ledgertest.NGO), true, nil, "operator key of Bank B"},
	})
}
