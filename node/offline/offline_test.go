package offline

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// draft is the bank's, on a ledger where the platform has proposed to suspend the police.
func draft(t testing.TB) (*ledgertest.Ledger, Draft) {
	t.Helper()
	l := ledgertest.Three(t)
	opened := l.Propose(ledgertest.Platform, entry.Suspend{Member: ledgertest.Police.Name})
	l.Put(opened)
	return l, Draft{
		V: 1, LedgerID: l.S.LedgerID(), Incarnation: l.S.Incarnation(), Member: ledgertest.Bank.Name,
		Key: ledgertest.Bank.Keys().Seat, Seq: ledgertest.Bank.Seq(member.Seat, l.S),
		Size: l.S.Size(), Root: l.S.Root(), Time: l.S.Time(), Kind: entry.KindVote, Proposal: opened,
		Seen: []string{"Police C may no longer ask."},
	}
}

func seat(o ledgertest.Org) ed25519.PrivateKey { return o.Private(member.Seat) }

// carry is the way of a draft: written, read, signed, written, read.
func carry(t testing.TB, d Draft, key ed25519.PrivateKey, vote string) Signed {
	t.Helper()
	raw, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if d, err = Parse(raw); err != nil {
		t.Fatal(err)
	}
	s, err := d.Sign(key, vote)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = s.Bytes(); err != nil {
		t.Fatal(err)
	}
	if s, err = ParseSigned(raw); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryKindReachesTheLedger signs one of each kind far from the ledger; the ledger takes all.
func TestEveryKindReachesTheLedger(t *testing.T) {
	l, vote := draft(t)
	l.Put(carry(t, vote, seat(ledgertest.Bank), "yes").Entry.Raw())
	if p := l.S.Proposals()[0]; len(p.Votes) != 1 || !p.Votes[0].Yes || p.Votes[0].Member != ledgertest.Bank.Name {
		t.Errorf("votes %+v", p.Votes)
	}

	next := func() Draft {
		d := vote
		d.Seq, d.Proposal = ledgertest.Bank.Seq(member.Seat, l.S), nil
		return d
	}
	body, err := entry.ProposeBody(entry.Suspend{Member: ledgertest.Platform.Name}, "why")
	if err != nil {
		t.Fatal(err)
	}
	d := next()
	d.Kind, d.Propose = entry.KindPropose, &body
	opened := carry(t, d, seat(ledgertest.Bank), "").Entry
	l.Put(opened.Raw())
	d = next()
	d.Kind, d.Proposal = entry.KindWithdrawProposal, opened.Raw()
	l.Put(carry(t, d, seat(ledgertest.Bank), "").Entry.Raw())
	if p, _ := l.S.Proposal(opened.Hash()); p.State != "withdrawn" || p.Reason != "why" {
		t.Errorf("proposal %+v", p)
	}
	d = next()
	d.Kind, d.Suspend = entry.KindSuspend, &entry.EmergencySuspend{Member: ledgertest.Police.Name}
	l.Put(carry(t, d, seat(ledgertest.Bank), "").Entry.Raw())
	if got := l.S.Callers(ledgertest.Police.Name); !slices.Equal(got, []string{ledgertest.Bank.Name}) {
		t.Errorf("called by %v", got)
	}
}

// TestWordsComeFromWhatIsSigned shows that the node that wrote the draft has no say in the words.
func TestWordsComeFromWhatIsSigned(t *testing.T) {
	_, d := draft(t)
	d.Seen = []string{"nothing of importance"}
	words, err := d.Words("yes")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(words, "\n")
	for _, want := range []string{"Bank B votes YES", "to suspend Police C", entry.HashOf(d.Proposal).String(), "Reason given: a test"} {
		if !strings.Contains(text, want) {
			t.Errorf("the words lack %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "importance") {
		t.Error("the words quote the node")
	}
}

func TestRefusals(t *testing.T) {
	_, d := draft(t)
	raw, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s := carry(t, d, seat(ledgertest.Bank), "no")
	signed, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sign(seat(ledgertest.Police), "no"); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another seat's key: %v", err)
	}
	for _, vote := range []string{"", "maybe"} {
		if _, err := d.Sign(seat(ledgertest.Bank), vote); !errors.Is(err, ErrVote) {
			t.Errorf("vote %q: %v", vote, err)
		}
	}
	if err := d.For([32]byte{1}); !errors.Is(err, ErrOtherLedger) {
		t.Errorf("another ledger: %v", err)
	}
	if _, err := ParseSigned(raw); !errors.Is(err, ErrNotSigned) {
		t.Errorf("an unsigned file: %v", err)
	}
	if _, err := Parse(signed); !errors.Is(err, ErrSigned) {
		t.Errorf("a signed file: %v", err)
	}
	for name, b := range map[string][]byte{"empty": {}, "text": []byte("genesis"), "entry": s.Entry.Raw()} {
		if _, err := Parse(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryByteIsBound changes each byte of a signed file. None of the results is read.
func TestEveryByteIsBound(t *testing.T) {
	_, d := draft(t)
	signed, err := carry(t, d, seat(ledgertest.Bank), "no").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range signed {
		b := bytes.Clone(signed)
		b[i] ^= 1
		if _, err := ParseSigned(b); !errors.Is(err, ErrChanged) && !errors.Is(err, ErrFormat) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// TestEntryAndDraftMustAgree puts entries that are sound in themselves under a draft that says
// something else, with a checksum that holds.
func TestEntryAndDraftMustAgree(t *testing.T) {
	l, d := draft(t)
	other := func(change func(*Draft)) Draft {
		o := d
		change(&o)
		return o
	}
	body, err := entry.ProposeBody(entry.Suspend{Member: ledgertest.Platform.Name}, "")
	if err != nil {
		t.Fatal(err)
	}
	another := l.Propose(ledgertest.Platform, entry.Suspend{Member: ledgertest.Bank.Name})
	for name, o := range map[string]Draft{
		"sequence number": other(func(o *Draft) { o.Seq++ }),
		"incarnation":     other(func(o *Draft) { o.Incarnation++ }),
		"proposal":        other(func(o *Draft) { o.Proposal = another }),
		"kind":            other(func(o *Draft) { o.Kind = entry.KindWithdrawProposal }),
		"act":             other(func(o *Draft) { o.Kind, o.Propose, o.Proposal = entry.KindPropose, &body, nil }),
	} {
		vote := ""
		if o.Kind == entry.KindVote {
			vote = "yes"
		}
		s := carry(t, o, seat(ledgertest.Bank), vote)
		forged, err := Signed{Draft: d, Entry: s.Entry}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseSigned(forged); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDraftsThatNoNodeWrites(t *testing.T) {
	_, d := draft(t)
	for name, change := range map[string]func(*Draft){
		"version":           func(d *Draft) { d.V = 2 },
		"sequence number":   func(d *Draft) { d.Seq = 0 },
		"size":              func(d *Draft) { d.Size = 0 },
		"name":              func(d *Draft) { d.Member = "" },
		"key":               func(d *Draft) { d.Key = member.PublicKey{} },
		"no act":            func(d *Draft) { d.Proposal = nil },
		"two acts":          func(d *Draft) { d.Suspend = &entry.EmergencySuspend{Member: "Police C"} },
		"kind":              func(d *Draft) { d.Kind = entry.KindRotate },
		"not of a draft":    func(d *Draft) { d.Kind = entry.KindNodeInfo },
		"proposal is junk":  func(d *Draft) { d.Proposal = []byte{1} },
		"proposal is other": func(d *Draft) { d.LedgerID[0] ^= 1 },
	} {
		d := d
		change(&d)
		if _, err := d.Bytes(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// TestRootKeyRotates: the root key signs, far from the ledger, the rotation of another key and of itself,
// and a revocation.
func TestRootKeyRotates(t *testing.T) {
	l, vote := draft(t)
	root := ledgertest.Bank.Private(member.Root)
	of := func(root ed25519.PrivateKey) Draft {
		d := vote
		d.Proposal, d.Key = nil, member.PublicOf(root)
		d.Seq = l.S.NextSeq(d.Key.ID())
		return d
	}
	rotation := func(d Draft, role member.Role, key ed25519.PrivateKey) Draft {
		r, err := l.S.Rotation(ledgertest.Bank.Name, role, member.PublicOf(key))
		if err != nil {
			t.Fatal(err)
		}
		body := r.Body(nil, nil, nil)
		if role != member.Root {
			body.ByNew = r.Sign(key)
		}
		d.Kind, d.Rotate, d.Old = entry.KindRotate, &body, &r.Old
		return d
	}
	seat, next := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1)), ed25519.NewKeyFromSeed(append(make([]byte, 31), 2))
	l.Put(carry(t, rotation(of(root), member.Seat, seat), root, "").Entry.Raw())
	d := rotation(of(root), member.Root, next)
	if err := d.ByNewRoot(seat); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another new root key: %v", err)
	}
	if err := d.ByNewRoot(next); err != nil {
		t.Fatal(err)
	}
	l.Put(carry(t, d, root, "").Entry.Raw())
	m, _ := l.S.Member(ledgertest.Bank.Name)
	if m.Keys.Seat != member.PublicOf(seat) || m.Keys.Root != member.PublicOf(next) {
		t.Errorf("keys %+v", m.Keys)
	}
	d = of(next)
	d.Kind, d.Revoke = entry.KindRevoke, &entry.Revoke{Key: member.PublicOf(seat).ID()}
	l.Put(carry(t, d, next, "").Entry.Raw())
	if m, _ = l.S.Member(ledgertest.Bank.Name); m.Keys.Seat != (member.PublicKey{}) {
		t.Error("the seat key stands")
	}
	forged := rotation(of(next), member.Operator, seat)
	forged.Rotate.ByNew = make([]byte, member.SignatureSize)
	if _, err := forged.Bytes(); err == nil {
		t.Error("a rotation that the new key has not signed was written")
	}
	none := rotation(of(next), member.Operator, seat)
	none.Old = nil
	if _, err := none.Bytes(); err == nil {
		t.Error("a rotation of nothing was written")
	}
}

func FuzzParse(f *testing.F) {
	_, d := draft(f)
	raw, err := d.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	s := carry(f, d, seat(ledgertest.Bank), "yes")
	signed, err := s.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := Parse(b); err == nil {
			again, err := d.Bytes()
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("a draft has two encodings: %v", err)
			}
			if _, err := d.Words(""); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := ParseSigned(b); err == nil {
			again, err := s.Bytes()
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("a signed draft has two encodings: %v", err)
			}
		}
	})
}
